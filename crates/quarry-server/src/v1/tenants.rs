//! `/v1/tenants`, for the operator, and `/v1/usage`, for each tenant's admins.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use quarry_engine::govern::{NewTenant, TenantChange};

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, MadeTenant, PageParameters, Tenant, TenantPage, TenantUsage},
};

/// Lists tenants, newest first. For owners of the root tenant.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", params(PageParameters), responses(
    (status = 200, description = "A page of tenants", body = TenantPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.tenants().list(&access, &page).await?)
}

/// Makes a tenant, with a key for its owner, which is in the answer and nowhere else.
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", request_body = wire::NewTenant, responses(
    (status = 201, description = "It was made", body = MadeTenant),
))]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    Body(new): Body<NewTenant>,
) -> Result<Response, Problem> {
    let made = state.app.engine.tenants().add(&access, new).await?;
    Ok((StatusCode::CREATED, reply::json(&made)?).into_response())
}

/// A tenant.
#[utoipa::path(get, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name or id")),
    responses((status = 200, description = "The tenant", body = Tenant)),
)]
pub(crate) async fn get(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(tenant): InPath<String>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.tenants().get(&access, &tenant).await?)
}

/// Suspends a tenant, resumes it, or gives it other quotas.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name or id")),
    request_body = wire::TenantChange,
    responses((status = 200, description = "The tenant, changed", body = Tenant)),
)]
pub(crate) async fn update(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(tenant): InPath<String>,
    Body(change): Body<TenantChange>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.tenants().update(&access, &tenant, change).await?)
}

/// Erases a tenant with everything in it, for ever: documents, index, people, keys, conversations, history.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name or id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn erase(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(tenant): InPath<String>,
) -> Result<Response, Problem> {
    state.app.engine.tenants().erase(&access, &tenant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// How much a tenant has and uses.
#[utoipa::path(get, path = "/v1/tenants/{tenant}/usage", tag = "tenants",
    params(("tenant" = String, Path, description = "The tenant's name or id")),
    responses((status = 200, description = "What it has and uses", body = TenantUsage)),
)]
pub(crate) async fn usage_of(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(tenant): InPath<String>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.tenants().usage(&access, Some(&tenant)).await?)
}

/// How much one's own tenant has and uses.
#[utoipa::path(get, path = "/v1/usage", tag = "tenants", responses(
    (status = 200, description = "What it has and uses", body = TenantUsage),
))]
pub(crate) async fn usage(
    Caller(access): Caller,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.tenants().usage(&access, None).await?)
}
