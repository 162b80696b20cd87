//! Permission is a value one must hold.
//!
//! [`Access`] is made by the authenticator, or by [`Access::system`] for work that nobody asked for. Every engine
//! method takes it first, so a forgotten check does not compile.

use std::{net::IpAddr, sync::Arc};

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

/// Where a request came from, for the audit log. Absent parts are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: Option<IpAddr>,
    /// What the client calls itself; cut by [`Origin::with_agent`].
    pub agent: Option<String>,
    /// The request's id, as in the log.
    pub request_id: Option<String>,
}

impl Origin {
    /// Longest name of a client in bytes.
    pub const LONGEST_AGENT: usize = 128;

    /// The same with the client's name: printable characters only, and no more than are worth keeping.
    #[must_use]
    pub fn with_agent(mut self, name: &str) -> Self {
        let mut cut = String::new();
        for letter in name.trim().chars().filter(|letter| !letter.is_control()) {
            if cut.len() + letter.len_utf8() > Self::LONGEST_AGENT {
                break;
            }
            cut.push(letter);
        }
        self.agent = (!cut.is_empty()).then_some(cut);
        self
    }
}

/// Who does something, and from where: what the audit log says of every change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    actor: Actor,
    origin: Option<Arc<Origin>>,
}

impl By {
    /// Somebody of whom it is not known from where.
    #[must_use]
    pub const fn new(actor: Actor) -> Self {
        Self { actor, origin: None }
    }

    /// The same, from somewhere.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(Arc::new(origin));
        self
    }

    /// Who.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// From where.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }
}

/// The right to act in one tenant. Its fields are private: it cannot be widened after it was made.
#[derive(Clone, Debug)]
pub struct Access {
    tenant: TenantId,
    by: By,
}

impl Access {
    /// Made by an authenticator, after it has checked a credential.
    #[must_use]
    pub const fn authenticated(tenant: TenantId, actor: Actor) -> Self {
        Self { tenant, by: By::new(actor) }
    }

    /// For background work; the reason goes to the audit log.
    #[must_use]
    pub const fn system(tenant: TenantId, reason: &'static str) -> Self {
        Self { tenant, by: By::new(Actor::System(reason)) }
    }

    /// The same right, used from somewhere: it goes to the audit log and gives no right.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.by = self.by.with_origin(origin);
        self
    }

    /// The tenant acted in.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        self.by.actor()
    }

    /// Who acts, and from where.
    #[must_use]
    pub const fn by(&self) -> &By {
        &self.by
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, Actor, Origin};
    use crate::id::TenantId;

    #[test]
    fn a_clients_name_is_cut_and_keeps_no_control_characters() {
        let named = |name: &str| Origin::default().with_agent(name).agent;
        assert_eq!(named(" curl/8\u{0} \n"), Some("curl/8".to_owned()));
        assert_eq!(named("  "), None);
        assert_eq!(named(&"\u{fc}".repeat(100)).map(|name| name.len()), Some(Origin::LONGEST_AGENT));
    }

    #[test]
    fn an_origin_changes_nothing_but_where_from() {
        let origin = Origin { request_id: Some("r".to_owned()), ..Origin::default() };
        let access = Access::authenticated(TenantId::ROOT, Actor::Local).with_origin(origin.clone());
        assert_eq!((access.tenant(), access.actor()), (TenantId::ROOT, &Actor::Local));
        assert_eq!(access.by().origin(), Some(&origin));
        assert!(Access::system(TenantId::ROOT, "test").by().origin().is_none());
    }
}
