//! From a credential to an access.

use std::{collections::BTreeSet, sync::Arc};

use quarry_core::{Access, Actor, By, ErrorKind, Fault, Rights, Role, TenantId, UserId};
use quarry_store::{FoundKey, KeyRow, Standing};
use subtle::ConstantTimeEq;

use super::{
    known::{KeyStanding, Ready},
    secret_key::SecretKey,
};
use crate::{
    engine::{Engine, Inner},
    error::EngineError,
};

/// Why a credential is not taken. What the caller reads is the same for everything that would tell a stranger whether
/// a key exists; only who shows a whole right key learns more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not one of ours, or was mistyped.
    #[error(
        "the key is not one that this server gave out; on the server's machine there is one in `admin.key` in the data folder"
    )]
    Unknown,
    /// It was revoked.
    #[error("the key was revoked; ask for another one")]
    Revoked,
    /// Its time is over.
    #[error("the key has expired; ask for another one, or rotate keys before they expire")]
    Expired,
    /// Its person may not act any more.
    #[error("the account that this credential acts for is disabled")]
    Disabled,
    /// There is no tenant that its issuer could mean.
    #[error("the token names a tenant that its issuer does not speak for here")]
    NoTenant,
    /// Its tenant is suspended.
    #[error("the tenant is suspended; its operator can resume it")]
    Suspended,
}

impl Fault for Refusal {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Suspended => ErrorKind::Forbidden,
            _ => ErrorKind::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unauthenticated",
            Self::Revoked => "key_revoked",
            Self::Expired => "key_expired",
            Self::Disabled => "account_disabled",
            Self::NoTenant => "invalid_token",
            Self::Suspended => "tenant_suspended",
        }
    }
}

/// A person that somebody vouches for: the database, an issuer of tokens, a login.
#[derive(Clone, Debug)]
pub struct Person {
    /// Where they act.
    pub tenant: TenantId,
    /// Their name in the tenant.
    pub name: String,
    /// Their row, where the database knows them.
    pub user: Option<UserId>,
    /// What they are in the tenant by what was said of them.
    pub role: Option<Role>,
    /// Groups that were named; absent for those of the database.
    pub groups: Option<Vec<String>>,
}

/// How credentials become accesses.
#[derive(Clone, Copy)]
pub struct Identity<'a>(pub(crate) &'a Engine);

impl Identity<'_> {
    /// The access that a key opens.
    ///
    /// # Errors
    /// A [`Refusal`], `quota_spent`, or storage errors.
    pub async fn of_key(&self, presented: &str) -> Result<Access, EngineError> {
        let Some(shown) = SecretKey::read(presented) else { return Err(Refusal::Unknown.into()) };
        let inner = self.0.inner();
        let keys = match inner.keys.find(shown.prefix()) {
            Some(keys) => keys,
            None => look_up(inner, shown.prefix()).await?,
        };
        let hash = shown.hash();
        // Every key of the prefix is compared, the right one or not.
        let mut right = None;
        for key in keys.iter() {
            if bool::from(key.hash.ct_eq(&hash)) {
                right = Some(key);
            }
        }
        let key = right.ok_or(Refusal::Unknown)?;
        let now = inner.clock.now();
        match key.standing {
            KeyStanding::Revoked => return Err(Refusal::Revoked.into()),
            KeyStanding::Disabled => return Err(Refusal::Disabled.into()),
            KeyStanding::Suspended => return Err(Refusal::Suspended.into()),
            KeyStanding::Good => {}
        }
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Expired.into());
        }
        inner.spending.enter(inner, key.tenant).await?;
        inner.keys.used(key.id, now);
        Ok(Access::authenticated(key.tenant, key.actor.clone(), Arc::clone(&key.rights)))
    }

    /// The access of a person that somebody vouches for, with the roles that the database has for them and their groups.
    ///
    /// # Errors
    /// `quota_spent`, storage errors.
    pub async fn of_person(&self, person: &Person) -> Result<Access, EngineError> {
        let inner = self.0.inner();
        let rights = rights_of(inner, person).await?;
        inner.spending.enter(inner, person.tenant).await?;
        Ok(Access::authenticated(person.tenant, Actor::User(person.name.clone()), Arc::new(rights)))
    }

    /// Makes sure that the key of this data folder opens the root tenant, once: a key that was revoked stays so.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn admit_folder_key(&self, key: &SecretKey) -> Result<(), EngineError> {
        let inner = self.0.inner();
        if inner.store.keys().by_hash(&key.hash()).await?.is_some() {
            return Ok(());
        }
        let taken = inner.store.keys().by_name(TenantId::ROOT, "admin").await.is_ok();
        let name = if taken { format!("admin-{}", key.prefix()) } else { "admin".to_owned() };
        let new = quarry_store::NewKey {
            name,
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
            role: Role::Owner,
            scopes: None,
            collections: None,
            owner: None,
            expires_at: None,
        };
        inner.store.keys().add(TenantId::ROOT, &By::new(Actor::System("first start")), new).await?;
        inner.keys.forget();
        Ok(())
    }
}

