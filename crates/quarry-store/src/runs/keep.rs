//! Runs going in and out: begun, saved, erased.

use std::collections::HashSet;

use quarry_core::{AuditAction, By, RunId, TenantId, Timestamp};
use serde_json::json;

use super::{
    FinishedRun, RunRow, Runs, event,
    row::{COUNT, missing, values},
};
use crate::{
    audit::{Change, record},
    error::StoreError,
    sql::{Arg, args, database::Many},
    store::retry,
};

const BEGIN: Many = Many {
    before: "INSERT INTO runs (id, tenant, owner, agent, agent_name, agent_version, session, question, state, model, \
             answer, error, prompt_tokens, completion_tokens, cost, steps, started_at, finished_at, events) VALUES",
    columns: COUNT + 1,
    after: " ON CONFLICT (tenant, id) DO NOTHING",
};

/// What a run was asked, by whom and when, stays as it was begun.
const SAVE: Many = Many {
    after: " ON CONFLICT (tenant, id) DO UPDATE SET state = excluded.state, model = excluded.model, answer = \
            excluded.answer, error = excluded.error, prompt_tokens = excluded.prompt_tokens, completion_tokens = \
            excluded.completion_tokens, cost = excluded.cost, steps = excluded.steps, finished_at = \
            excluded.finished_at, checkpoint = NULL, events = excluded.events",
    ..BEGIN
};

impl Runs<'_> {
    /// Keeps a run that begins, so that a crash leaves a trace of it. A run that is known stays as it is.
    ///
    /// # Errors
    /// The database fails.
    pub async fn start(&self, run: RunRow) -> Result<(), StoreError> {
        let mut row = values(&run);
        row.push(Arg::from("[]"));
        self.store.db().write().await?.many(BEGIN, row).await
    }

    /// Keeps runs with all of their events, in one transaction, whether they were started before or not. Saving a
    /// run again replaces what was kept.
    ///
    /// # Errors
    /// The database fails.
    pub async fn save(&self, runs: Vec<FinishedRun>) -> Result<(), StoreError> {
        let mut rows: Vec<Arg<'_>> = Vec::with_capacity(runs.len() * SAVE.columns);
        // One statement may not write a row twice: of a run that is given twice, the later one counts.
        let mut seen = HashSet::with_capacity(runs.len());
        for FinishedRun { run, events } in runs.iter().rev() {
            if seen.insert((run.tenant, run.id)) {
                rows.extend(values(run));
                rows.push(Arg::from(event::pack(events)?));
            }
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = session.many(SAVE, rows.clone()).await;
            session.finish(outcome).await
        })
    }

    /// Marks the runs of all tenants that are still `running` as interrupted and answers how many: at start, those
    /// are runs that a crash cut off. Waiting runs stay as they are.
    ///
    /// # Errors
    /// The database fails.
    pub async fn interrupt_running(&self, at: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE runs SET state = 'interrupted', finished_at = $1, checkpoint = NULL WHERE state = 'running'";
        self.store.db().write().await?.execute(sql, args![at]).await
    }

    /// Removes a run for ever, with its events.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn erase(&self, by: &By, tenant: TenantId, id: RunId) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                let sql = "DELETE FROM runs WHERE tenant = $1 AND id = $2";
                if session.execute(sql, args![tenant, id]).await? == 0 {
                    return Err(missing(id));
                }
                let change = Change {
                    tenant,
                    by,
                    action: AuditAction::RunErase,
                    object: id.to_string(),
                    details: json!({}),
                };
                record(&mut session, self.store.now(), vec![change]).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Drops the runs of all tenants that began before a moment and are over, and answers how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sql = "DELETE FROM runs WHERE started_at < $1 AND state NOT IN ('running', 'waiting')";
        self.store.db().write().await?.execute(sql, args![before]).await
    }
}
