//! The verbs on sources and webhooks.

use quarry_core::{Page, PageRequest, WebhookId};
use quarry_engine::{
    sources::{NewSource, SourceItem, SourceRun, SourceView, UpdateSource},
    webhooks::{DeliveryInfo, NewWebhook, WebhookView},
};

use super::{Backend, verbs::verbs};
use crate::failure::Outcome;

verbs! {
    /// Lists sources.
    sources(page: &PageRequest) -> Page<SourceView>;
    /// A source, by name or id.
    source(source: &str) -> SourceView;
    /// Adds a source.
    add_source(new: NewSource) -> SourceView;
    /// Changes a source.
    update_source(source: &str, change: UpdateSource) -> SourceView;
    /// Removes a source, with its documents or without.
    remove_source(source: &str, documents: bool) -> ();
    /// Begins a run of a source.
    sync_source(source: &str, force: bool) -> SourceRun;
    /// Lists a source's runs.
    source_runs(source: &str, page: &PageRequest) -> Page<SourceRun>;
    /// Lists a source's entries.
    source_items(source: &str, page: &PageRequest) -> Page<SourceItem>;
    /// Lists webhooks.
    webhooks(page: &PageRequest) -> Page<WebhookView>;
    /// Adds a webhook.
    add_webhook(new: NewWebhook) -> WebhookView;
    /// Removes a webhook.
    remove_webhook(id: WebhookId) -> ();
    /// Lists a webhook's messages.
    deliveries(id: WebhookId, page: &PageRequest) -> Page<DeliveryInfo>;
    /// Sends a message that says nothing but that messages arrive.
    test_webhook(id: WebhookId) -> DeliveryInfo;
}
