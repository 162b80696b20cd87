//! Runs that wait for a person's approval. What they go on from is kept, so that they survive a restart.

use quarry_core::{AuditAction, By, RunId, TenantId};
use serde_json::Value;

use super::{
    RunEventRow, RunRow, RunState, Runs, event,
    row::{COLUMNS, COUNT, missing, read},
};
use crate::{
    audit::{Change, record},
    error::StoreError,
    sql::{Row, Session, args},
    store::retry,
};

impl Runs<'_> {
    /// Keeps a started run as waiting, with what it goes on from and all of its events so far.
    ///
    /// # Errors
    /// No run with this id was started, it is over, or the database fails.
    pub async fn pause(
        &self,
        tenant: TenantId,
        id: RunId,
        checkpoint: Value,
        events: Vec<RunEventRow>,
    ) -> Result<(), StoreError> {
        let (checkpoint, events) = (checkpoint.to_string(), event::pack(&events)?);
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "UPDATE runs SET state = 'waiting', checkpoint = $3, events = $4 WHERE tenant = $1 AND id = \
                           $2 AND state IN ('running', 'waiting')";
                match session.execute(sql, args![tenant, id, &checkpoint, &events]).await? {
                    0 => Err(refused(&mut session, tenant, id).await?),
                    _ => Ok(()),
                }
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// A waiting run and what it goes on from; it keeps waiting.
    ///
    /// # Errors
    /// There is none with this id, it does not wait, or the database fails.
    pub async fn waiting(&self, tenant: TenantId, id: RunId) -> Result<(RunRow, Value), StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, checkpoint FROM runs WHERE tenant = $1 AND id = $2 AND state = 'waiting'"
        );
        let mut session = self.store.db().read().await?;
        match session.first(sql, args![tenant, id]).await? {
            Some(row) => with_checkpoint(&row),
            None => Err(refused(&mut session, tenant, id).await?),
        }
    }

    /// Lets a waiting run go on, exactly once, and answers what it goes on from. The decision goes to the audit log
    /// as `run.approval`, with the details given.
    ///
    /// # Errors
    /// There is none with this id, it does not wait (any more), or the database fails.
    pub async fn resume(
        &self,
        by: &By,
        tenant: TenantId,
        id: RunId,
        decision: Value,
    ) -> Result<(RunRow, Value), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = format!(
                    "UPDATE runs SET state = 'running' WHERE tenant = $1 AND id = $2 AND state = 'waiting' RETURNING \
                     {COLUMNS}, checkpoint"
                );
                let Some(row) = session.first(sql, args![tenant, id]).await? else {
                    return Err(refused(&mut session, tenant, id).await?);
                };
                let change = Change {
                    tenant,
                    by,
                    action: AuditAction::RunApproval,
                    object: id.to_string(),
                    details: decision.clone(),
                };
                record(&mut session, self.store.now(), vec![change]).await?;
                with_checkpoint(&row)
            }
            .await;
            session.finish(outcome).await
        })
    }
}

fn with_checkpoint(row: &Row) -> Result<(RunRow, Value), StoreError> {
    Ok((read(row)?, row.opt_json(COUNT)?.unwrap_or(Value::Null)))
}

/// Why a run cannot wait or go on.
async fn refused(session: &mut Session, tenant: TenantId, id: RunId) -> Result<StoreError, StoreError> {
    let sql = "SELECT state FROM runs WHERE tenant = $1 AND id = $2";
    Ok(match session.first(sql, args![tenant, id]).await? {
        Some(row) => StoreError::RunNotWaiting(id.to_string(), row.word::<RunState>(0)?.as_str()),
        None => missing(id),
    })
}
