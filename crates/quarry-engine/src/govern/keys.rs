//! The verbs on keys. Nobody makes a key that can do more than they can.

use std::{collections::BTreeSet, time::Duration};

use quarry_core::{
    Access, Action, Actor, CollectionId, CollectionName, ErrorKind, Fault, KeyId, KeyScope, Page,
    PageRequest, Role, Timestamp, UserId,
};
use quarry_store::{KeyRotation, KeyRow, NewKey, StoreError};
use serde::{Deserialize, Serialize};

use super::{permit::must, secret_key::SecretKey};
use crate::{engine::Engine, error::EngineError};

/// Most collections that a key is confined to.
const MOST_COLLECTIONS: usize = 100;
/// For how long both keys of a rotation are taken, unless something else is said.
const OVERLAP: Duration = Duration::from_hours(24);
/// Longest overlap of a rotation.
const LONGEST_OVERLAP: Duration = Duration::from_hours(24 * 90);

/// A key to make.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKeyRequest {
    /// Its name.
    pub name: String,
    /// What it is at most; absent for the least role that its scopes need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What it is narrowed to; absent for all that its role may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<KeyScope>>,
    /// The collections it is confined to; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<BTreeSet<CollectionName>>,
    /// From when on it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it acts for whoever makes it, as a personal key.
    #[serde(default)]
    pub personal: bool,
}

/// How a key is rotated.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The new key's name; absent for the old one with the new prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For how many seconds both are taken; absent for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<u64>,
    /// From when on the new one is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A key, as it is shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyView {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// What it is at most.
    pub role: Role,
    /// What it is narrowed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<KeyScope>>,
    /// The collections it is confined to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collections: Option<BTreeSet<CollectionId>>,
    /// The person it acts for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Since when it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, within a minute or so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    /// The key it was rotated to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<KeyId>,
}

/// A key that was made now, with the key itself, which is nowhere else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MadeKey {
    /// What is kept of it.
    #[serde(flatten)]
    pub view: KeyView,
    /// The key.
    #[serde(with = "shown_once")]
    pub key: SecretKey,
}

/// A key on its way to whoever asked for it: nowhere else is one written.
mod shown_once {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use super::SecretKey;

    pub(super) fn serialize<S: Serializer>(key: &SecretKey, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(key.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SecretKey, D::Error> {
        let text = String::deserialize(from)?;
        SecretKey::read(&text).ok_or_else(|| D::Error::custom("that is no key"))
    }
}

/// The verbs on keys.
#[derive(Clone, Copy)]
pub struct Keys<'a>(pub(crate) &'a Engine);

impl Keys<'_> {
    /// Makes a key. The key itself is in the answer and nowhere else.
    ///
    /// # Errors
    /// `forbidden`, `invalid_key`, `key_exists`, `collection_not_found`.
    pub async fn add(&self, access: &Access, new: NewKeyRequest) -> Result<MadeKey, EngineError> {
        must(access, if new.personal { Action::ManageOwnKeys } else { Action::ManageIdentity })?;
        let inner = self.0.inner();
        check_name(&new.name)?;
        let now = inner.clock.now();
        check_expiry(new.expires_at, now)?;
        let role = role_for(access, &new)?;
        let key = SecretKey::make()?;
        let row = NewKey {
            name: new.name,
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
            role,
            scopes: new.scopes,
            collections: self.confined(access, new.collections).await?,
            owner: if new.personal { Some(self.person(access).await?) } else { None },
            expires_at: new.expires_at,
        };
        let row = inner.store.keys().add(access.tenant(), access.by(), row).await?;
        inner.keys.forget();
        Ok(MadeKey { view: view(row, now), key })
    }

    /// A key.
    ///
    /// # Errors
    /// `forbidden`, `key_not_found`.
    pub async fn get(&self, access: &Access, key: &str) -> Result<KeyView, EngineError> {
        Ok(view(self.mine(access, key).await?, self.0.inner().clock.now()))
    }

