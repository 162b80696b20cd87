//! Documents and chunks.

use std::collections::BTreeMap;

use quarry_core::{CollectionName, DocumentId, JobId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::JobStage;

/// Named values that filters can ask about: true, false, numbers, text, or lists of these.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"year": 2024, "tags": ["finance", "audit"], "draft": false}))]
pub struct Metadata(pub BTreeMap<String, serde_json::Value>);

/// Documents to add: several in `documents`, or one at the top level.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"collection": "default", "documents": [
    {"source": "notes/tides.md", "text": "# Tides\n\nThe moon raises the sea twice a day.", "metadata": {"year": 2024}}
]}))]
pub struct AddDocuments {
    /// Where they belong; `default` when not said.
    #[schema(value_type = Option<String>)]
    pub collection: Option<CollectionName>,
    /// The documents, 1,000 at most. Not beside the fields below.
    pub documents: Option<Vec<NewDocument>>,
    /// As in `documents`, for a single document.
    pub source: Option<String>,
    /// The same.
    pub title: Option<String>,
    /// The same.
    pub text: Option<String>,
    /// The same.
    pub content_base64: Option<String>,
    /// The same.
    pub name: Option<String>,
    /// The same.
    pub media_type: Option<String>,
    /// The same.
    #[schema(value_type = Option<Metadata>)]
    pub metadata: Option<quarry_core::Metadata>,
    /// The same.
    pub password: Option<String>,
    /// The same.
    #[schema(minimum = 0, maximum = 9)]
    pub priority: Option<u32>,
    /// The same.
    pub readers: Option<Vec<String>>,
}

/// A document to add: its text, or a file's bytes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    /// Where it comes from: a path, a URL, an id of yours. The same source again makes a new version. Made from the
    /// content when not said.
    pub source: Option<String>,
    /// Its title; taken from the text when not said.
    pub title: Option<String>,
    /// Its text. Either this or `content_base64`.
    pub text: Option<String>,
    /// A file's bytes, in base64.
    pub content_base64: Option<String>,
    /// The file's name: its ending helps to recognise the format.
    pub name: Option<String>,
    /// What it is, such as `text/markdown`; the content decides.
    pub media_type: Option<String>,
    /// What filters can ask about.
    #[serde(default)]
    #[schema(value_type = Option<Metadata>)]
    pub metadata: quarry_core::Metadata,
    /// What opens it, where it is encrypted. Kept with the document, since it is read again when its collection is cut
    /// anew.
    pub password: Option<String>,
    /// How urgent it is: 0 is served first, 9 last; 5 when not said.
    #[schema(minimum = 0, maximum = 9)]
    pub priority: Option<u32>,
    /// Who may read it, beside those who manage the collection: `user:NAME`, `group:NAME`, `key:NAME`. Everyone in the
    /// collection when not said, or those of the version before.
    #[schema(example = json!(["group:finance"]))]
    pub readers: Option<Vec<String>>,
}

/// Files to add, as a form.
#[derive(Clone, Debug, ToSchema)]
pub struct UploadForm {
    /// One part for each file.
    #[schema(value_type = Vec<String>, format = Binary)]
    pub file: Vec<u8>,
    /// Where they belong; `default` when not said.
    pub collection: Option<String>,
    /// A JSON object of metadata, for all files.
    pub metadata: Option<String>,
    /// Where the file comes from, only with one file; its name when not said.
    pub source: Option<String>,
    /// What opens the files, where they are encrypted.
    pub password: Option<String>,
    /// How urgent they are: 0 is served first, 9 last; 5 when not said.
    pub priority: Option<u32>,
    /// Who may read them, as a JSON list of names.
    pub readers: Option<String>,
}

/// What came of many lines.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct BulkReport {
    /// Lines that were not blank.
    pub lines: u64,
    /// Documents that are new.
    pub created: u64,
    /// New versions of known documents.
    pub new_versions: u64,
    /// Documents that are as they were.
    pub unchanged: u64,
    /// Lines that could not be taken.
    pub failed: u64,
    /// The first hundred of them.
    pub failures: Vec<BulkFailure>,
}

/// A line that could not be taken.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkFailure {
    /// Its number, from 1.
    pub line: u64,
    /// Its source, where it could be read.
    pub source: String,
    /// A stable code.
    pub code: String,
    /// A sentence.
    pub detail: String,
}

/// What adding did, document by document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Added {
    /// In the order they came.
    pub documents: Vec<AddedDocument>,
}

