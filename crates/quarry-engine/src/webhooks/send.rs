//! The sender: takes messages from the queue and sends them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream};
use quarry_core::Timestamp;
use quarry_store::{Delivery, DeliveryEnd};

use crate::{
    engine::Inner,
    error::EngineError,
    events,
    outbound::{OutboundRequest, Purpose},
    signature,
};

/// How often the queue is looked at without being told.
const EVERY: Duration = Duration::from_secs(5);
/// How long a sender that was told waits for company.
const GATHER: Duration = Duration::from_millis(50);
/// Messages taken at once, and sent at a time.
const TAKEN: u32 = 16;
const PARALLEL: usize = 8;
/// How long an address may take to answer, and how long a sender is believed without an answer.
const DEADLINE: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(60);
/// Most bytes of an answer: nothing of it is kept.
const MOST_BYTES: u64 = 64 * 1024;
/// A message is sent again for so long; then it is given up.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// The first and the longest pause between two tries.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(4 * 3_600);
/// How long messages that are over stay in the list, and how often the others are forgotten.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3_600);
const PRUNE_EVERY: u32 = 720;

/// The sender's task; ends when the engine closes, after the messages at hand.
pub(crate) async fn run(inner: Arc<Inner>) {
    let worker = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
    let mut moved = inner.moved.subscribe();
    let mut rounds: u32 = 0;
    while !inner.closing.is_cancelled() {
        let taken = round(&inner, &worker, rounds.is_multiple_of(PRUNE_EVERY)).await;
        rounds = rounds.wrapping_add(1);
        match taken {
            // There are probably more.
            Ok(taken) if taken >= TAKEN as usize => continue,
            Ok(_) => {}
            Err(error) => events::webhooks_failed(&error),
        }
        tokio::select! {
            _ = moved.changed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(EVERY) => {}
            () = inner.closing.cancelled() => {}
        }
        moved.borrow_and_update();
    }
}

/// Sends what is due, and answers how much that was.
pub(super) async fn round(inner: &Inner, worker: &str, prunes: bool) -> Result<usize, EngineError> {
    let webhooks = inner.store.webhooks();
    if prunes {
        let kept = i64::try_from(KEEP.as_micros()).unwrap_or(i64::MAX);
        webhooks.prune(Timestamp::from_micros(inner.clock.now().micros().saturating_sub(kept))).await?;
    }
    let taken = webhooks.claim(worker, TAKEN, LEASE).await?;
    let count = taken.len();
    let mut sent = stream::iter(taken)
        .map(|delivery| async move {
            let end = send(inner, &delivery).await;
            (delivery, end)
        })
        .buffer_unordered(PARALLEL);
    while let Some((delivery, end)) = sent.next().await {
        webhooks.end(delivery.id, worker, &end).await?;
    }
    Ok(count)
}

async fn send(inner: &Inner, delivery: &Delivery) -> DeliveryEnd {
    let started = Instant::now();
    let signed = signature::sign(delivery.secret.expose(), inner.clock.now(), delivery.body.as_bytes());
    let request = OutboundRequest {
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            (signature::HEADER.to_owned(), signed),
            ("x-quarry-event".to_owned(), delivery.event.clone()),
            ("x-quarry-delivery".to_owned(), delivery.id.to_string()),
        ],
        most_bytes: Some(MOST_BYTES),
        deadline: Some(DEADLINE),
        ..OutboundRequest::post(delivery.url.clone(), delivery.body.clone(), Purpose::Webhook)
    };
    let (status, problem) = match inner.outbound.fetch(request).await {
        Ok(answer) if (200..300).contains(&answer.status) => (Some(answer.status), None),
        Ok(answer) => {
            (Some(answer.status), Some(format!("the address answers with status {}", answer.status)))
        }
        Err(error) => (None, Some(error.to_string())),
    };
    let end = match (status, problem) {
        (Some(status), None) => DeliveryEnd::Delivered { status },
        (status, problem) => {
            let again = again(delivery, inner.clock.now());
            DeliveryEnd::Failed { status, error: problem.unwrap_or_default(), again }
        }
    };
    let outcome = match &end {
        DeliveryEnd::Delivered { .. } => "delivered",
        DeliveryEnd::Failed { again: Some(_), .. } => "failed",
        DeliveryEnd::Failed { again: None, .. } => "dead",
    };
    events::webhook_sent(delivery.id, outcome, started.elapsed());
    end
}

/// How long to wait before the next try; none when there is to be none.
fn again(delivery: &Delivery, now: Timestamp) -> Option<Duration> {
    let doubled =
        FIRST.saturating_mul(1_u32.checked_shl(delivery.attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    // A tenth either way, so that an address that comes back is not met by all at once.
    let delay = doubled.min(LONGEST).mul_f64(0.9 + 0.2 * fastrand::f64());
    (now.after(delay) <= delivery.created_at.after(PATIENCE)).then_some(delay)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_core::{DeliveryId, Secret, Timestamp, WebhookId};
    use quarry_store::Delivery;

    use super::{FIRST, LONGEST, PATIENCE, again};

    #[test]
    fn pauses_double_up_to_a_day() {
        let made = Timestamp::from_micros(0);
        let at = |attempt| Delivery {
            id: DeliveryId::new(),
            webhook: WebhookId::new(),
            event: "test".into(),
            body: String::new(),
            attempt,
            url: String::new(),
            secret: Secret::new("s"),
            created_at: made,
        };
        let within = |delay: std::time::Duration, expected: std::time::Duration| {
            (expected.mul_f64(0.89)..=expected.mul_f64(1.11)).contains(&delay)
        };
        assert!(within(again(&at(1), made).unwrap(), FIRST));
        assert!(within(again(&at(4), made).unwrap(), FIRST * 8));
        assert!(within(again(&at(40), made).unwrap(), LONGEST));
        assert!(again(&at(2), made.after(PATIENCE)).is_none());
    }
}
