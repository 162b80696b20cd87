//! The HTTP clients for addresses the operator configured: embedding servers, chat providers and model hubs.

use std::{sync::Once, time::Duration};

static TLS: Once = Once::new();

/// A client with time limits: `connect` for the connection, `idle` between two pieces of an answer.
pub(crate) fn client(idle: Duration, redirects: usize) -> Result<reqwest::Client, String> {
    builder()
        .connect_timeout(Duration::from_secs(10).min(idle))
        .read_timeout(idle)
        .redirect(reqwest::redirect::Policy::limited(redirects))
        .build()
        .map_err(|error| explain(&error))
}

/// A client for chat providers. Only the connection is timed here: silence and length are the deadlines' matter, which
/// know what a token is. A redirect is not followed, since it would carry key and question elsewhere.
pub(crate) fn chat_client(connect: Duration) -> Result<reqwest::Client, String> {
    builder()
        .connect_timeout(connect)
        .redirect(reqwest::redirect::Policy::none())
        .tcp_nodelay(true)
        .build()
        .map_err(|error| explain(&error))
}

fn builder() -> reqwest::ClientBuilder {
    // An error means that the executable has chosen its provider already, which is as good.
    TLS.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    // Compressed answers are not asked for: tokens would wait in the compressor, and a small body could become a large
    // one.
    reqwest::Client::builder().no_gzip().user_agent(concat!("quarry/", env!("CARGO_PKG_VERSION")))
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
