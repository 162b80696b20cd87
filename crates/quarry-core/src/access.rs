//! Permission is a value one must hold.
//!
//! [`Access`] is made by the authenticator, or by [`Access::system`] for work that nobody asked for. Every engine
//! method takes it first, so a forgotten check does not compile.

use crate::id::TenantId;

/// Who is acting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A key, by its public name.
    Key(String),
    /// The person at the machine, who can read the data folder.
    Local,
    /// Quarry itself, with the reason that goes to the audit log.
    System(&'static str),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(name) => write!(f, "key:{name}"),
            Self::Local => f.write_str("local"),
            Self::System(reason) => write!(f, "system:{reason}"),
        }
    }
}

/// The right to act in one tenant. Its fields are private: it cannot be widened after it was made.
#[derive(Clone, Debug)]
pub struct Access {
    tenant: TenantId,
    actor: Actor,
}

impl Access {
    /// Made by an authenticator, after it has checked a credential.
    #[must_use]
    pub const fn authenticated(tenant: TenantId, actor: Actor) -> Self {
        Self { tenant, actor }
    }

    /// For background work; the reason goes to the audit log.
    #[must_use]
    pub const fn system(tenant: TenantId, reason: &'static str) -> Self {
        Self { tenant, actor: Actor::System(reason) }
    }

    /// The tenant acted in.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}