async fn look_up(inner: &Inner, prefix: &str) -> Result<Arc<[Ready]>, EngineError> {
    let mark = inner.keys.mark();
    let mut keys = Vec::new();
    for found in inner.store.keys().find(prefix).await? {
        keys.push(ready(inner, found).await?);
    }
    let keys: Arc<[Ready]> = keys.into();
    if inner.store.is_alone() {
        inner.keys.remember(mark, prefix, &keys);
    }
    Ok(keys)
}

async fn ready(inner: &Inner, found: FoundKey) -> Result<Ready, EngineError> {
    let FoundKey { key, hash, suspended, owner } = found;
    let standing = match &owner {
        _ if key.revoked_at.is_some() => KeyStanding::Revoked,
        _ if suspended => KeyStanding::Suspended,
        Some(owner) if owner.disabled => KeyStanding::Disabled,
        _ => KeyStanding::Good,
    };
    let (actor, rights) = match owner {
        Some(owner) => {
            let person = Person {
                tenant: key.tenant,
                name: owner.name.clone(),
                user: Some(owner.id),
                role: None,
                groups: None,
            };
            (Actor::User(owner.name), narrowed(rights_of(inner, &person).await?, &key))
        }
        None => {
            let principals = vec![format!("key:{}", key.name)];
            (Actor::Key(key.name.clone()), narrowed(Rights { principals, ..Rights::of(key.role) }, &key))
        }
    };
    Ok(Ready {
        id: key.id,
        hash,
        tenant: key.tenant,
        actor,
        rights: Arc::new(rights),
        expires_at: key.expires_at,
        standing,
    })
}

/// A key never opens more than its person may, and never more than the key itself.
fn narrowed(of_person: Rights, key: &KeyRow) -> Rights {
    let at_most = |role: Role| role.min(key.role);
    Rights {
        role: of_person.role.map(at_most),
        collections: of_person.collections.into_iter().map(|(id, role)| (id, at_most(role))).collect(),
        only: key.collections.clone(),
        scopes: key.scopes.clone(),
        principals: of_person.principals,
    }
}

async fn rights_of(inner: &Inner, person: &Person) -> Result<Rights, EngineError> {
    let people = inner.store.people();
    let mut standing = Standing { role: person.role, groups: Vec::new() };
    let from_database = match (&person.groups, person.user) {
        (Some(named), _) => {
            standing.groups.clone_from(named);
            people.of_groups(person.tenant, named).await?
        }
        (None, Some(user)) => people.standing(person.tenant, user).await?,
        (None, None) => Standing::default(),
    };
    let role = standing.role.max(from_database.role);
    let groups: BTreeSet<String> = standing.groups.into_iter().chain(from_database.groups).collect();
    let mut principals = vec![format!("user:{}", person.name)];
    principals.extend(groups.into_iter().map(|group| format!("group:{group}")));
    let collections = people.collection_roles(person.tenant, &principals).await?;
    Ok(Rights { role, collections, only: None, scopes: None, principals })
}
