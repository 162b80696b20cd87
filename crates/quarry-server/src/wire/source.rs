//! Sources.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Metadata;

/// What kind of place a source is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SourceKind {
    /// A folder of the machine that serves.
    Folder,
    /// A list of addresses.
    Web,
    /// A sender that brings its documents.
    Push,
}

/// A source to add. A folder has a `path`, the web has `urls`.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"name": "handbook", "kind": "web", "urls": ["https://example.com/handbook"], "every_seconds": 3600}))]
pub struct NewSource {
    /// Its name: 1 to 64 lower-case letters, digits, `-` or `_`, starting with a letter or digit. Sources of its documents
    /// begin with it.
    #[schema(example = "handbook")]
    pub name: String,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where its documents go; `default` when not said.
    pub collection: Option<String>,
    /// Of a folder: where it is on the machine that serves, below one of `sources.folder_roots`.
    pub path: Option<String>,
    /// Of a folder: patterns of the files that belong to it, such as `docs/**/*.md`; all when not said.
    pub include: Option<Vec<String>>,
    /// Of a folder: patterns of what is left out.
    pub exclude: Option<Vec<String>>,
    /// Of the web: the addresses, under the rules of `[outbound]`.
    pub urls: Option<Vec<String>>,
    /// Metadata of every document; `source_name` is added.
    pub metadata: Option<Metadata>,
    /// How often it is looked at by itself, 10 to 31,536,000; only when asked for when not said.
    #[schema(minimum = 10)]
    pub every_seconds: Option<u64>,
    /// Whether it begins paused.
    pub paused: Option<bool>,
}

/// A change of a source. What is absent stays.
#[derive(Clone, Debug, ToSchema)]
pub struct UpdateSource {
    /// Of a folder: where it is.
    pub path: Option<String>,
    /// Of a folder: patterns of the files that belong to it.
    pub include: Option<Vec<String>>,
    /// Of a folder: patterns of what is left out.
    pub exclude: Option<Vec<String>>,
    /// Of the web: the addresses.
    pub urls: Option<Vec<String>>,
    /// Metadata of documents that are read from now on.
    pub metadata: Option<Metadata>,
    /// How often it is looked at by itself; null for no longer.
    pub every_seconds: Option<u64>,
    /// Whether it is not looked at by itself for now.
    pub paused: Option<bool>,
}

/// A source whose documents are kept in sync.
#[derive(Clone, Debug, ToSchema)]
pub struct SyncedSource {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What kind of place it is.
    pub kind: SourceKind,
    /// Where its documents go.
    pub collection: String,
    /// Of a folder: where it is.
    pub path: Option<String>,
    /// Of a folder: patterns of the files that belong to it.
    pub include: Option<Vec<String>>,
    /// Of a folder: patterns of what is left out.
    pub exclude: Option<Vec<String>>,
    /// Of the web: the addresses.
    pub urls: Option<Vec<String>>,
    /// Metadata of every document.
    pub metadata: Option<Metadata>,
    /// How often it is looked at by itself.
    pub every_seconds: Option<u64>,
    /// Whether it is not looked at by itself for now.
    pub paused: bool,
    /// Whether a run goes now.
    pub running: bool,
    /// What the last run did, or does.
    pub last_run: Option<SourceRun>,
    /// When it is looked at next.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_due_at: Option<String>,
    /// What its sender signs with; shown once, when a push source is made.
    pub secret: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SourceRunState {
    /// It goes.
    Running,
    /// It did everything; single entries may have failed.
    Finished,
    /// It could not do everything; its error says why.
    Failed,
    /// Its process ended; the next run goes on.
    Interrupted,
}

/// One look at a source.
#[derive(Clone, Debug, ToSchema)]
pub struct SourceRun {
    /// Its number, from 1.
    pub number: u64,
    /// Where it is.
    pub state: SourceRunState,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: String,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<String>,
    /// New documents.
    pub added: u64,
    /// New versions of documents.
    pub changed: u64,
    /// Documents whose entry has another name now.
    pub renamed: u64,
    /// Documents that were removed with their entries.
    pub removed: u64,
    /// Entries that are as they were.
    pub unchanged: u64,
    /// Entries of a kind that is not read.
    pub skipped: u64,
    /// Entries that could not be read this time; their documents stay as they were.
    pub failed: u64,
    /// Why it could not do everything.
    pub error: Option<String>,
    /// The first 100 entries that failed.
    pub failures: Vec<SourceFailure>,
}

/// An entry that could not be read.
#[derive(Clone, Debug, ToSchema)]
pub struct SourceFailure {
    /// Which entry.
    pub key: String,
    /// A sentence.
    pub reason: String,
}

/// What is known of an entry.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SourceItemState {
    /// It is to be read.
    Pending,
    /// Its document is up to date.
    Kept,
    /// It is of a kind that is not read.
    Skipped,
}

/// An entry of a source, as it was when it was last read.
#[derive(Clone, Debug, ToSchema)]
pub struct SourceItem {
    /// Its name in the source: a path, an address, the sender's own id.
    pub key: String,
    /// What is known of it.
    pub state: SourceItemState,
    /// The entity tag it had.
    pub etag: Option<String>,
    /// When it was changed, in the words of a server.
    pub last_modified: Option<String>,
    /// When it was changed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub modified_at: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// SHA-256 of its bytes, in hexadecimal.
    pub content_hash: Option<String>,
    /// Its document.
    pub document_id: Option<Uuid>,
    /// Since when it is gone, where its document was not removed for it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub missing_since: Option<String>,
    /// The number of the last run that saw it.
    pub seen: u64,
}

/// What a sender brings: at most 1,000 of each.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Push {
    /// Documents that are new or changed.
    #[schema(required = false)]
    pub upserts: Vec<PushDocument>,
    /// Keys of documents that are gone.
    #[schema(required = false)]
    pub deletes: Vec<String>,
}

/// A document that a sender brings, with `text` or `content_base64`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushDocument {
    /// The sender's own id of it.
    pub key: String,
    /// Its text.
    pub text: Option<String>,
    /// Its bytes.
    pub content_base64: Option<String>,
    /// Its title; taken from the text when absent.
    pub title: Option<String>,
    /// A file name, whose extension is a hint for detection.
    pub name: Option<String>,
    /// What the sender says it is; detection by content decides.
    pub media_type: Option<String>,
    /// What filters can ask about.
    #[serde(default)]
    #[schema(value_type = Metadata, required = false)]
    pub metadata: quarry_core::Metadata,
}
