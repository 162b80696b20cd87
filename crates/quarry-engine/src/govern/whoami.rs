//! What the caller is and may.

use std::collections::BTreeSet;

use quarry_core::{Access, Action, CollectionName, KeyScope, Role, TenantId};
use serde::{Deserialize, Serialize};

use super::authenticate::Identity;
use crate::error::EngineError;

/// Who asks, and what they may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami {
    /// Whose data they see.
    pub tenant_id: TenantId,
    /// That tenant's name.
    pub tenant: String,
    /// Who they are, as the audit log names them: `user:ada`, `key:ci`, `local`.
    pub actor: String,
    /// What they are in the whole tenant; absent for people of single collections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The groups they are in.
    pub groups: Vec<String>,
    /// What the key is narrowed to; absent for all that the role may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<KeyScope>>,
    /// The collections they see; absent for all of the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collections: Option<BTreeSet<CollectionName>>,
}

impl Identity<'_> {
    /// What the caller is and may. Everybody may ask.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn whoami(&self, access: &Access) -> Result<Whoami, EngineError> {
        let store = &self.0.inner().store;
        let rights = access.rights();
        let mut names = BTreeSet::new();
        let reach = access.reach();
        for id in reach.iter().flatten() {
            // One that was removed meanwhile is nobody's.
            if let Ok(collection) = store.collections().get_by_id(access.tenant(), *id).await
                && access.check_in(Action::ReadCollection, *id).is_ok()
            {
                names.insert(collection.name);
            }
        }
        let groups = rights.principals.iter().filter_map(|name| name.strip_prefix("group:"));
        Ok(Whoami {
            tenant_id: access.tenant(),
            tenant: store.tenants().name(access.tenant()).await?,
            actor: access.actor().to_string(),
            role: rights.role,
            groups: groups.map(str::to_owned).collect(),
            scopes: rights.scopes.clone(),
            collections: reach.map(|_| names),
        })
    }
}
