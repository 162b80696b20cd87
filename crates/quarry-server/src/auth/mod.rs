//! Who is asking, and from where: from what a request shows to an `Access`.

mod caller;
pub mod jwt;
pub(crate) mod origin;
mod presented;

pub(crate) use caller::{Caller, carries_key};
pub use jwt::{AuthSettings, JwtSettings, Tokens};
