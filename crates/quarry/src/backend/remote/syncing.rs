//! The verbs on sources and webhooks, through the API.

use quarry_core::{Page, PageRequest, WebhookId};
use quarry_engine::{
    sources::{NewSource, SourceItem, SourceRun, SourceView, UpdateSource},
    webhooks::{DeliveryInfo, NewWebhook, WebhookView},
};
use serde_json::json;

use super::{Remote, paged};
use crate::failure::Outcome;

impl Remote {
    pub(in crate::backend) async fn sources(&self, page: &PageRequest) -> Outcome<Page<SourceView>> {
        self.0.get("/v1/sources", &paged(page)).await
    }

    pub(in crate::backend) async fn source(&self, source: &str) -> Outcome<SourceView> {
        self.0.get(&format!("/v1/sources/{source}"), &[]).await
    }

    pub(in crate::backend) async fn add_source(&self, new: NewSource) -> Outcome<SourceView> {
        self.0.post("/v1/sources", &new).await
    }

    pub(in crate::backend) async fn update_source(
        &self,
        source: &str,
        change: UpdateSource,
    ) -> Outcome<SourceView> {
        self.0.patch(&format!("/v1/sources/{source}"), &change).await
    }

    pub(in crate::backend) async fn remove_source(&self, source: &str, documents: bool) -> Outcome<()> {
        let what = if documents { "remove" } else { "keep" };
        self.0.delete(&format!("/v1/sources/{source}?documents={what}")).await
    }

    pub(in crate::backend) async fn sync_source(&self, source: &str, force: bool) -> Outcome<SourceRun> {
        self.0.post(&format!("/v1/sources/{source}/sync?force={force}"), &json!({})).await
    }

    pub(in crate::backend) async fn source_runs(
        &self,
        source: &str,
        page: &PageRequest,
    ) -> Outcome<Page<SourceRun>> {
        self.0.get(&format!("/v1/sources/{source}/runs"), &paged(page)).await
    }

    pub(in crate::backend) async fn source_items(
        &self,
        source: &str,
        page: &PageRequest,
    ) -> Outcome<Page<SourceItem>> {
        self.0.get(&format!("/v1/sources/{source}/items"), &paged(page)).await
    }

    pub(in crate::backend) async fn webhooks(&self, page: &PageRequest) -> Outcome<Page<WebhookView>> {
        self.0.get("/v1/webhooks", &paged(page)).await
    }

    pub(in crate::backend) async fn add_webhook(&self, new: NewWebhook) -> Outcome<WebhookView> {
        self.0.post("/v1/webhooks", &new).await
    }

    pub(in crate::backend) async fn remove_webhook(&self, id: WebhookId) -> Outcome<()> {
        self.0.delete(&format!("/v1/webhooks/{id}")).await
    }

    pub(in crate::backend) async fn deliveries(
        &self,
        id: WebhookId,
        page: &PageRequest,
    ) -> Outcome<Page<DeliveryInfo>> {
        self.0.get(&format!("/v1/webhooks/{id}/deliveries"), &paged(page)).await
    }

    pub(in crate::backend) async fn test_webhook(&self, id: WebhookId) -> Outcome<DeliveryInfo> {
        self.0.post(&format!("/v1/webhooks/{id}/test"), &json!({})).await
    }
}
