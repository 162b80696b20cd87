//! Which languages a collection's documents are in: a short question alone often does not tell its own.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::RwLock;
use quarry_core::{Collection, Scope};
use quarry_index::analyzer::{Language, QueryLanguages};

use crate::{engine::Inner, error::EngineError};

/// How long a count is trusted while documents keep coming: languages change slowly.
const TRUST: Duration = Duration::from_secs(30);

/// What was counted, and when the index stood where.
#[derive(Default)]
pub(crate) struct Languages(RwLock<HashMap<Scope, Counted>>);

struct Counted {
    applied: u64,
    at: Instant,
    languages: Arc<QueryLanguages>,
}

/// A collection's languages, most frequent first.
pub(super) async fn of(inner: &Inner, collection: &Collection) -> Result<Arc<QueryLanguages>, EngineError> {
    let scope = collection.scope();
    let applied = inner.indexer.applied(&scope);
    if let Some(counted) = inner.languages.0.read().get(&scope) {
        let fresh =
            counted.applied == applied || (counted.at.elapsed() < TRUST && !counted.languages.0.is_empty());
        if fresh {
            return Ok(Arc::clone(&counted.languages));
        }
    }
    let rows = inner.store.documents().languages(scope.tenant, scope.collection).await?;
    let known = rows.iter().filter_map(|(code, _)| Language::from_code(code)).collect();
    let languages = Arc::new(QueryLanguages(known));
    let counted = Counted { applied, at: Instant::now(), languages: Arc::clone(&languages) };
    inner.languages.0.write().insert(scope, counted);
    Ok(languages)
}
