//! The verbs on keys, and who one is.

use quarry_core::{Page, PageRequest};
use quarry_engine::govern::{
    KeyView, MadeKey, MadeTenant, NewKeyRequest, NewTenant, Rotation, TenantChange, TenantUsage, TenantView,
    Whoami,
};

use super::{Backend, verbs::verbs};
use crate::failure::Outcome;

verbs! {
    /// Lists keys.
    keys(page: &PageRequest) -> Page<KeyView>;
    /// Makes a key.
    add_key(new: NewKeyRequest) -> MadeKey;
    /// Revokes a key, by name or id.
    revoke_key(key: &str) -> KeyView;
    /// Makes a key that takes the place of another.
    rotate_key(key: &str, rotation: Rotation) -> MadeKey;
    /// Lists tenants.
    tenants(page: &PageRequest) -> Page<TenantView>;
    /// Makes a tenant.
    add_tenant(new: NewTenant) -> MadeTenant;
    /// Changes a tenant, by name or id.
    update_tenant(tenant: &str, change: TenantChange) -> TenantView;
    /// Erases a tenant with everything in it.
    erase_tenant(tenant: &str) -> ();
    /// How much a tenant has and uses; one's own when none is named.
    usage(tenant: Option<&str>) -> TenantUsage;
    /// Who asks, and what they may.
    whoami() -> Whoami;
}
