//! The verbs on keys, through the API.

use quarry_core::{Page, PageRequest};
use quarry_engine::govern::{
    KeyView, MadeKey, MadeTenant, NewKeyRequest, NewTenant, Rotation, TenantChange, TenantUsage, TenantView,
    Whoami,
};

use super::{Remote, paged};
use crate::failure::Outcome;

impl Remote {
    pub(in crate::backend) async fn keys(&self, page: &PageRequest) -> Outcome<Page<KeyView>> {
        self.0.get("/v1/keys", &paged(page)).await
    }

    pub(in crate::backend) async fn add_key(&self, new: NewKeyRequest) -> Outcome<MadeKey> {
        self.0.post("/v1/keys", &new).await
    }

    pub(in crate::backend) async fn revoke_key(&self, key: &str) -> Outcome<KeyView> {
        let path = format!("/v1/keys/{key}");
        self.0.delete(&path).await?;
        self.0.get(&path, &[]).await
    }

    pub(in crate::backend) async fn rotate_key(&self, key: &str, rotation: Rotation) -> Outcome<MadeKey> {
        self.0.post(&format!("/v1/keys/{key}/rotate"), &rotation).await
    }

    pub(in crate::backend) async fn tenants(&self, page: &PageRequest) -> Outcome<Page<TenantView>> {
        self.0.get("/v1/tenants", &paged(page)).await
    }

    pub(in crate::backend) async fn add_tenant(&self, new: NewTenant) -> Outcome<MadeTenant> {
        self.0.post("/v1/tenants", &new).await
    }

    pub(in crate::backend) async fn update_tenant(
        &self,
        tenant: &str,
        change: TenantChange,
    ) -> Outcome<TenantView> {
        self.0.patch(&format!("/v1/tenants/{tenant}"), &change).await
    }

    pub(in crate::backend) async fn erase_tenant(&self, tenant: &str) -> Outcome<()> {
        self.0.delete(&format!("/v1/tenants/{tenant}")).await
    }

    pub(in crate::backend) async fn usage(&self, tenant: Option<&str>) -> Outcome<TenantUsage> {
        match tenant {
            Some(tenant) => self.0.get(&format!("/v1/tenants/{tenant}/usage"), &[]).await,
            None => self.0.get("/v1/usage", &[]).await,
        }
    }

    pub(in crate::backend) async fn whoami(&self) -> Outcome<Whoami> {
        self.0.get("/v1/me", &[]).await
    }
}
