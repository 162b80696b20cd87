//! The door: HTTP in, one engine call, HTTP out.
//!
//! [`router`] puts the routes together, [`serve`] answers connections until it is told to stop. Handlers unpack a
//! request, call [`quarry_engine::Engine`] once and pack what comes back; ids, times, defaults and rules are the
//! engine's. Errors become RFC 9457 problems in one place ([`problem`]), and each request is logged and counted in
//! one place ([`middleware`]). Runs are streamed by one writer ([`sse`]), to OpenAI's clients in their own dialect
//! ([`openai`]). The door knows neither SQL nor vendors.

pub mod auth;
mod ending;
mod events;
mod extract;
mod health;
pub mod mcp;
mod middleware;
mod openai;
mod openapi;
pub mod problem;
mod recorder;
mod reply;
mod router;
mod serve;
mod settings;
mod sse;
mod state;
mod ui;
mod v1;
pub mod wire;

pub use middleware::{
    ClassRates, LimitsSettings, Period, ProxyError, Rate, RateError, RateLimits, Rates, TrustedProxies,
};
pub use openapi::openapi_json;
pub use recorder::{RecorderError, install_recorder};
pub use router::router;
pub use serve::serve;
pub use settings::ServerSettings;
pub use state::App;
