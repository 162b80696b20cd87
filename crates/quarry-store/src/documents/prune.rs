//! Old versions: kept as many as configured, then forgotten with their bytes.

use super::{Documents, change::remove_unneeded};
use crate::{error::StoreError, sql::args, store::retry};

impl Documents<'_> {
    /// Forgets versions of all tenants beyond the newest `keep` of each document, never the searchable one, and answers how
    /// many. At most `limit` a call.
    ///
    /// # Errors
    /// The database fails; then nothing is forgotten.
    pub async fn prune_versions(&self, keep: u32, limit: u32) -> Result<u64, StoreError> {
        let rows = {
            let sql = "SELECT v.document, v.version FROM versions v JOIN documents d ON d.id = v.document WHERE v.version \
                       <= d.version - $1 AND v.version <> d.published_version LIMIT $2";
            self.store.db().read().await?.rows(sql, args![keep.max(1), limit]).await?
        };
        if rows.is_empty() {
            return Ok(0);
        }
        let hashes = retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let mut hashes = Vec::with_capacity(rows.len());
                for row in &rows {
                    // The searchable version may be another one by now.
                    let sql = "DELETE FROM versions WHERE document = $1 AND version = $2 AND version <> (SELECT \
                               published_version FROM documents WHERE id = $1) RETURNING content_hash";
                    if let Some(gone) = session.first(sql, args![row.id(0)?, row.small(1)?]).await? {
                        hashes.push(gone.bytes(0)?);
                    }
                }
                Ok(hashes)
            }
            .await;
            session.finish(outcome).await
        })?;
        let pruned = hashes.len() as u64;
        remove_unneeded(self.store, hashes).await?;
        Ok(pruned)
    }
}
