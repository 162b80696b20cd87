//! The verbs on keys, by the engine.

use quarry_core::{Page, PageRequest};
use quarry_engine::govern::{
    KeyView, MadeKey, MadeTenant, NewKeyRequest, NewTenant, Rotation, TenantChange, TenantUsage, TenantView,
    Whoami,
};

use super::Local;
use crate::failure::Outcome;

impl Local {
    pub(in crate::backend) async fn keys(&self, page: &PageRequest) -> Outcome<Page<KeyView>> {
        Ok(self.engine.keys().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn add_key(&self, new: NewKeyRequest) -> Outcome<MadeKey> {
        Ok(self.engine.keys().add(&self.access, new).await?)
    }

    pub(in crate::backend) async fn revoke_key(&self, key: &str) -> Outcome<KeyView> {
        Ok(self.engine.keys().revoke(&self.access, key).await?)
    }

    pub(in crate::backend) async fn rotate_key(&self, key: &str, rotation: Rotation) -> Outcome<MadeKey> {
        Ok(self.engine.keys().rotate(&self.access, key, rotation).await?)
    }

    pub(in crate::backend) async fn tenants(&self, page: &PageRequest) -> Outcome<Page<TenantView>> {
        Ok(self.engine.tenants().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn add_tenant(&self, new: NewTenant) -> Outcome<MadeTenant> {
        Ok(self.engine.tenants().add(&self.access, new).await?)
    }

    pub(in crate::backend) async fn update_tenant(
        &self,
        tenant: &str,
        change: TenantChange,
    ) -> Outcome<TenantView> {
        Ok(self.engine.tenants().update(&self.access, tenant, change).await?)
    }

    pub(in crate::backend) async fn erase_tenant(&self, tenant: &str) -> Outcome<()> {
        Ok(self.engine.tenants().erase(&self.access, tenant).await?)
    }

    pub(in crate::backend) async fn usage(&self, tenant: Option<&str>) -> Outcome<TenantUsage> {
        Ok(self.engine.tenants().usage(&self.access, tenant).await?)
    }

    pub(in crate::backend) async fn whoami(&self) -> Outcome<Whoami> {
        Ok(self.engine.identity().whoami(&self.access).await?)
    }
}
