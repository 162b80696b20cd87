//! The runs that go at the moment, what they have said, and who listens.
//!
//! A run says things into a list; listeners read it at their own pace, from any number. Nobody waits for a listener, and
//! no lock is held while one is awaited. A stream ends when the run is over or waits for a person.

use std::{collections::HashMap, pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt, stream};
use parking_lot::Mutex;
use quarry_core::{Clock, RunId, TenantId, Timestamp};
use quarry_store::RunEventRow;
use tokio::{sync::watch, task::AbortHandle};
use tokio_util::sync::CancellationToken;

use super::event::AgentEvent;
use crate::error::EngineError;

/// Events after which pieces of the answer are gathered before they get a number: a run that says everything letter by
/// letter for an hour must not fill the memory with numbers.
const MANY: usize = 20_000;
/// Bytes that are gathered then.
const GATHERED: usize = 4_096;

/// Events with their numbers, from a number on.
pub type RunEvents = Pin<Box<dyn Stream<Item = (u64, AgentEvent)> + Send>>;

struct Entry {
    at: Timestamp,
    event: Arc<AgentEvent>,
}

#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    gathered: String,
    over: bool,
}

/// One run while it goes.
pub(crate) struct LiveRun {
    pub(crate) id: RunId,
    pub(crate) tenant: TenantId,
    /// Whose run it is, as actors display themselves.
    pub(crate) user: String,
    clock: Arc<dyn Clock>,
    log: Mutex<Log>,
    grown: watch::Sender<()>,
    listeners: watch::Sender<usize>,
    cancel: CancellationToken,
    task: Mutex<Option<AbortHandle>>,
}

impl LiveRun {
    /// A run with what it said before, where it goes on.
    pub(crate) fn new(
        (tenant, user): (TenantId, String),
        id: RunId,
        clock: Arc<dyn Clock>,
        before: Vec<(Timestamp, AgentEvent)>,
    ) -> Self {
        let entries = before.into_iter().map(|(at, event)| Entry { at, event: Arc::new(event) }).collect();
        Self {
            id,
            tenant,
            user,
            clock,
            log: Mutex::new(Log { entries, gathered: String::new(), over: false }),
            grown: watch::Sender::new(()),
            listeners: watch::Sender::new(0),
            cancel: CancellationToken::new(),
            task: Mutex::new(None),
        }
    }

    /// Adds an event.
    pub(crate) fn say(&self, event: AgentEvent) {
        let at = self.clock.now();
        let mut log = self.log.lock();
        if log.entries.len() >= MANY
            && let AgentEvent::Said { text } = &event
        {
            log.gathered.push_str(text);
            if log.gathered.len() >= GATHERED {
                log.settle(at);
            }
        } else {
            log.settle(at);
            log.entries.push(Entry { at, event: Arc::new(event) });
        }
        drop(log);
        self.grown.send_replace(());
    }

    /// Nothing more comes; listeners are let go when they have read everything.
    pub(crate) fn close(&self) {
        let at = self.clock.now();
        let mut log = self.log.lock();
        log.settle(at);
        log.over = true;
        drop(log);
        self.grown.send_replace(());
    }

    /// Everything so far, as the store keeps it.
    pub(crate) fn rows(&self) -> Vec<RunEventRow> {
        let mut log = self.log.lock();
        log.settle(self.clock.now());
        let row = |(place, entry): (usize, &Entry)| RunEventRow {
            number: place as u64 + 1,
            at: entry.at,
            event: serde_json::to_value(&*entry.event).unwrap_or_default(),
        };
        log.entries.iter().enumerate().map(row).collect()
    }

    /// Looks at every event so far.
    pub(crate) fn each(&self, mut look: impl FnMut(&AgentEvent)) {
        for entry in &self.log.lock().entries {
            look(&entry.event);
        }
    }

