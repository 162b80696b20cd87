//! All routes, each with its documentation.

use axum::{
    Router,
    extract::{DefaultBodyLimit, OriginalUri},
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    routing::{any, get},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    health, mcp, middleware, openai, openapi,
    problem::Problem,
    state::{App, AppState},
    ui, v1,
};

/// Largest body of a request that is not an upload.
const SMALL_BODY: usize = 2 * 1024 * 1024;

/// Largest body of a request without a key, which is read before it is known whose it is.
const PUSH_BODY: usize = 32 * 1024 * 1024;

/// Every route, ready to be served.
pub fn router(app: App) -> Router {
    let uploads = DefaultBodyLimit::max(app.settings.max_body_bytes);
    let (routes, document) = documented(uploads).split_for_parts();
    let state = AppState::new(app, openapi::rendered(document));
    pages()
        .route("/mcp", any(mcp::serve))
        .merge(routes)
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), middleware::front))
        .with_state(state)
}

/// The routes that stand in the OpenAPI document. Uploads have a body limit of their own.
pub(crate) fn documented(uploads: DefaultBodyLimit) -> OpenApiRouter<AppState> {
    let upload = OpenApiRouter::new()
        .routes(routes!(v1::documents::read::list, v1::documents::add::add))
        .layer(uploads);
    let push =
        OpenApiRouter::new().routes(routes!(v1::sources::push::push)).layer(DefaultBodyLimit::max(PUSH_BODY));
    openapi::start()
        .routes(routes!(v1::collections::list, v1::collections::add))
        .routes(routes!(v1::collections::get, v1::collections::describe, v1::collections::remove))
        .routes(routes!(v1::documents::read::get, v1::documents::read::update, v1::documents::read::remove))
        .routes(routes!(v1::documents::read::text))
        .routes(routes!(v1::documents::read::chunks))
        .routes(routes!(v1::documents::read::original))
        .routes(routes!(v1::search::search))
        .routes(routes!(v1::query::query))
        .routes(routes!(v1::agents::define::list, v1::agents::define::add))
        .routes(routes!(v1::agents::define::get, v1::agents::define::update, v1::agents::define::remove))
        .routes(routes!(v1::agents::versions::versions))
        .routes(routes!(v1::agents::versions::version))
        .routes(routes!(v1::agents::ask::run))
        .routes(routes!(v1::runs::read::list))
        .routes(routes!(v1::runs::read::get, v1::runs::read::erase))
        .routes(routes!(v1::runs::read::events))
        .routes(routes!(v1::runs::act::decide))
        .routes(routes!(v1::runs::act::cancel))
        .routes(routes!(v1::runs::act::replay))
        .routes(routes!(v1::sessions::list, v1::sessions::add))
        .routes(routes!(v1::sessions::get, v1::sessions::rename, v1::sessions::erase))
        .routes(routes!(v1::sessions::messages))
        .routes(routes!(v1::sessions::export))
        .routes(routes!(v1::facts::list, v1::facts::add, v1::facts::erase_all))
        .routes(routes!(v1::facts::update, v1::facts::erase))
        .routes(routes!(openai::chat::completions))
        .routes(routes!(openai::models::models))
        .routes(routes!(openai::models::model))
        .routes(routes!(openai::embeddings::embeddings))
        .routes(routes!(v1::history::list))
        .routes(routes!(v1::history::get, v1::history::erase))
        .routes(routes!(v1::index::verify))
        .routes(routes!(v1::index::repair))
        .routes(routes!(v1::index::rebuild))
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(openapi::document))
        .merge(auditing())
        .merge(syncing())
        .merge(identity())
        .merge(ingestion())
        .layer(DefaultBodyLimit::max(SMALL_BODY))
        .merge(upload)
        .merge(push)
}

/// Documents on their way: many at once, their jobs, how far they are, and cutting them anew.
fn ingestion() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::documents::bulk::bulk))
        .routes(routes!(v1::collections::events))
        .routes(routes!(v1::jobs::one::events))
        .routes(routes!(v1::generations::list, v1::generations::begin))
        .routes(routes!(v1::generations::get, v1::generations::remove))
        .routes(routes!(v1::generations::activate))
        .routes(routes!(v1::jobs::one::list))
        .routes(routes!(v1::jobs::one::get, v1::jobs::one::forget))
        .routes(routes!(v1::jobs::one::retry))
        .routes(routes!(v1::jobs::one::cancel))
        .routes(routes!(v1::jobs::dead::list))
        .routes(routes!(v1::jobs::dead::retry))
        .routes(routes!(v1::jobs::dead::drop_all))
}

/// Who may do what.
fn identity() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::me::whoami))
        .routes(routes!(v1::keys::list, v1::keys::add))
        .routes(routes!(v1::keys::get, v1::keys::revoke))
        .routes(routes!(v1::keys::rotate))
        .routes(routes!(v1::tenants::usage))
        .routes(routes!(v1::tenants::list, v1::tenants::add))
        .routes(routes!(v1::tenants::get, v1::tenants::update, v1::tenants::erase))
        .routes(routes!(v1::tenants::usage_of))
}

/// What was done, by whom.
fn auditing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::audit::list))
        .routes(routes!(v1::audit::export))
        .routes(routes!(v1::audit::verify))
}

/// Sources and webhooks.
fn syncing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::sources::keep::list, v1::sources::keep::add))
        .routes(routes!(v1::sources::keep::get, v1::sources::keep::update, v1::sources::keep::remove))
        .routes(routes!(v1::sources::look::sync))
        .routes(routes!(v1::sources::look::runs))
        .routes(routes!(v1::sources::look::items))
        .routes(routes!(v1::webhooks::list, v1::webhooks::add))
        .routes(routes!(v1::webhooks::remove))
        .routes(routes!(v1::webhooks::deliveries))
        .routes(routes!(v1::webhooks::test))
}

/// What people open in a browser.
fn pages() -> Router<AppState> {
    Router::new()
        .route("/", get(ui::home))
        .route("/ui.css", get(ui::home_style))
        .route("/ui.js", get(ui::home_script))
        .route("/docs", get(ui::docs))
        .route("/docs.css", get(ui::docs_style))
        .route("/docs.js", get(ui::docs_script))
}

async fn unknown_route(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    let detail = format!("there is nothing at `{method} {}`; `/docs` lists what there is", uri.path());
    Problem::new(StatusCode::NOT_FOUND, "route_not_found", detail)
}

async fn wrong_method(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    let detail = format!("`{}` cannot be asked with {method}; the `Allow` header says how", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
