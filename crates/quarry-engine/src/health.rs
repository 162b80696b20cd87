//! Whether each thing the engine needs is there.

use crate::engine::{Health, Inner};

/// Asks each part in turn. Cheap enough for a probe every second.
pub(crate) async fn check(inner: &Inner) -> Vec<Health> {
    vec![database(inner).await, queue(inner).await, index(inner), embedder(inner)]
}

fn health(name: &str, outcome: Result<String, String>) -> Health {
    let ok = outcome.is_ok();
    let (Ok(detail) | Err(detail)) = outcome;
    Health { name: name.to_owned(), ok, detail }
}

async fn database(inner: &Inner) -> Health {
    let outcome = inner.store.ping().await;
    health("database", outcome.map(|()| "answers".to_owned()).map_err(|error| error.to_string()))
}

async fn queue(inner: &Inner) -> Health {
    let outcome = inner.store.jobs().stats().await;
    let told = outcome.map(|stats| {
        crate::events::queue_depth(&stats);
        format!("{} queued, {} running, {} dead", stats.queued, stats.running, stats.dead)
    });
    health("queue", told.map_err(|error| error.to_string()))
}

fn index(inner: &Inner) -> Health {
    let outcome = match inner.indexer.failure() {
        None => Ok(format!("{} collections to bring up to date", inner.indexer.waiting())),
        Some(problem) => Err(problem),
    };
    health("index", outcome)
}

fn embedder(inner: &Inner) -> Health {
    let id = inner.embedders.default_id();
    let outcome = inner.embedders.open(id);
    health("embedder", outcome.map(|_| format!("`{id}` is loaded")).map_err(|error| error.to_string()))
}
