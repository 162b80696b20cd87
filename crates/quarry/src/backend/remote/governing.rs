//! The verbs on keys, through the API.

use quarry_core::{Page, PageRequest};
use quarry_engine::govern::{KeyView, MadeKey, NewKeyRequest, Rotation, Whoami};

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

    pub(in crate::backend) async fn whoami(&self) -> Outcome<Whoami> {
        self.0.get("/v1/me", &[]).await
    }
}
