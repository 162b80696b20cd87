//! Tokens: JWTs that an issuer of the configuration signed for a person.
//!
//! * `settings`: what an operator says about an issuer; `check`: what of it cannot work.
//! * `compact`: a token's text into its parts; nothing in it is believed yet.
//! * `public_keys`: the keys of an issuer, and which of them may have signed what; `keys`: where they come from, kept and
//!   fetched again in time; `fetch`: one fetch.
//! * `claims`: what a token with a right signature says, and whether it is for here and now.
//! * `person`: claims into a tenant, a name, a role and groups.
//! * `tokens`: the whole way, with a short memory.
//! * `refusal`: why a token is not taken.
//!
//! The signatures are checked with ring, which TLS brings along. The usual JWT crate would bring a second implementation of
//! cryptography, or need one of our own that is put into a global of the process; what would be left of it is reading
//! three parts and comparing claims, by the machine's clock only. No key and no address is ever taken from a token: its
//! `kid` is looked up among the keys that are there.

mod check;
mod claims;
mod compact;
mod fetch;
mod keys;
mod person;
mod public_keys;
mod refusal;
mod settings;
mod tokens;

pub use settings::{Algorithm, AuthSettings, JwtSettings};
pub use tokens::Tokens;
