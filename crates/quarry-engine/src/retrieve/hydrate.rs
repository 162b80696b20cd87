//! From keys to passages: the database has the last word on what is visible.

use std::collections::HashMap;

use quarry_core::{Access, Collection, Span};
use quarry_store::ChunkRow;

use super::request::Hit;
use crate::{documents::opened, engine::Inner, error::EngineError};

/// The rows behind keys, in the keys' order. A key without a row was deleted meanwhile and is left out.
pub(super) async fn rows(
    inner: &Inner,
    access: &Access,
    collection: &Collection,
    keys: &[u64],
) -> Result<Vec<(u64, ChunkRow)>, EngineError> {
    let rows = inner
        .store
        .chunks()
        .hydrate(access.tenant(), collection.id, opened(access, collection.id), keys)
        .await?;
    let mut by_key: HashMap<u64, ChunkRow> = rows.into_iter().map(|row| (row.key, row)).collect();
    Ok(keys.iter().filter_map(|key| by_key.remove(key).map(|row| (*key, row))).collect())
}

/// A hit without its place, which the caller fills in.
pub(super) fn hit(row: ChunkRow) -> Hit {
    Hit {
        rank: 0,
        score: 0.0,
        document_id: row.reference.document,
        chunk_id: row.reference,
        source: row.source,
        title: row.title,
        headings: row.headings,
        page: row.page,
        span: row.span,
        kind: row.kind,
        text: row.text,
        metadata: row.metadata,
        explain: None,
    }
}

/// Widens a hit by its neighbours. The text is cut from the parsed text, so that it is exactly what the span says.
pub(super) async fn widen(inner: &Inner, access: &Access, hit: &mut Hit, by: u32) -> Result<(), EngineError> {
    let first = hit.chunk_id.ordinal.saturating_sub(by);
    let last = hit.chunk_id.ordinal.saturating_add(by);
    let id = hit.chunk_id;
    let neighbours =
        inner.store.chunks().neighbours(access.tenant(), id.document, id.version, first..=last).await?;
    // A chunk that was cut with a window is widened to that, and not by neighbours.
    let window = neighbours.iter().find(|row| row.reference == id).and_then(|row| row.window);
    let spans = || neighbours.iter().map(|row| row.span).filter(|_| window.is_none()).chain(window);
    let start = spans().map(|span| span.start).min();
    let end = spans().map(|span| span.end).max();
    let (Some(start), Some(end)) = (start, end) else { return Ok(()) };
    if let Some(text) = inner.store.documents().text(access.tenant(), id.document, id.version).await? {
        hit.span = Span { start, end };
        hit.text = text.chars().skip(start as usize).take((end - start) as usize).collect();
        hit.page = neighbours.first().and_then(|row| row.page).or(hit.page);
    }
    Ok(())
}
