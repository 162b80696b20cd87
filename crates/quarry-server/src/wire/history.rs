//! The history.

use utoipa::ToSchema;
use uuid::Uuid;

/// One question that was asked.
#[derive(Clone, Debug, ToSchema)]
pub struct HistoryEntry {
    /// Its id.
    pub id: Uuid,
    /// `search` or `query`.
    #[schema(example = "query")]
    pub kind: String,
    /// The collection's name when it was asked.
    pub collection: String,
    /// The question.
    pub question: String,
    /// The answer, for `query`.
    pub answer: Option<String>,
    /// Whether the documents answered, for `query`.
    pub answered: Option<bool>,
    /// What was found, best first: `{"chunk_id", "score"}`.
    pub hits: Vec<serde_json::Value>,
    /// Milliseconds it took.
    pub took_ms: f64,
    /// Who asked.
    #[schema(example = "key:admin")]
    pub actor: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
}