    /// A page of keys, newest first: all of the tenant for who manages them, and one's own for others.
    ///
    /// # Errors
    /// `forbidden`, `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<KeyView>, EngineError> {
        let inner = self.0.inner();
        let only = if access.check(Action::ManageIdentity).is_ok() {
            None
        } else {
            must(access, Action::ManageOwnKeys)?;
            match self.person(access).await {
                Ok(person) => Some(person),
                Err(error) if error.kind() == ErrorKind::Invalid => {
                    return Ok(Page { items: Vec::new(), next_cursor: None });
                }
                Err(error) => return Err(error),
            }
        };
        let now = inner.clock.now();
        Ok(inner.store.keys().list(access.tenant(), only, page).await?.map(|row| view(row, now)))
    }

    /// Refuses a key from now on, on every server.
    ///
    /// # Errors
    /// `forbidden`, `key_not_found`.
    pub async fn revoke(&self, access: &Access, key: &str) -> Result<KeyView, EngineError> {
        let inner = self.0.inner();
        let row = self.mine(access, key).await?;
        self.not_above(access, &row)?;
        let revoked = inner.store.keys().revoke(access.tenant(), access.by(), row.id).await;
        // Forgotten also when it may have failed: it may have worked.
        inner.keys.forget();
        Ok(view(revoked?, inner.clock.now()))
    }

    /// Makes a key that is and may what another one is and may; that one is refused after the overlap.
    ///
    /// # Errors
    /// `forbidden`, `key_not_found`, `invalid_key`, `key_over`, `key_exists`.
    pub async fn rotate(
        &self,
        access: &Access,
        key: &str,
        rotation: Rotation,
    ) -> Result<MadeKey, EngineError> {
        let inner = self.0.inner();
        let row = self.mine(access, key).await?;
        self.not_above(access, &row)?;
        let now = inner.clock.now();
        check_expiry(rotation.expires_at, now)?;
        let overlap = rotation.overlap_seconds.map_or(OVERLAP, Duration::from_secs);
        if overlap > LONGEST_OVERLAP {
            let problem = "the overlap of a rotation is at most 90 days";
            return Err(EngineError::invalid("invalid_key", "/overlap_seconds", problem));
        }
        let made = SecretKey::make()?;
        let name = rotation.name.unwrap_or_else(|| next_name(&row.name, made.prefix()));
        check_name(&name)?;
        let turned = KeyRotation {
            name,
            prefix: made.prefix().to_owned(),
            hash: made.hash(),
            overlap_until: now.after(overlap),
            expires_at: rotation.expires_at,
        };
        let row = inner.store.keys().rotate(access.tenant(), access.by(), row.id, turned).await;
        inner.keys.forget();
        Ok(MadeKey { view: view(row?, now), key: made })
    }

    /// A key by id or name, when the caller may manage it; one that they may not see is not there.
    async fn mine(&self, access: &Access, key: &str) -> Result<KeyRow, EngineError> {
        let all = access.check(Action::ManageIdentity).is_ok();
        if !all {
            must(access, Action::ManageOwnKeys)?;
        }
        let keys = self.0.inner().store.keys();
        let row = match key.parse::<KeyId>() {
            Ok(id) => keys.get(access.tenant(), id).await?,
            Err(_) => keys.by_name(access.tenant(), key).await?,
        };
        if !all && row.owner != Some(self.person(access).await?) {
            return Err(StoreError::KeyNotFound(key.to_owned()).into());
        }
        Ok(row)
    }

    /// An admin does not see to the keys of owners.
    fn not_above(&self, access: &Access, row: &KeyRow) -> Result<(), EngineError> {
        let _ = self;
        if row.owner.is_none() && Some(row.role) > access.rights().role {
            return Err(EngineError::Forbidden(Action::ManageTenant));
        }
        Ok(())
    }

    async fn confined(
        &self,
        access: &Access,
        named: Option<BTreeSet<CollectionName>>,
    ) -> Result<Option<BTreeSet<CollectionId>>, EngineError> {
        let Some(named) = named else { return Ok(None) };
        if named.is_empty() || named.len() > MOST_COLLECTIONS {
            let problem = format!("a key is confined to 1 to {MOST_COLLECTIONS} collections, or to none");
            return Err(EngineError::invalid("invalid_key", "/collections", problem));
        }
        let mut ids = BTreeSet::new();
        for name in &named {
            ids.insert(self.0.inner().permitted(access, Action::ReadCollection, name).await?.id);
        }
        Ok(Some(ids))
    }

    /// The row of the person who acts.
    async fn person(&self, access: &Access) -> Result<UserId, EngineError> {
        let found = match access.actor() {
            Actor::User(name) => self.0.inner().store.people().by_name(access.tenant(), name).await?,
            _ => None,
        };
        found.ok_or_else(|| {
            let problem = "only a person who is known here has keys of their own; a program's key is made without `personal`";
            EngineError::invalid("invalid_key", "/personal", problem)
        })
    }
}

