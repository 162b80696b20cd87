//! What a retry need not do again: bytes under a name, for as long as the job is not done.

use quarry_core::JobId;

use super::{JobStage, Jobs};
use crate::{error::StoreError, sql::args, store::retry};

impl Jobs<'_> {
    /// Keeps a part of a job's work and says how far it is. A part that is known is replaced. Answers whether the job is
    /// still the worker's; otherwise nothing is kept.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keep(
        &self,
        (id, worker): (JobId, &str),
        stage: JobStage,
        (part, data): (&str, &[u8]),
    ) -> Result<bool, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "UPDATE jobs SET entered_at = CASE WHEN stage = $3 THEN entered_at ELSE $4 END, stage = $3, \
                           updated_at = $4 WHERE id = $1 AND worker = $2 AND status = 'running'";
                if session.execute(sql, args![id, worker, stage.as_str(), now]).await? == 0 {
                    return Ok(false);
                }
                let sql = "INSERT INTO checkpoints (job, part, data) VALUES ($1, $2, $3) ON CONFLICT (job, part) DO \
                           UPDATE SET data = excluded.data";
                session.execute(sql, args![id, part, data]).await?;
                Ok(true)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// The parts that were kept of a job, by name.
    ///
    /// # Errors
    /// The database fails.
    pub async fn kept(&self, id: JobId) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let sql = "SELECT part, data FROM checkpoints WHERE job = $1 ORDER BY part";
        let rows = self.store.db().read().await?.rows(sql, args![id]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.bytes(1)?))).collect()
    }
}
