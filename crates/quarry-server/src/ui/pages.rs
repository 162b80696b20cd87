//! Pages and their scripts and styles, as they are in the executable.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};

/// What a page may do: run our script, use our style, talk to this server.
const OURS_ONLY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

fn page(text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, OURS_ONLY),
    ];
    (headers, text).into_response()
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Search, ask, upload.
pub(crate) async fn home() -> Response {
    page(include_str!("home.html"))
}

pub(crate) async fn home_style() -> Response {
    asset(STYLE, include_str!("home.css"))
}

pub(crate) async fn home_script() -> Response {
    asset(SCRIPT, include_str!("home.js"))
}

/// The API, to read and to try.
pub(crate) async fn docs() -> Response {
    page(include_str!("docs.html"))
}

pub(crate) async fn docs_style() -> Response {
    asset(STYLE, include_str!("docs.css"))
}

pub(crate) async fn docs_script() -> Response {
    asset(SCRIPT, include_str!("docs.js"))
}
