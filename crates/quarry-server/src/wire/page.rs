//! Lists, a page at a time.

use quarry_core::{Cursor, PageRequest};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    Agent, AuditEntry, Chunk, Collection, Delivery, Document, Fact, HistoryEntry, Job, Key, Message, Run,
    Session, SourceItem, SourceRun, SyncedSource, Tenant, Webhook,
};

/// How many items a page has at most.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub struct Limit(u32);

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if (1..=PageRequest::MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(format!("{number} is not between 1 and {}", PageRequest::MAX))
    }
}

/// Which page to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// How many items at most, 1 to 500; 50 when not said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// The engine's page request.
pub(crate) fn request(limit: Option<Limit>, cursor: Option<String>) -> PageRequest {
    PageRequest::new(limit.map(|limit| limit.0), cursor.map(Cursor))
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident of $item:ty),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, ToSchema)]
        pub struct $name {
            /// The items, in the list's order.
            pub items: Vec<$item>,
            /// Where the next page starts; absent on the last.
            pub next_cursor: Option<String>,
        }
    )+};
}

pages! {
    /// Collections, by name.
    CollectionPage of Collection,
    /// Documents, newest first.
    DocumentPage of Document,
    /// Chunks, in the text's order.
    ChunkPage of Chunk,
    /// Tenants, newest first.
    TenantPage of Tenant,
    /// Keys, newest first.
    KeyPage of Key,
    /// Jobs, newest first.
    JobPage of Job,
    /// Questions, newest first.
    HistoryPage of HistoryEntry,
    /// Rows of the audit log, newest first.
    AuditPage of AuditEntry,
    /// Agents by name, or versions of one, newest first.
    AgentPage of Agent,
    /// Runs, newest first.
    RunPage of Run,
    /// Sessions, newest first.
    SessionPage of Session,
    /// Messages, oldest first.
    MessagePage of Message,
    /// Facts, newest first.
    FactPage of Fact,
    /// Sources, by name.
    SourcePage of SyncedSource,
    /// Runs of a source, newest first.
    SourceRunPage of SourceRun,
    /// Entries of a source, by key.
    SourceItemPage of SourceItem,
    /// Webhooks, newest first.
    WebhookPage of Webhook,
    /// Messages of a webhook, newest first.
    DeliveryPage of Delivery,
}
