//! Who may do what: keys, and how a credential becomes an [`quarry_core::Access`].
//!
//! * `secret_key`: what a key looks like.
//! * `authenticate`: from a key to an access; from a person that somebody vouches for to one.
//! * `vouched`: from a person that an issuer outside vouches for to one.
//! * `known`: what was found of keys, kept where nobody else can change it.
//! * `keys`: the verbs on keys.
//! * `tenants`: the verbs on tenants.
//! * `spending`: what tenants use today, for their daily quotas.
//! * `whoami`: what the caller is and may.
//! * `permit`: the checks that verbs make, as errors of the engine.

mod authenticate;
mod keys;
mod known;
mod permit;
mod secret_key;
mod spending;
mod tenants;
mod vouched;
mod whoami;

pub use authenticate::{Identity, Person, Refusal};
pub use keys::{KeyView, Keys, MadeKey, NewKeyRequest, Rotation};
pub(crate) use known::{KnownKeys, keep_uses};
pub(crate) use permit::{must, must_in, must_see};
pub use secret_key::SecretKey;
pub(crate) use spending::Spending;
pub use tenants::{DayUsage, MadeTenant, NewTenant, TenantChange, TenantUsage, TenantView, Tenants};
pub use vouched::Vouched;
pub use whoami::Whoami;
