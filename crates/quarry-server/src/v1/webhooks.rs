//! `/v1/webhooks`: addresses that are told what becomes of documents.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use quarry_core::WebhookId;
use quarry_engine::webhooks::NewWebhook;

use crate::{
    auth::Caller,
    extract::{Body, InPath, Parameters},
    middleware::{Fingerprint, Kept, Repeatable},
    problem::Problem,
    reply,
    state::AppState,
    wire::{self, Delivery, DeliveryPage, PageParameters, Webhook, WebhookPage},
};

/// Lists webhooks, newest first.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", params(PageParameters), responses(
    (status = 200, description = "A page of webhooks", body = WebhookPage),
))]
pub(crate) async fn list(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.webhooks().list(&access, &page).await?)
}

/// Makes a webhook. Its `secret` is shown this once.
///
/// Messages are `POST`ed as JSON with the headers `X-Quarry-Event`, `X-Quarry-Delivery` (the same when a message is sent
/// again) and `X-Quarry-Signature`. What is not answered with 2xx within ten seconds is sent again for a day.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to send the request again")),
    request_body = wire::NewWebhook,
    responses((status = 201, description = "It was made", body = Webhook)),
)]
pub(crate) async fn add(
    Caller(access): Caller,
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(new): Body<NewWebhook>,
) -> Result<Response, Problem> {
    let fingerprint = Fingerprint::default().part(b"webhook").part(&reply::bytes(&new)?);
    let work = async {
        let webhook = state.app.engine.webhooks().add(&access, new).await?;
        Ok(Kept { status: StatusCode::CREATED, body: reply::bytes(&webhook)?, locate: nowhere })
    };
    let repeatable = Repeatable { state: &state, access: &access, headers: &headers };
    repeatable.once(fingerprint, nowhere, work).await
}

/// A webhook has no page of its own.
const fn nowhere(_: &serde_json::Value) -> Option<String> {
    None
}

/// Removes a webhook with its messages.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is gone")),
)]
pub(crate) async fn remove(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<WebhookId>,
) -> Result<Response, Problem> {
    state.app.engine.webhooks().remove(&access, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lists a webhook's messages of the last week, newest first: what became of each, and why.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id"), PageParameters),
    responses((status = 200, description = "A page of messages", body = DeliveryPage)),
)]
pub(crate) async fn deliveries(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<WebhookId>,
    Parameters(page): Parameters<PageParameters>,
) -> Result<Response, Problem> {
    let page = wire::page::request(page.limit, page.cursor);
    reply::json(&state.app.engine.webhooks().deliveries(&access, id, &page).await?)
}

/// Sends a message that says nothing but that messages arrive, and tells what became of it.
#[utoipa::path(post, path = "/v1/webhooks/{id}/test", tag = "webhooks",
    params(("id" = Uuid, Path, description = "The webhook's id")),
    responses((status = 200, description = "The message, after its first try", body = Delivery)),
)]
pub(crate) async fn test(
    Caller(access): Caller,
    State(state): State<AppState>,
    InPath(id): InPath<WebhookId>,
) -> Result<Response, Problem> {
    reply::json(&state.app.engine.webhooks().test(&access, id).await?)
}