    /// When it said its first word.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.log.lock().entries.first().map(|entry| entry.at)
    }

    /// The model of the last reply, which after a fallback is another than was asked.
    pub(crate) fn answering(&self) -> Option<String> {
        let log = self.log.lock();
        log.entries.iter().rev().find_map(|entry| match &*entry.event {
            AgentEvent::Step { model, .. } => Some(model.clone()),
            _ => None,
        })
    }

    /// The first event behind a number that is for callers, with its number; or whether there will be none.
    fn next(&self, after: u64) -> (Option<(u64, Arc<AgentEvent>)>, bool) {
        let log = self.log.lock();
        let start = usize::try_from(after).unwrap_or(usize::MAX);
        let public = |entry: &&(usize, &Entry)| !matches!(&*entry.1.event, AgentEvent::Recorded(_));
        let found = log.entries.iter().enumerate().skip(start).find(|entry| public(&entry));
        (found.map(|(place, entry)| (place as u64 + 1, Arc::clone(&entry.event))), log.over)
    }

    pub(crate) const fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }

    pub(crate) fn hold(&self, task: AbortHandle) {
        *self.task.lock() = Some(task);
    }

    pub(crate) fn abort(&self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }

    /// Returns when nobody has listened for so long.
    pub(crate) async fn abandoned(&self, linger: Duration) {
        let mut listeners = self.listeners.subscribe();
        loop {
            if listeners.wait_for(|count| *count == 0).await.is_err() {
                return std::future::pending().await;
            }
            if tokio::time::timeout(linger, listeners.wait_for(|count| *count > 0)).await.is_err() {
                return;
            }
        }
    }

    /// What it says behind a number, as it comes. Dropping the stream stops listening.
    pub(crate) fn events(self: &Arc<Self>, after: u64) -> RunEvents {
        let grown = self.grown.subscribe();
        let state = (Listener::new(self), grown, after);
        stream::unfold(state, |(listener, mut grown, after)| async move {
            loop {
                // Marked as seen before looking, so that what is said meanwhile wakes this again.
                grown.borrow_and_update();
                let (found, over) = listener.0.next(after);
                if let Some((number, event)) = found {
                    return Some(((number, AgentEvent::clone(&event)), (listener, grown, number)));
                }
                if over || grown.changed().await.is_err() {
                    return None;
                }
            }
        })
        .boxed()
    }
}

impl Log {
    fn settle(&mut self, at: Timestamp) {
        if !self.gathered.is_empty() {
            let event = Arc::new(AgentEvent::Said { text: std::mem::take(&mut self.gathered) });
            self.entries.push(Entry { at, event });
        }
    }
}

/// Somebody who listens, as long as it lives.
struct Listener(Arc<LiveRun>);

impl Listener {
    fn new(run: &Arc<LiveRun>) -> Self {
        run.listeners.send_modify(|count| *count += 1);
        Self(Arc::clone(run))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listeners.send_modify(|count| *count -= 1);
    }
}

/// A run that was started or goes on. It counts as a listener: whoever drops it and its streams has gone away.
pub struct RunHandle {
    listener: Listener,
}

impl std::fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunHandle").field("run", &self.listener.0.id).finish_non_exhaustive()
    }
}

impl RunHandle {
    pub(crate) fn new(run: &Arc<LiveRun>) -> Self {
        Self { listener: Listener::new(run) }
    }

    /// The run.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.listener.0.id
    }

    /// What it says behind a number, 0 for everything, as it comes. Numbers may leave gaps. The stream ends when the run
    /// is over or waits for a person.
    #[must_use]
    pub fn events(&self, after: u64) -> RunEvents {
        self.listener.0.events(after)
    }

    /// Its last event: the answer, a failure, or what it waits for.
    pub async fn last(self) -> Option<AgentEvent> {
        let mut events = self.events(0);
        let mut last = None;
        while let Some((_, event)) = events.next().await {
            last = Some(event);
        }
        last
    }
}

/// Every run that goes.
#[derive(Default)]
pub(crate) struct Live {
    runs: Mutex<HashMap<RunId, Arc<LiveRun>>>,
}

impl Live {
    /// Enters a run.
    ///
    /// # Errors
    /// As many go as may.
    pub(crate) fn enter(&self, run: &Arc<LiveRun>, most: usize) -> Result<(), EngineError> {
        let mut runs = self.runs.lock();
        if runs.len() >= most {
            return Err(EngineError::TooManyRuns(most));
        }
        runs.insert(run.id, Arc::clone(run));
        Ok(())
    }