/// The role of a new key: as asked, or the least that its scopes need; never more than the caller's, nor wider.
fn role_for(access: &Access, new: &NewKeyRequest) -> Result<Role, EngineError> {
    if new.scopes.as_ref().is_some_and(BTreeSet::is_empty) {
        let problem = "a key with no scopes could do nothing; leave `scopes` out for all that its role may";
        return Err(EngineError::invalid("invalid_key", "/scopes", problem));
    }
    let needed = new.scopes.iter().flatten().map(|scope| scope.least()).max();
    let role = new.role.or(needed).unwrap_or(Role::Reader);
    // A personal key is narrowed by its person's rights at each use.
    if !new.personal && Some(role) > access.rights().role {
        let problem = format!("you cannot make a key with the role `{role}`, which is more than yours");
        return Err(EngineError::invalid("invalid_key", "/role", problem));
    }
    let inside = access.rights().scopes.as_ref().is_none_or(|mine| {
        mine.contains(&KeyScope::Admin) || new.scopes.as_ref().is_some_and(|asked| asked.is_subset(mine))
    });
    if !inside {
        let problem = "the key that asks is narrowed to some scopes; a key it makes has to be as well";
        return Err(EngineError::invalid("invalid_key", "/scopes", problem));
    }
    Ok(role)
}

fn check_name(name: &str) -> Result<(), EngineError> {
    let fine = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.' | b'@');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fine) {
        let problem = "a key's name is 1 to 64 letters from a to z, digits, `-`, `_`, `.` or `@`";
        return Err(EngineError::invalid("invalid_key", "/name", problem));
    }
    Ok(())
}

fn check_expiry(expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), EngineError> {
    if expires_at.is_some_and(|end| end <= now) {
        return Err(EngineError::invalid("invalid_key", "/expires_at", "the key would have expired already"));
    }
    Ok(())
}

/// The name of what a key is rotated to, unless one is given: the old one with the new prefix, cut to fit.
fn next_name(name: &str, prefix: &str) -> String {
    let stem = name.rsplit_once("-qk_").map_or(name, |(stem, _)| stem);
    let stem: String = stem.chars().take(64 - 1 - prefix.len()).collect();
    format!("{stem}-{prefix}")
}

pub(super) fn view(row: KeyRow, now: Timestamp) -> KeyView {
    let status = match (row.revoked_at, row.expires_at) {
        (Some(_), _) => "revoked",
        (None, Some(end)) if end <= now => "expired",
        _ => "active",
    };
    KeyView {
        id: row.id,
        name: row.name,
        prefix: row.prefix,
        status: status.to_owned(),
        role: row.role,
        scopes: row.scopes,
        collections: row.collections,
        owner: row.owner,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
        replaced_by: row.replaced_by,
    }
}
