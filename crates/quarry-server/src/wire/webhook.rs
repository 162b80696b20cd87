//! Webhooks.

use utoipa::ToSchema;
use uuid::Uuid;

/// A webhook to add.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"url": "https://example.com/hooks/quarry", "events": ["document.dead"]}))]
pub struct NewWebhook {
    /// Where messages go, under the rules of `[outbound]`.
    pub url: String,
    /// What it is told of: `document.ready`, `document.dead`; both when nothing is said.
    pub events: Option<Vec<String>>,
    /// Only of this collection.
    pub collection: Option<String>,
}

/// A webhook.
#[derive(Clone, Debug, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: Uuid,
    /// Where messages go.
    pub url: String,
    /// What it is told of.
    pub events: Vec<String>,
    /// Only of this collection; absent for all.
    pub collection: Option<String>,
    /// What messages are signed with; shown once, when the webhook is made.
    pub secret: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
}

/// A message to a webhook.
#[derive(Clone, Debug, ToSchema)]
pub struct Delivery {
    /// Its id, as in `X-Quarry-Delivery`.
    pub id: Uuid,
    /// What it tells of: `document.ready`, `document.dead` or `test`.
    pub event: String,
    /// Where it is.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempt: u32,
    /// When it is sent next; absent when it is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<String>,
    /// What the address answered last.
    pub status: Option<u32>,
    /// Why that was not enough.
    pub error: Option<String>,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is to be sent, for the first time or again.
    Waiting,
    /// The address took it.
    Delivered,
    /// It was given up.
    Dead,
}
