//! Refusals on their way to the audit log: bounded by address and minute, gathered, written together.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use quarry_core::{Actor, AuditAction, AuditOutcome, Origin, TenantId, Timestamp};
use quarry_store::AuditNote;
use serde_json::json;
use tokio::sync::Notify;

use crate::{engine::Inner, error::EngineError, events};

/// Refusals of one address that are written in one minute.
const OF_ADDRESS: u32 = 10;
/// Refusals that are written in one minute, from wherever they come: whoever has many addresses fills no disk either.
const OF_MINUTE: u32 = 300;
/// Refusals that wait at most, while the database takes none.
const MOST: usize = 3_000;
/// How long refusals are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(200);
/// What is counted together.
const MINUTE: Duration = Duration::from_secs(60);

/// Somebody was not let in, or may not do what they asked for.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// In whose log. Of somebody who is not known it is the root tenant's.
    pub tenant: TenantId,
    /// Who, where it is known.
    pub actor: Option<Actor>,
    /// From where.
    pub origin: Origin,
    /// [`AuditAction::Login`] where nobody is known, else what was asked for or [`AuditAction::AccessUse`].
    pub action: AuditAction,
    /// The kind of credential, the right that is missing, or the id of what was asked for. Never a credential itself.
    pub object: String,
    /// The error's code.
    pub code: &'static str,
}

/// Refusals that wait to be written.
#[derive(Default)]
pub(crate) struct Refusals {
    state: Mutex<State>,
    /// Held while writing, so that a reader who flushes sees what another flush was about to write.
    writing: tokio::sync::Mutex<()>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    waiting: Vec<AuditNote>,
    /// Minutes since the epoch.
    minute: i64,
    /// How many of each address were taken in this minute.
    taken: HashMap<Option<IpAddr>, u32>,
    all: u32,
    left_out: u64,
}

impl Refusals {
    /// Takes a refusal to be written, or counts it where its address or the minute has had enough.
    pub(super) fn take(&self, refusal: Refusal, now: Timestamp) {
        let first = self.state.lock().take(refusal, now);
        if first {
            self.wake.notify_one();
        }
    }

    /// Writes what waits. `last` says that no more will come: what was left out of this minute is written, too.
    pub(crate) async fn flush(&self, inner: &Inner, last: bool) -> Result<(), EngineError> {
        let _writing = self.writing.lock().await;
        let notes = {
            let mut state = self.state.lock();
            let now = inner.clock.now();
            if last {
                state.close(now);
            } else {
                state.turn(now);
            }
            std::mem::take(&mut state.waiting)
        };
        if notes.is_empty() {
            return Ok(());
        }
        let written = inner.store.audit().add(&notes).await;
        if written.is_err() {
            let mut state = self.state.lock();
            state.waiting.splice(0..0, notes);
            state.waiting.truncate(MOST);
        }
        Ok(written?)
    }

    /// Whether something was left out that is to be written when the minute is over.
    fn owes(&self) -> bool {
        self.state.lock().left_out > 0
    }
}

impl State {
    /// Answers whether the writer has to be woken.
    fn take(&mut self, refusal: Refusal, now: Timestamp) -> bool {
        self.turn(now);
        let of_address = self.taken.entry(refusal.origin.address.map(network)).or_default();
        if *of_address >= OF_ADDRESS || self.all >= OF_MINUTE || self.waiting.len() >= MOST {
            self.left_out += 1;
            events::refusal_left_out();
            return self.left_out == 1;
        }
        *of_address += 1;
        self.all += 1;
        self.waiting.push(AuditNote {
            tenant: refusal.tenant,
            at: now,
            actor: refusal.actor,
            origin: refusal.origin,
            action: refusal.action,
            object: refusal.object,
            outcome: AuditOutcome::Refused,
            details: json!({"code": refusal.code}),
        });
        self.waiting.len() == 1
    }

    /// Begins the minute that it is.
    fn turn(&mut self, now: Timestamp) {
        let minute = now.micros().div_euclid(MINUTE.as_micros() as i64);
        if minute != self.minute {
            self.close(now);
            self.minute = minute;
        }
    }

    /// Ends a minute. How many were left out is one row, however many they were.
    fn close(&mut self, now: Timestamp) {
        if self.left_out > 0 {
            self.waiting.push(AuditNote {
                tenant: TenantId::ROOT,
                at: now,
                actor: Some(Actor::System("refusals left out")),
                origin: Origin::default(),
                action: AuditAction::Login,
                object: String::new(),
                outcome: AuditOutcome::Refused,
                details: json!({"left_out": self.left_out, "addresses": self.taken.len()}),
            });
        }
        self.taken.clear();
        (self.all, self.left_out) = (0, 0);
    }
}

/// What counts as one address: of the new kind, everybody has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> 64))),
        address => address,
    }
}

/// The writer's task; ends when the engine closes, after a last flush.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        // A reader may have written everything meanwhile; then there is nothing to do.
        let over = async {
            if inner.refusals.owes() {
                tokio::time::sleep(MINUTE).await
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            () = inner.refusals.wake.notified() => {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => {}
                    () = inner.closing.cancelled() => {}
                }
            }
            () = over => {}
            () = inner.closing.cancelled() => {}
        }
        let last = inner.closing.is_cancelled();
        if let Err(error) = inner.refusals.flush(&inner, last).await {
            events::refusals_failed(&error);
            // They wait for the next refusal, or for a while.
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(1)) => inner.refusals.wake.notify_one(),
                () = inner.closing.cancelled() => {}
            }
        }
        if last {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn refusal(address: &str) -> Refusal {
        Refusal {
            tenant: TenantId::ROOT,
            actor: None,
            origin: Origin { address: Some(address.parse().unwrap()), ..Origin::default() },
            action: AuditAction::Login,
            object: "key".into(),
            code: "unauthenticated",
        }
    }

    #[test]
    fn so_many_of_an_address_are_taken_and_the_others_counted() {
        let mut state = State::default();
        let now = Timestamp::from_micros(90_000_000);
        let woken: Vec<bool> = (0..25).map(|_| state.take(refusal("192.0.2.1"), now)).collect();
        assert_eq!(
            woken.iter().filter(|woken| **woken).count(),
            2,
            "for the first and for the first left out"
        );
        state.take(refusal("::ffff:192.0.2.1"), now);
        state.take(refusal("192.0.2.2"), now);
        assert_eq!((state.waiting.len(), state.left_out), (11, 16));
        state.turn(now.after(Duration::from_secs(29)));
        assert_eq!(state.left_out, 16, "the minute goes on");
        state.take(refusal("192.0.2.1"), now.after(Duration::from_secs(30)));
        assert_eq!((state.waiting.len(), state.left_out), (13, 0));
        assert_eq!(state.waiting[11].details, json!({"left_out": 16, "addresses": 2}));
        assert_eq!(state.waiting[12].outcome, AuditOutcome::Refused);
    }

    #[test]
    fn many_addresses_are_bounded_together_and_a_network_is_one() {
        let mut state = State::default();
        let now = Timestamp::from_micros(0);
        for number in 0..20 {
            state.take(refusal(&format!("2001:db8::{number}")), now);
        }
        assert_eq!((state.waiting.len(), state.taken.len()), (10, 1));
        for number in 0..1_000 {
            state.take(refusal(&format!("2001:db8:1:{number:x}::1")), now);
        }
        assert_eq!(state.waiting.len(), OF_MINUTE as usize);
        assert_eq!(state.left_out, 1_020 - u64::from(OF_MINUTE));
    }
}
