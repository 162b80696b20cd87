//! The verbs on sources and webhooks, by the engine.

use quarry_core::{Page, PageRequest, WebhookId};
use quarry_engine::{
    sources::{NewSource, SourceItem, SourceRun, SourceView, UpdateSource},
    webhooks::{DeliveryInfo, NewWebhook, WebhookView},
};

use super::Local;
use crate::failure::Outcome;

impl Local {
    pub(in crate::backend) async fn sources(&self, page: &PageRequest) -> Outcome<Page<SourceView>> {
        Ok(self.engine.sources().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn source(&self, source: &str) -> Outcome<SourceView> {
        Ok(self.engine.sources().get(&self.access, source).await?)
    }

    pub(in crate::backend) async fn add_source(&self, new: NewSource) -> Outcome<SourceView> {
        Ok(self.engine.sources().add(&self.access, new).await?)
    }

    pub(in crate::backend) async fn update_source(
        &self,
        source: &str,
        change: UpdateSource,
    ) -> Outcome<SourceView> {
        Ok(self.engine.sources().update(&self.access, source, change).await?)
    }

    pub(in crate::backend) async fn remove_source(&self, source: &str, documents: bool) -> Outcome<()> {
        Ok(self.engine.sources().remove(&self.access, source, documents).await?)
    }

    pub(in crate::backend) async fn sync_source(&self, source: &str, force: bool) -> Outcome<SourceRun> {
        Ok(self.engine.sources().sync(&self.access, source, force).await?)
    }

    pub(in crate::backend) async fn source_runs(
        &self,
        source: &str,
        page: &PageRequest,
    ) -> Outcome<Page<SourceRun>> {
        Ok(self.engine.sources().runs(&self.access, source, page).await?)
    }

    pub(in crate::backend) async fn source_items(
        &self,
        source: &str,
        page: &PageRequest,
    ) -> Outcome<Page<SourceItem>> {
        Ok(self.engine.sources().items(&self.access, source, page).await?)
    }

    pub(in crate::backend) async fn webhooks(&self, page: &PageRequest) -> Outcome<Page<WebhookView>> {
        Ok(self.engine.webhooks().list(&self.access, page).await?)
    }

    pub(in crate::backend) async fn add_webhook(&self, new: NewWebhook) -> Outcome<WebhookView> {
        Ok(self.engine.webhooks().add(&self.access, new).await?)
    }

    pub(in crate::backend) async fn remove_webhook(&self, id: WebhookId) -> Outcome<()> {
        Ok(self.engine.webhooks().remove(&self.access, id).await?)
    }

    pub(in crate::backend) async fn deliveries(
        &self,
        id: WebhookId,
        page: &PageRequest,
    ) -> Outcome<Page<DeliveryInfo>> {
        Ok(self.engine.webhooks().deliveries(&self.access, id, page).await?)
    }

    pub(in crate::backend) async fn test_webhook(&self, id: WebhookId) -> Outcome<DeliveryInfo> {
        Ok(self.engine.webhooks().test(&self.access, id).await?)
    }
}
