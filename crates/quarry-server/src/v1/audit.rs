//! `/v1/audit`

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use quarry_core::{Access, AuditAction, AuditOutcome, Fault as _, Timestamp};
use quarry_engine::{
    EngineError,
    audit::{AuditEntry, AuditFilter, AuditMark},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    events,
    extract::Parameters,
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, AuditPage, AuditVerification},
};

/// Which rows to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Not before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// By whom, as rows show it: `key:admin`.
    actor: Option<String>,
    /// What was done, as `document.add`.
    #[param(value_type = Option<String>)]
    action: Option<AuditAction>,
    /// To what: an id.
    object: Option<String>,
    /// How it went.
    #[param(value_type = Option<wire::AuditOutcome>)]
    outcome: Option<AuditOutcome>,
    /// In which request.
    request_id: Option<String>,
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    limit: Option<wire::Limit>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists what was done, by whom and from where, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", params(Which), responses(
    (status = 200, description = "A page of rows", body = AuditPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(which): Parameters<Which>,
) -> Result<Response, Problem> {
    let page = wire::page::request(which.limit, which.cursor);
    let filter = AuditFilter {
        since: which.since,
        until: which.until,
        actor: which.actor,
        action: which.action,
        object: which.object,
        outcome: which.outcome,
        request_id: which.request_id,
    };
    reply::json(&state.app.engine.audit().list(&access, &filter, &page).await?)
}

/// Where an export begins and ends.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Part {
    /// The number of the first row; 1 when not said. To go on, give the last number you have, plus one.
    #[param(minimum = 0)]
    from: Option<u64>,
    /// How many rows at most; all of them when not said.
    #[param(minimum = 1)]
    limit: Option<u64>,
}

/// Exports rows as JSON lines, oldest first.
///
/// Each line has the number, the hash and the previous hash of its row. An export that broke off can go on with `from`.
#[utoipa::path(get, path = "/v1/audit/export", tag = "audit", params(Part), responses(
    (status = 200, description = "One row a line", body = String, content_type = "application/x-ndjson"),
))]
pub(crate) async fn export(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(part): Parameters<Part>,
) -> Result<Response, Problem> {
    let mut export =
        Export { state, access, next: Some(part.from.unwrap_or(1)), left: part.limit.unwrap_or(u64::MAX) };
    // The first page is read before the answer begins, so that what cannot be read is told as a problem.
    let first = export.page().await?.unwrap_or_default();
    let rest = stream::try_unfold(export, |mut export| async move {
        match export.page().await {
            Ok(page) => Ok(page.map(|page| (page, export))),
            Err(error) => {
                let request = export.access.by().origin().and_then(|origin| origin.request_id.as_deref());
                events::failed(error.code(), &error.to_string(), request.unwrap_or_default());
                // The connection ends before the body does, which is all that can still be said.
                Err(std::io::Error::other("the export broke off"))
            }
        }
    });
    let whole = stream::iter([Ok(first)]).chain(rest);
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(whole)).into_response())
}

/// An export on its way: one page of rows is in memory at a time.
struct Export {
    state: AppState,
    access: Access,
    next: Option<u64>,
    left: u64,
}

impl Export {
    /// The next page as lines; none at the end.
    async fn page(&mut self) -> Result<Option<Bytes>, EngineError> {
        let Some(next) = self.next.filter(|_| self.left > 0) else { return Ok(None) };
        let limit = u32::try_from(self.left).ok();
        let rows = self.state.app.engine.audit().export(&self.access, next, limit).await?;
        self.next = rows.last().map(|last| last.number.saturating_add(1));
        self.left = self.left.saturating_sub(rows.len() as u64);
        Ok(self.next.map(|_| lines(&rows)))
    }
}

fn lines(rows: &[AuditEntry]) -> Bytes {
    let mut text = Vec::with_capacity(rows.len() * 512);
    for row in rows {
        // Rows always serialise: their maps have text as keys.
        if serde_json::to_writer(&mut text, row).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}

/// What to compare.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Kept {
    /// A place in the chain that was kept elsewhere, as `NUMBER:HASH`.
    expect: Option<String>,
}

/// Walks the chain of rows and finds the first that is not as it was written.
///
/// `head` is worth keeping where nobody who can write to the database can write: given as `expect` later, it shows whether
/// the chain was written anew.
#[utoipa::path(get, path = "/v1/audit/verify", tag = "audit", params(Kept), responses(
    (status = 200, description = "What was found", body = AuditVerification),
))]
pub(crate) async fn verify(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(kept): Parameters<Kept>,
) -> Result<Response, Problem> {
    let expect = kept.expect.map(|text| text.parse::<AuditMark>()).transpose().map_err(Problem::invalid)?;
    reply::json(&state.app.engine.audit().verify(&access, expect.as_ref()).await?)
}