    /// Takes a run out. One that was taken up anew under its id meanwhile stays.
    pub(crate) fn leave(&self, run: &Arc<LiveRun>) {
        let mut runs = self.runs.lock();
        if runs.get(&run.id).is_some_and(|known| Arc::ptr_eq(known, run)) {
            runs.remove(&run.id);
        }
    }

    /// A run of a tenant.
    pub(crate) fn find(&self, tenant: TenantId, id: RunId) -> Option<Arc<LiveRun>> {
        self.runs.lock().get(&id).filter(|run| run.tenant == tenant).cloned()
    }

    pub(crate) fn abort_all(&self) {
        for run in self.runs.lock().values() {
            run.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures::StreamExt;
    use quarry_core::{RunId, SystemClock, TenantId};

    use super::{Live, LiveRun, MANY, RunHandle};
    use crate::{
        agent::{event::AgentEvent, recorded::Recorded},
        error::EngineError,
    };

    fn run() -> Arc<LiveRun> {
        Arc::new(LiveRun::new(
            (TenantId::ROOT, "local".to_owned()),
            RunId::new(),
            Arc::new(SystemClock),
            Vec::new(),
        ))
    }

    fn said(text: &str) -> AgentEvent {
        AgentEvent::Said { text: text.to_owned() }
    }

    fn stopped() -> AgentEvent {
        AgentEvent::Recorded(Box::new(Recorded::Stopped { limit: "steps".to_owned(), steps: 1 }))
    }

    #[tokio::test]
    async fn every_listener_hears_everything_from_its_number_on() {
        let run = run();
        run.say(said("a"));
        run.say(stopped());
        let early = run.events(0);
        run.say(said("b"));
        let late = run.events(1);
        run.say(said("c"));
        run.close();
        let early: Vec<_> = early.collect().await;
        assert_eq!(early, [(1, said("a")), (3, said("b")), (4, said("c"))]);
        assert_eq!(late.collect::<Vec<_>>().await, early[1..]);
        assert_eq!(run.rows().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_is_abandoned_when_its_last_listener_is_gone_for_so_long() {
        let run = run();
        let handle = RunHandle::new(&run);
        let linger = Duration::from_secs(30);
        let abandoned = run.abandoned(linger);
        tokio::pin!(abandoned);
        assert!(tokio::time::timeout(Duration::from_secs(100), &mut abandoned).await.is_err());
        drop(handle);
        assert!(tokio::time::timeout(Duration::from_secs(20), &mut abandoned).await.is_err());
        let back = run.events(0);
        assert!(tokio::time::timeout(Duration::from_secs(100), &mut abandoned).await.is_err());
        drop(back);
        assert!(tokio::time::timeout(Duration::from_secs(31), &mut abandoned).await.is_ok());
    }

    #[test]
    fn runs_are_bounded_and_belong_to_a_tenant() {
        let live = Live::default();
        let (one, two) = (run(), run());
        live.enter(&one, 1).unwrap();
        assert!(matches!(live.enter(&two, 1), Err(EngineError::TooManyRuns(1))));
        assert!(live.find(TenantId::new(), one.id).is_none());
        live.leave(&two);
        assert!(live.find(TenantId::ROOT, one.id).is_some());
        live.leave(&one);
        assert!(live.enter(&two, 1).is_ok());
    }

    #[tokio::test]
    async fn an_endless_answer_does_not_fill_the_memory_with_numbers() {
        let run = run();
        for _ in 0..MANY + 10_000 {
            run.say(said("x"));
        }
        run.close();
        let events: Vec<_> = run.events(0).collect().await;
        assert!(events.len() < MANY + 10);
        let text: usize = events
            .iter()
            .map(|(_, event)| match event {
                AgentEvent::Said { text } => text.len(),
                _ => 0,
            })
            .sum();
        assert_eq!(text, MANY + 10_000);
    }
}
