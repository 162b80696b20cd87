//! The one transaction after which another generation answers.

use quarry_core::{Actor, AuditAction, By, Collection, CollectionId, TenantId, Timestamp};
use serde_json::json;

use super::{GenerationState, LACKING, row::find};
use crate::{
    audit::{Change, record},
    collections,
    error::StoreError,
    sql::{Session, args, value::json_text},
};

/// Makes a generation the live one, if the collection is as it was read and the generation lacks nothing.
pub(super) async fn swap(
    session: &mut Session,
    (tenant, id): (TenantId, CollectionId),
    (number, expected_sequence): (u32, u64),
    now: Timestamp,
) -> Result<Collection, StoreError> {
    // The write comes first: it holds every other change of the collection off until the transaction ends.
    let sql = "UPDATE collections SET updated_at = $3 WHERE tenant = $1 AND id = $2 AND sequence = $4";
    if session.execute(sql, args![tenant, id, now, expected_sequence]).await? == 0 {
        return Err(StoreError::CollectionChanged(id.to_string()));
    }
    let one = find(session, id, number).await?;
    if one.state != GenerationState::Building {
        return Err(StoreError::GenerationBusy(number, one.state.as_str()));
    }
    let sql = format!("SELECT 1 FROM documents d WHERE {LACKING} LIMIT 1");
    if session.first(sql, args![id, one.chunk_set]).await?.is_some() {
        return Err(StoreError::CollectionChanged(id.to_string()));
    }
    let sql = "UPDATE generations SET state = CASE WHEN number = $2 THEN 'live' ELSE 'kept' END, error = NULL, updated_at = \
               $3 WHERE collection = $1 AND (number = $2 OR state = 'live')";
    session.execute(sql, args![id, number, now]).await?;
    let sql = "UPDATE documents SET chunks = (SELECT count(*) FROM chunks c WHERE c.document = documents.id AND \
               c.version = documents.published_version AND c.chunk_set = $2) WHERE collection = $1 AND chunks > 0";
    session.execute(sql, args![id, one.chunk_set]).await?;
    let sql = format!(
        "UPDATE collections SET generation = $3, embedder = $4, dimension = $5, chunking = $6, chunk_set = $7 WHERE \
         tenant = $1 AND id = $2 RETURNING {}",
        collections::COLUMNS
    );
    let chunking = one.chunking.as_ref().map(json_text).transpose()?;
    let values = args![tenant, id, number, &one.embedder, one.dimension, chunking, one.chunk_set];
    let row =
        session.first(sql, values).await?.ok_or_else(|| StoreError::CollectionNotFound(id.to_string()))?;
    let details = json!({"generation": number, "embedder": one.embedder, "chunking": one.chunking});
    let by = By::new(Actor::System("generation"));
    let change = Change {
        tenant,
        by: &by,
        action: AuditAction::CollectionGeneration,
        object: id.to_string(),
        details,
    };
    record(session, now, vec![change]).await?;
    collections::read(&row)
}
