//! Permission is a value one must hold.
//!
//! [`Access`] is made by the authenticator, or by [`Access::system`] for work that nobody asked for. Every engine
//! method takes it first, so a forgotten check does not compile. What it allows is decided here and in
//! [`crate::policy`], nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use crate::{
    id::{CollectionId, TenantId},
    policy::{Action, KeyScope, Role},
};

/// Who is acting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A key, by its public name.
    Key(String),
    /// A person, by the name they are known by in their tenant.
    User(String),
    /// The person at the machine, who can read the data folder.
    Local,
    /// Quarry itself, with the reason that goes to the audit log.
    System(&'static str),
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(name) => write!(f, "key:{name}"),
            Self::User(name) => write!(f, "user:{name}"),
            Self::Local => f.write_str("local"),
            Self::System(reason) => write!(f, "system:{reason}"),
        }
    }
}

/// What somebody may do, before it is tied to a tenant and a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// What they are in the whole tenant; none for people who see single collections only.
    pub role: Option<Role>,
    /// What they are in single collections, where that is more.
    pub collections: BTreeMap<CollectionId, Role>,
    /// Collections outside of which nothing is allowed, whatever the roles say; none for no such limit.
    pub only: Option<BTreeSet<CollectionId>>,
    /// Scopes outside of which nothing is allowed; none for no such limit.
    pub scopes: Option<BTreeSet<KeyScope>>,
    /// Names under which documents may be opened to them: `user:ada`, `group:finance`.
    pub principals: Vec<String>,
}

impl Rights {
    /// A role in the whole tenant and nothing narrower.
    #[must_use]
    pub fn of(role: Role) -> Self {
        Self { role: Some(role), ..Self::default() }
    }
}

/// Why something is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// They do not even see the thing: for them it does not exist.
    Hidden,
    /// They see it, and may not do this with it.
    Forbidden(Action),
}

/// Which documents of a collection somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility<'a> {
    /// Every document.
    All,
    /// Documents that are open to everyone in the collection, and those opened to one of these names.
    Opened(&'a [String]),
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
    rights: Arc<Rights>,
}

impl Access {
    /// Made by an authenticator, after it has checked a credential.
    #[must_use]
    pub const fn authenticated(tenant: TenantId, actor: Actor, rights: Arc<Rights>) -> Self {
        Self { tenant, by: By::new(actor), rights }
    }

    /// For somebody who owns the tenant: the person at the machine, and tests.
    #[must_use]
    pub fn owner(tenant: TenantId, actor: Actor) -> Self {
        Self { tenant, by: By::new(actor), rights: Arc::new(Rights::of(Role::Owner)) }
    }

    /// For background work; the reason goes to the audit log.
    #[must_use]
    pub fn system(tenant: TenantId, reason: &'static str) -> Self {
        Self::owner(tenant, Actor::System(reason))
    }

    /// The same for what a run does in somebody's name: it reads as they do, and changes nothing, whatever a model says.
    #[must_use]
    pub fn for_run(&self) -> Self {
        let scopes = [KeyScope::Runs, KeyScope::Search, KeyScope::DocumentsRead, KeyScope::CollectionsRead];
        let rights = Rights { scopes: Some(scopes.into()), ..Rights::clone(&self.rights) };
        Self { tenant: self.tenant, by: self.by.clone(), rights: Arc::new(rights) }
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

    /// What they may do.
    #[must_use]
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Whether something may be done in the tenant as a whole.
    ///
    /// # Errors
    /// [`Denied::Forbidden`].
    pub fn check(&self, action: Action) -> Result<(), Denied> {
        let rights = &*self.rights;
        let role = rights.role.is_some_and(|role| role.may(action))
            // Who is something in a collection only may still do there what touches no other.
            || (!action.is_wide() && rights.collections.values().any(|role| role.may(action)));
        let confined = rights.only.is_some() && action.is_wide();
        let outside = action.is_operators() && self.tenant != TenantId::ROOT;
        if role && !confined && !outside && self.in_scope(action) {
            Ok(())
        } else {
            Err(Denied::Forbidden(action))
        }
    }

    /// Whether something may be done in or with a collection.
    ///
    /// # Errors
    /// [`Denied::Hidden`] when the collection does not exist for them, [`Denied::Forbidden`].
    pub fn check_in(&self, action: Action, collection: CollectionId) -> Result<(), Denied> {
        let role = self.role_in(collection).ok_or(Denied::Hidden)?;
        if role.may(action) && self.in_scope(action) { Ok(()) } else { Err(Denied::Forbidden(action)) }
    }

    /// What they are in a collection; none when it does not exist for them.
    #[must_use]
    pub fn role_in(&self, collection: CollectionId) -> Option<Role> {
        let rights = &*self.rights;
        if rights.only.as_ref().is_some_and(|only| !only.contains(&collection)) {
            return None;
        }
        rights.role.max(rights.collections.get(&collection).copied())
    }

    /// The collections that exist for them; none for all of the tenant.
    #[must_use]
    pub fn reach(&self) -> Option<BTreeSet<CollectionId>> {
        let rights = &*self.rights;
        match (&rights.only, rights.role) {
            (Some(only), _) => {
                Some(only.iter().copied().filter(|collection| self.role_in(*collection).is_some()).collect())
            }
            (None, None) => Some(rights.collections.keys().copied().collect()),
            (None, Some(_)) => None,
        }
    }

    /// Which of a collection's documents they see. Whoever manages the collection sees all.
    #[must_use]
    pub fn visibility(&self, collection: CollectionId) -> Visibility<'_> {
        match self.role_in(collection) {
            Some(Role::Admin | Role::Owner) => Visibility::All,
            _ => Visibility::Opened(&self.rights.principals),
        }
    }

