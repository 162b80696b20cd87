//! `/v1/sources/{id}`: look now, and what looking came to.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    auth::Caller,
    extract::{InPath, Parameters},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, PageParameters, SourceItemPage, SourceRun, SourceRunPage},
};

/// How to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// Remove whatever is gone, however much that is, and look again at what was passed over.
    #[serde(default)]
    force: bool,
}

/// Looks at a source now. The run goes on by itself; `/v1/sources/{id}/runs` shows what comes of it.
#[utoipa::path(post, path = "/v1/sources/{id}/sync", tag = "sources",
    params(("id" = String, Path, description = "The source's id or name"), How),
    responses(
        (status = 202, description = "The run that does it", body = SourceRun),
        (status = 409, description = "A run goes already", body = crate::problem::ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sync(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    Parameters(how): Parameters<How>,
) -> Result<Response, Problem> {
    let run = state.app.engine.sources().sync(&access, &id, how.force).await?;
    Ok((StatusCode::ACCEPTED, reply::json(&run)?).into_response())
}

/// Lists a source's last runs, newest first: what became of its entries, and what failed and why.
#[utoipa::path(get, path = "/v1/sources/{id}/runs", tag = "sources",
    params(("id" = String, Path, description = "The source's id or name"), PageParameters),
    responses((status = 200, description = "A page of runs", body = SourceRunPage)),
)]
pub(crate) async fn runs(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.sources().runs(&access, &id, &page).await?)
}

/// Lists a source's entries by key, each with its document and what it looked like when it was last read.
#[utoipa::path(get, path = "/v1/sources/{id}/items", tag = "sources",
    params(("id" = String, Path, description = "The source's id or name"), PageParameters),
    responses((status = 200, description = "A page of entries", body = SourceItemPage)),
)]
pub(crate) async fn items(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.sources().items(&access, &id, &page).await?)
}
