//! Who is asking: from what a request shows to an `Access`.

mod caller;
pub mod jwt;
mod presented;

pub(crate) use caller::{Caller, authenticate};
pub use jwt::{AuthSettings, JwtSettings, Tokens};