    fn in_scope(&self, action: Action) -> bool {
        let scopes = self.rights.scopes.as_ref();
        scopes.is_none_or(|scopes| scopes.contains(&action.scope()) || scopes.contains(&KeyScope::Admin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(tenant: TenantId, rights: Rights) -> Access {
        Access::authenticated(tenant, Actor::User("ada".to_owned()), Arc::new(rights))
    }

    #[test]
    fn a_role_in_one_collection_reaches_no_other() {
        let (mine, other) = (CollectionId::new(), CollectionId::new());
        let rights = Rights { collections: BTreeMap::from([(mine, Role::Editor)]), ..Rights::default() };
        let access = access(TenantId::new(), rights);
        assert_eq!(access.check_in(Action::WriteDocuments, mine), Ok(()));
        assert_eq!(
            access.check_in(Action::RemoveCollection, mine),
            Err(Denied::Forbidden(Action::RemoveCollection))
        );
        assert_eq!(access.check_in(Action::Search, other), Err(Denied::Hidden));
        assert_eq!(access.check(Action::Run), Ok(()));
        assert_eq!(access.check(Action::AddCollection), Err(Denied::Forbidden(Action::AddCollection)));
        assert_eq!(access.reach(), Some(BTreeSet::from([mine])));
    }

    #[test]
    fn a_key_confined_to_a_collection_makes_no_wider_key() {
        let (mine, other) = (CollectionId::new(), CollectionId::new());
        let rights = Rights { only: Some(BTreeSet::from([mine])), ..Rights::of(Role::Owner) };
        let access = access(TenantId::ROOT, rights);
        assert_eq!(access.check_in(Action::RemoveCollection, mine), Ok(()));
        assert_eq!(access.check_in(Action::Search, other), Err(Denied::Hidden));
        for wide in [Action::ManageIdentity, Action::ManageOwnKeys, Action::OperateTenants, Action::ReadAudit]
        {
            assert_eq!(access.check(wide), Err(Denied::Forbidden(wide)));
        }
    }

    #[test]
    fn scopes_narrow_what_a_role_may() {
        let scopes = Some(BTreeSet::from([KeyScope::Search]));
        let access = access(TenantId::ROOT, Rights { scopes, ..Rights::of(Role::Owner) });
        let allowed: Vec<_> =
            Action::ALL.into_iter().filter(|action| access.check(*action).is_ok()).collect();
        assert_eq!(allowed, [Action::Search]);
    }

    #[test]
    fn only_the_root_tenant_operates_the_server() {
        for (tenant, may) in [(TenantId::ROOT, true), (TenantId::new(), false)] {
            let access = access(tenant, Rights::of(Role::Owner));
            assert_eq!(access.check(Action::OperateTenants).is_ok(), may);
            assert_eq!(access.check(Action::ReadServer).is_ok(), may);
            assert!(access.check(Action::ManageTenant).is_ok());
        }
    }

    #[test]
    fn whoever_manages_a_collection_sees_all_its_documents() {
        let collection = CollectionId::new();
        let names = vec!["user:ada".to_owned()];
        for (role, all) in
            [(Role::Reader, false), (Role::Editor, false), (Role::Admin, true), (Role::Owner, true)]
        {
            let access = access(TenantId::ROOT, Rights { principals: names.clone(), ..Rights::of(role) });
            let expected = if all { Visibility::All } else { Visibility::Opened(&names) };
            assert_eq!(access.visibility(collection), expected, "{role}");
        }
    }

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
        let access = Access::owner(TenantId::ROOT, Actor::Local).with_origin(origin.clone());
        assert_eq!((access.tenant(), access.actor()), (TenantId::ROOT, &Actor::Local));
        assert_eq!(access.by().origin(), Some(&origin));
        assert!(Access::system(TenantId::ROOT, "test").by().origin().is_none());
    }
}
