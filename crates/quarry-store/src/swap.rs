//! Swapping a collection to an index that was built anew over the same chunks.

use quarry_core::{AuditAction, By, Collection, CollectionId, TenantId};
use serde_json::json;

use crate::{
    audit::{Change, record},
    collections::{self, Collections},
    error::StoreError,
    sql::{Session, args},
    store::retry,
};

impl Collections<'_> {
    /// Makes the index with this number the one that answers, if the collection is as it was read. The live generation
    /// takes the number over: its chunks are the same.
    ///
    /// # Errors
    /// The collection changed since, or the database fails.
    pub async fn swap_index(
        &self,
        (tenant, id): (TenantId, CollectionId),
        (generation, expected_sequence): (u32, u64),
        by: &By,
    ) -> Result<Collection, StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = self.swapped(&mut session, (tenant, id), (generation, expected_sequence), by).await;
            session.finish(outcome).await
        })
    }

    async fn swapped(
        &self,
        session: &mut Session,
        (tenant, id): (TenantId, CollectionId),
        (generation, expected_sequence): (u32, u64),
        by: &By,
    ) -> Result<Collection, StoreError> {
        // The write comes first: it holds every other change of the collection off until the transaction ends.
        let sql = format!(
            "UPDATE collections SET generation = $3, updated_at = $4 WHERE tenant = $1 AND id = $2 AND sequence = $5 \
             RETURNING {}",
            collections::COLUMNS
        );
        let now = self.store.now();
        let row = session.first(sql, args![tenant, id, generation, now, expected_sequence]).await?;
        let collection =
            collections::read(&row.ok_or_else(|| StoreError::CollectionChanged(id.to_string()))?)?;
        let sql =
            "UPDATE generations SET number = $2, updated_at = $3 WHERE collection = $1 AND state = 'live'";
        session.execute(sql, args![id, generation, now]).await?;
        let details = json!({"generation": generation});
        let change =
            Change { tenant, by, action: AuditAction::CollectionIndex, object: id.to_string(), details };
        record(session, now, vec![change]).await?;
        Ok(collection)
    }
}
