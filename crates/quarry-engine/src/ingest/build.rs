//! Building a generation: every searchable document is read, cut and embedded again for it, in the background, until it
//! lacks none; then it is swapped in.
//!
//! What is built is in the database, so that a crash costs the group at hand. Documents that are added or changed
//! meanwhile are searchable through the live generation at once, and are simply lacking here until their turn comes.

use std::{sync::Arc, time::Duration};

use quarry_core::{Collection, ErrorKind, Fault, Scope};
use quarry_store::{Generation, GenerationState, Publication};

use super::{Held, failing, indexer, pipeline::Work};
use crate::{engine::Inner, error::EngineError, events};

/// Documents of one group.
const GROUP: u32 = 32;
/// Tries of the swap before the next look for lacking documents.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest wait after failures that pass.
const LONGEST: Duration = Duration::from_secs(60);

/// Builds in the background.
pub(crate) fn start(inner: &Arc<Inner>, scope: Scope) {
    let task = run(Arc::clone(inner), scope);
    inner.start(task);
}

/// Goes on with what was being built when the program ended.
pub(crate) async fn go_on(inner: &Arc<Inner>) -> Result<(), EngineError> {
    for (tenant, collection, generation) in inner.store.generations().building().await? {
        start(inner, Scope { tenant, collection, generation });
    }
    Ok(())
}

async fn run(inner: Arc<Inner>, scope: Scope) {
    let mut failures: u32 = 0;
    loop {
        let step = tokio::select! {
            step = step(&inner, &scope) => step,
            () = inner.closing.cancelled() => return,
        };
        let error = match step {
            Ok(true) => return,
            Ok(false) => {
                failures = 0;
                continue;
            }
            Err(error) => error,
        };
        events::generation_failed(&scope, &error);
        let lasting = failing::kind(&error) == failing::Kind::Lasting;
        let state = if lasting { GenerationState::Failed } else { GenerationState::Building };
        let reason = error.to_string();
        let generations = inner.store.generations();
        // A database that fails is looked at again with the next try.
        let place = (scope.tenant, scope.collection);
        let noted = generations.note(place, scope.generation, (state, Some(&reason))).await;
        inner.announce();
        if lasting && noted.is_ok() {
            return;
        }
        failures = failures.saturating_add(1);
        let wait = error.retry_after().unwrap_or(Duration::from_secs(1 << failures.min(6))).min(LONGEST);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = inner.closing.cancelled() => return,
        }
    }
}

/// One group, or the swap. True when there is nothing left to do.
async fn step(inner: &Arc<Inner>, scope: &Scope) -> Result<bool, EngineError> {
    let generations = inner.store.generations();
    let one = match generations.get(scope.tenant, scope.collection, scope.generation).await {
        // It was dropped, or its collection was erased.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        other => other?,
    };
    if one.state != GenerationState::Building {
        return Ok(true);
    }
    let collection = inner.store.collections().get_by_id(scope.tenant, scope.collection).await?;
    let lacking = generations.lacking(scope.collection, one.chunk_set, GROUP).await?;
    if lacking.is_empty() {
        return swap(inner, scope, &collection).await;
    }
    let embedder = inner.embedders.open(&one.embedder)?;
    let next = as_generation(&collection, &one);
    let held = lacking.into_iter().map(Held::new).collect();
    let work = Work { inner, collection: &next, embedder: &embedder, worker: "generation" };
    let mut ready: Vec<Publication> = Vec::new();
    for (held, outcome) in work.run(held).await {
        match outcome {
            Ok(publication) => ready.push(publication),
            Err(error) => {
                let reason = format!("`{}` cannot be read for it: {error}", held.job.source);
                return Err(EngineError::Shared {
                    kind: error.kind(),
                    code: error.code(),
                    reason,
                    retry_after: error.retry_after(),
                });
            }
        }
    }
    inner.store.chunks().build(&ready).await?;
    inner.indexer.touch(*scope);
    // The live index takes the number of the change, though nothing of it is its own.
    inner.indexer.touch(collection.scope());
    inner.announce();
    Ok(false)
}

/// The collection as it will be.
fn as_generation(collection: &Collection, one: &Generation) -> Collection {
    Collection {
        embedder: one.embedder.clone(),
        dimension: one.dimension,
        chunking: one.chunking,
        chunk_set: one.chunk_set,
        generation: one.number,
        ..collection.clone()
    }
}

/// Swaps it in once its index has everything. False when the collection changed meanwhile.
async fn swap(inner: &Inner, scope: &Scope, collection: &Collection) -> Result<bool, EngineError> {
    inner.indexer.touch(*scope);
    indexer::reached(inner, scope, collection.sequence).await?;
    let id = (scope.tenant, scope.collection);
    match inner.store.generations().swap(id, scope.generation, collection.sequence).await {
        Ok(_) => {
            inner.forget(scope.collection);
            events::generation_live(scope);
            inner.announce();
            Ok(true)
        }
        // Documents arrived meanwhile.
        Err(error) if error.kind() == ErrorKind::Conflict => {
            tokio::time::sleep(PAUSE).await;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
