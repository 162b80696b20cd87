//! Keys, and who the caller is.

use utoipa::ToSchema;
use uuid::Uuid;

/// What somebody is in a tenant or a collection. Each may do everything that the one before may.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Role {
    /// Searches, asks and reads.
    Reader,
    /// Adds, changes and removes documents.
    Editor,
    /// Manages collections, agents, sources, webhooks, people and keys.
    Admin,
    /// Manages the tenant itself.
    Owner,
}

/// What a key can be narrowed to.
#[derive(Clone, Copy, Debug, ToSchema)]
pub enum KeyScope {
    /// See collections.
    #[schema(rename = "collections:read")]
    CollectionsRead,
    /// Make, change, remove and maintain collections.
    #[schema(rename = "collections:write")]
    CollectionsWrite,
    /// Read documents and jobs.
    #[schema(rename = "documents:read")]
    DocumentsRead,
    /// Add, change and remove documents, and see to their jobs.
    #[schema(rename = "documents:write")]
    DocumentsWrite,
    /// Search.
    #[schema(rename = "search")]
    Search,
    /// Ask questions, run agents, keep sessions and facts.
    #[schema(rename = "runs")]
    Runs,
    /// Make, change and remove agents.
    #[schema(rename = "agents:write")]
    AgentsWrite,
    /// See, change and start sources.
    #[schema(rename = "sources")]
    Sources,
    /// Manage webhooks.
    #[schema(rename = "webhooks")]
    Webhooks,
    /// See the audit log.
    #[schema(rename = "audit:read")]
    AuditRead,
    /// See metrics and checks.
    #[schema(rename = "server:read")]
    ServerRead,
    /// Everything that the key's role may.
    #[schema(rename = "admin")]
    Admin,
}

/// Whether a key is taken.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It is.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// A key to make.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"name": "ci", "scopes": ["documents:write"], "collections": ["handbook"]}))]
pub struct NewKey {
    /// Its name, which is never given twice: 1 to 64 letters, digits, `-`, `_`, `.` or `@`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._@-]+$")]
    pub name: String,
    /// What it is at most; when not said, the least role that its scopes need, or `reader`.
    pub role: Option<Role>,
    /// What it is narrowed to; all that its role may when not said.
    pub scopes: Option<Vec<KeyScope>>,
    /// The collections it is confined to; all when not said.
    pub collections: Option<Vec<String>>,
    /// From when on it is refused; never when not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<String>,
    /// Whether it acts for whoever makes it, and never for more than they may.
    #[schema(default = false)]
    pub personal: Option<bool>,
}

/// A key, without the key.
#[derive(Clone, Debug, ToSchema)]
pub struct Key {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its first characters, by which it is known.
    #[schema(example = "qk_0f3a9c21")]
    pub prefix: String,
    /// Whether it is taken.
    pub status: KeyStatus,
    /// What it is at most.
    pub role: Role,
    /// What it is narrowed to; absent for all that its role may.
    pub scopes: Option<Vec<KeyScope>>,
    /// The collections it is confined to; absent for all.
    pub collections: Option<Vec<Uuid>>,
    /// The person it acts for; absent for a program's own key.
    pub owner: Option<Uuid>,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
    /// From when on it is refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<String>,
    /// Since when it is refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<String>,
    /// When it was last used, within a minute or so.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<String>,
    /// The key it was rotated to.
    pub replaced_by: Option<Uuid>,
}

/// A key that was made now.
#[derive(Clone, Debug, serde::Serialize, ToSchema)]
pub struct MadeKey {
    /// What is kept of it.
    #[serde(flatten)]
    #[schema(value_type = Key)]
    pub view: quarry_engine::govern::KeyView,
    /// The key itself. It is shown this once: only its hash is kept.
    #[schema(example = "qk_0f3a9c21...")]
    pub key: String,
}

/// How a key is rotated.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"overlap_seconds": 3600}))]
pub struct RotateKey {
    /// The new key's name; the old one with the new prefix when not said.
    #[schema(min_length = 1, max_length = 64)]
    pub name: Option<String>,
    /// For how many seconds both are taken; a day when not said, 90 days at most.
    #[schema(maximum = 7_776_000)]
    pub overlap_seconds: Option<u64>,
    /// From when on the new one is refused; never when not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<String>,
}

/// Who asks, and what they may.
#[derive(Clone, Debug, ToSchema)]
pub struct Whoami {
    /// Whose data they see.
    pub tenant_id: Uuid,
    /// That tenant's name.
    #[schema(example = "root")]
    pub tenant: String,
    /// Who they are, as the audit log names them.
    #[schema(example = "key:ci")]
    pub actor: String,
    /// What they are in the whole tenant; absent for people of single collections.
    pub role: Option<Role>,
    /// The groups they are in.
    pub groups: Vec<String>,
    /// What the key is narrowed to; absent for all that the role may.
    pub scopes: Option<Vec<KeyScope>>,
    /// The collections they see; absent for all of the tenant.
    pub collections: Option<Vec<String>>,
}
