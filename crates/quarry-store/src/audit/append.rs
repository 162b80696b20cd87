//! Rows are added: by changes inside their transactions, and by what changes nothing (refusals, logins) in one of its own.

use std::collections::BTreeMap;

use quarry_core::{Actor, AuditAction, AuditOutcome, By, Origin, TenantId, Timestamp};
use serde_json::Value;

use super::{
    Audit,
    chain::{Hash, ZERO, digest},
    head,
    row::Kept,
};
use crate::{
    error::StoreError,
    sql::{Arg, Session, args, database::Many},
    store::retry,
};

const INSERT: Many = Many {
    before: "INSERT INTO audit (tenant, number, at, actor, action, kind, object, address, agent, request, outcome, \
             details, previous, hash) VALUES",
    columns: 14,
    after: "",
};

/// Longest object, actor or request id in characters: what comes from outside is bounded.
const LONGEST: usize = 512;

/// A change to be recorded.
pub(crate) struct Change<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) by: &'a By,
    pub(crate) action: AuditAction,
    /// To what: an id.
    pub(crate) object: String,
    /// Ids, numbers and names of settings; never text of documents or what people said.
    pub(crate) details: Value,
}

/// Records changes in the transaction that makes them. It comes last there: from here to the commit, everybody else of
/// the tenant who changes something waits.
pub(crate) async fn record(
    session: &mut Session,
    at: Timestamp,
    changes: Vec<Change<'_>>,
) -> Result<(), StoreError> {
    let fresh = changes.into_iter().map(|change| {
        let row = kept(at, change.action, AuditOutcome::Allowed, (change.object, &change.details));
        (change.tenant, from(row, Some(change.by.actor()), change.by.origin()))
    });
    append(session, fresh.collect()).await
}

/// Something to be written that changed nothing in the database: a refusal, a login, an act on a derived thing.
#[derive(Clone, Debug)]
pub struct AuditNote {
    /// In whose log.
    pub tenant: TenantId,
    /// When.
    pub at: Timestamp,
    /// Who; absent where nobody showed who they are.
    pub actor: Option<Actor>,
    /// From where.
    pub origin: Origin,
    /// What was done or asked for.
    pub action: AuditAction,
    /// To what.
    pub object: String,
    /// How it went.
    pub outcome: AuditOutcome,
    /// What else is worth knowing; no personal content.
    pub details: Value,
}

impl Audit<'_> {
    /// Writes what changed nothing, in one transaction.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add(&self, notes: &[AuditNote]) -> Result<(), StoreError> {
        retry!({
            let mut session = self.store.db().begin().await?;
            let fresh = notes.iter().map(|note| {
                let row = kept(note.at, note.action, note.outcome, (note.object.clone(), &note.details));
                (note.tenant, from(row, note.actor.as_ref(), Some(&note.origin)))
            });
            let outcome = append(&mut session, fresh.collect()).await;
            session.finish(outcome).await
        })
    }
}

fn kept(
    at: Timestamp,
    action: AuditAction,
    outcome: AuditOutcome,
    (object, details): (String, &Value),
) -> Kept {
    Kept {
        number: 0,
        at,
        actor: String::new(),
        action: action.as_str().to_owned(),
        kind: action.object_kind().to_owned(),
        object: plain(&object),
        address: None,
        agent: None,
        request: None,
        outcome: outcome.as_str().to_owned(),
        details: details.to_string(),
        previous: ZERO,
        hash: ZERO,
    }
}

fn from(row: Kept, actor: Option<&Actor>, origin: Option<&Origin>) -> Kept {
    Kept {
        actor: actor.map_or_else(|| "anonymous".to_owned(), |actor| plain(&actor.to_string())),
        address: origin.and_then(|origin| origin.address).map(|address| address.to_string()),
        agent: origin.and_then(|origin| origin.agent.as_deref()).map(plain),
        request: origin.and_then(|origin| origin.request_id.as_deref()).map(plain),
        ..row
    }
}

/// What comes from outside, bounded and without characters that a database changes or that a terminal obeys.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
}

/// Numbers, chains and writes rows. Tenants come in the order of their ids, so that two transactions never wait for each
/// other in turn.
async fn append(session: &mut Session, fresh: Vec<(TenantId, Kept)>) -> Result<(), StoreError> {
    let mut tenants: BTreeMap<TenantId, Vec<Kept>> = BTreeMap::new();
    for (tenant, row) in fresh {
        tenants.entry(tenant).or_default().push(row);
    }
    for (tenant, rows) in tenants {
        let head = head::hold(session, tenant).await?;
        // A row that somebody put in after the end keeps nobody from going on; `verify` names it.
        let (values, end) = chained(tenant, rows, (head.last.max(head.greatest), head.hash));
        write(session, values).await?;
        head::put(session, tenant, end).await?;
    }
    Ok(())
}

/// The values of rows that follow a head, and the head after them.
pub(super) fn chained(
    tenant: TenantId,
    rows: Vec<Kept>,
    (mut last, mut hash): (u64, Hash),
) -> (Vec<Arg<'static>>, (u64, Hash)) {
    let mut values = Vec::with_capacity(rows.len() * INSERT.columns);
    for mut row in rows {
        last = last.saturating_add(1);
        (row.number, row.previous) = (last, hash);
        hash = digest(tenant, &row);
        values.extend(args![
            tenant,
            row.number,
            row.at,
            row.actor,
            row.action,
            row.kind,
            row.object,
            row.address,
            row.agent,
            row.request,
            row.outcome,
            row.details,
            row.previous.to_vec(),
            hash.to_vec(),
        ]);
    }
    (values, (last, hash))
}

/// Writes values that [`chained`] made.
pub(super) async fn write(session: &mut Session, values: Vec<Arg<'static>>) -> Result<(), StoreError> {
    session.many(INSERT, values).await
}
