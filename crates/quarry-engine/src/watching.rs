//! Progress as a stream: a job, or all of a collection, each time something about it has changed.

use std::{pin::Pin, time::Duration};

use futures::{Stream, StreamExt, stream};
use quarry_core::{Access, CollectionName, JobId};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{
    collections::Counts, engine::Engine, error::EngineError, generations::GenerationView, jobs::JobView,
};

/// Looks never follow each other faster: a person cannot, and a queue that moves fast would be looked at all the time.
const LEAST: Duration = Duration::from_millis(250);
/// A look is worth its cost after so long even where nothing in this process has moved: another may do the work.
const MOST: Duration = Duration::from_secs(2);

/// How far a collection is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectionProgress {
    /// How many documents are where, and how many chunks there are.
    #[serde(flatten)]
    pub counts: Counts,
    /// The generations that are being built.
    pub building: Vec<GenerationView>,
}

/// What is watched.
pub type Watched<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// A watcher between two looks.
struct Watcher<T> {
    engine: Engine,
    access: Access,
    moved: watch::Receiver<u64>,
    last: Option<T>,
    over: bool,
}

impl<T> Watcher<T> {
    fn new(engine: &Engine, access: &Access) -> Self {
        let moved = engine.inner().moved.subscribe();
        Self { engine: engine.clone(), access: access.clone(), moved, last: None, over: false }
    }

    /// Waits until there may be something new. False when the engine closes.
    async fn wait(&mut self) -> bool {
        let inner = self.engine.inner();
        if self.last.is_some() {
            tokio::select! {
                () = tokio::time::sleep(LEAST) => {}
                () = inner.closing.cancelled() => return false,
            }
            tokio::select! {
                _ = self.moved.changed() => {}
                () = tokio::time::sleep(MOST) => {}
                () = inner.closing.cancelled() => return false,
            }
        }
        self.moved.borrow_and_update();
        true
    }
}

impl Engine {
    /// A job now, and each time it has changed, until it is over or is no more.
    ///
    /// # Errors
    /// `job_not_found`.
    pub async fn watch_job(&self, access: &Access, id: JobId) -> Result<Watched<JobView>, EngineError> {
        self.jobs().get(access, id).await?;
        let watcher = Watcher::<JobView>::new(self, access);
        let looks = stream::unfold(watcher, move |mut watcher| async move {
            while !watcher.over && watcher.wait().await {
                // A job that is no more, or a database that does not answer, ends the stream; a client comes back.
                let job = watcher.engine.jobs().get(&watcher.access, id).await.ok()?;
                if watcher.last.as_ref() != Some(&job) {
                    watcher.over = job.status.is_over();
                    watcher.last = Some(job.clone());
                    return Some((job, watcher));
                }
            }
            None
        });
        Ok(looks.boxed())
    }

    /// How far a collection is now, and each time that has changed. Ends when the collection is no more.
    ///
    /// # Errors
    /// `collection_not_found`.
    pub async fn watch_collection(
        &self,
        access: &Access,
        name: &CollectionName,
    ) -> Result<Watched<CollectionProgress>, EngineError> {
        self.collections().get(access, name).await?;
        let watcher = Watcher::<CollectionProgress>::new(self, access);
        let name = name.clone();
        let looks = stream::unfold(watcher, move |mut watcher| {
            let name = name.clone();
            async move {
                while watcher.wait().await {
                    let progress = progress(&watcher.engine, &watcher.access, &name).await.ok()?;
                    if watcher.last.as_ref() != Some(&progress) {
                        watcher.last = Some(progress.clone());
                        return Some((progress, watcher));
                    }
                }
                None
            }
        });
        Ok(looks.boxed())
    }
}

async fn progress(
    engine: &Engine,
    access: &Access,
    name: &CollectionName,
) -> Result<CollectionProgress, EngineError> {
    let counts = engine.collections().counts(access, name).await?;
    let building = engine.generations().building(access, name).await?;
    Ok(CollectionProgress { counts, building })
}
