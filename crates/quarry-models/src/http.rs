//! The HTTP client for addresses the operator configured: embedding servers and model hubs.

use std::{sync::Once, time::Duration};

static TLS: Once = Once::new();

/// A client with time limits: `connect` for the connection, `idle` between two pieces of an answer.
pub(crate) fn client(idle: Duration, redirects: usize) -> Result<reqwest::Client, String> {
    // An error means that the executable has chosen its provider already, which is as good.
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10).min(idle))
        .read_timeout(idle)
        .redirect(reqwest::redirect::Policy::limited(redirects))
        .user_agent(concat!("quarry/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| explain(&error))
}

/// A failure with its cause, but without the address, which may hold a key.
pub(crate) fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if error.is_connect() { format!("no connection ({cause})") } else { cause.to_string() }
}