/// A document that was stored. It is searchable when its status is `ready`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AddedDocument {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DocumentId,
    /// Where it came from.
    #[schema(example = "notes/tides.md")]
    pub source: String,
    /// Its title; taken from the text when the text has been read.
    pub title: String,
    /// Where it is on its way.
    #[schema(value_type = DocumentStatus)]
    pub status: quarry_core::DocumentStatus,
    /// What adding did.
    #[schema(value_type = Outcome)]
    pub outcome: quarry_engine::AddOutcome,
    /// The job that makes it searchable; absent when unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub job_id: Option<JobId>,
    /// Its version, from 1.
    pub version: u32,
    /// Why it cannot be read, for `failed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What adding did.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Outcome {
    /// A new document.
    Created,
    /// A new version of a known source.
    NewVersion,
    /// The same as before.
    Unchanged,
}

/// Where a document is on its way.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Stored; waits for a worker.
    Pending,
    /// A worker has it.
    Processing,
    /// Its chunks are stored; the index has not applied them yet.
    Indexing,
    /// Searchable.
    Ready,
    /// It cannot be read.
    Failed,
}

/// Where a document's ingestion is, and why it waits.
#[derive(Clone, Debug, ToSchema)]
pub struct Ingestion {
    /// Its job.
    pub job_id: Uuid,
    /// The last thing that is done.
    pub stage: JobStage,
    /// What happens now or what it waits for, as a sentence.
    #[schema(example = "is being embedded: 120 of 4031 passages")]
    pub detail: String,
    /// Parts of the stage at hand that are done: pages that are recognised, passages that are embedded.
    pub done: u64,
    /// Parts of the stage at hand; 0 where they are not counted.
    pub total: u64,
    /// Tries so far.
    pub attempt: u32,
    /// After how many it is given up.
    pub max_attempts: u32,
    /// How often it waited for something that was missing, which costs no try.
    pub waits: u32,
    /// When it is tried next, where it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<String>,
    /// The code of what went wrong last.
    pub code: Option<String>,
    /// What a person can do about it.
    pub hint: Option<String>,
}

/// A document.
#[derive(Clone, Debug, ToSchema)]
pub struct Document {
    /// Its id.
    pub id: Uuid,
    /// The id of its collection.
    pub collection: Uuid,
    /// Where it came from.
    #[schema(example = "notes/tides.md")]
    pub source: String,
    /// Its title.
    pub title: String,
    /// What it is, detected from its bytes.
    #[schema(example = "text/markdown")]
    pub media_type: String,
    /// Where it is on its way.
    pub status: DocumentStatus,
    /// Why it failed, as a sentence.
    pub error: Option<String>,
    /// The newest version, from 1.
    pub version: u32,
    /// Size of the original in bytes.
    pub bytes: u64,
    /// SHA-256 of the original, in hexadecimal.
    pub content_hash: String,
    /// How many chunks are searchable.
    pub chunks: u32,
    /// Pages, where the format has them.
    pub pages: Option<u32>,
    /// Main language, ISO 639-3.
    pub language: Option<String>,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// Who may read it, beside those who manage the collection; absent for everyone in the collection.
    pub readers: Option<Vec<String>>,
    /// Where its ingestion is, and why it waits; absent when it is ready.
    pub ingestion: Option<Ingestion>,
    /// When it was first added.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: String,
}

/// Changes to a document. What is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateDocument {
    /// Its new source, where what it came from was renamed.
    pub source: Option<String>,
    /// Its new title.
    pub title: Option<String>,
    /// Its new metadata, in place of all it had.
    #[schema(value_type = Option<Metadata>)]
    pub metadata: Option<quarry_core::Metadata>,
    /// Who may read it, beside those who manage the collection; `null` for everyone in the collection.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    pub readers: Option<Option<Vec<String>>>,
}

/// Tells `null` from what is absent.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// A piece of a document, as it is found and cited.
#[derive(Clone, Debug, ToSchema)]
pub struct Chunk {
    /// `<document>.<version>.<ordinal>`
    pub id: String,
    /// The text.
    pub text: String,
    /// Headings above it, outermost first.
    pub headings: Vec<String>,
    /// The page it starts on.
    pub page: Option<u32>,
    /// Where it stands in the document's text.
    pub span: Span,
    /// What it mostly is.
    pub kind: ChunkKind,
}

/// A range of characters (Unicode scalar values) in a document's text.
#[derive(Clone, Copy, Debug, ToSchema)]
pub struct Span {
    /// The first.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// What a chunk mostly is.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ChunkKind {
    /// Running text.
    Prose,
    /// Items of a list.
    List,
    /// Rows of a table.
    Table,
    /// Source code.
    Code,
}
