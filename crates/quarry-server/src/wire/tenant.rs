//! Tenants, their quotas and what they use.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How much of what a tenant may have; an absent one is no limit. Days are days of UTC.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"documents": 10_000, "tokens_per_day": 1_000_000}))]
pub struct Quotas {
    /// Documents, whatever their state.
    pub documents: Option<u64>,
    /// Bytes of the newest versions of documents.
    pub bytes: Option<u64>,
    /// Requests a day.
    pub requests_per_day: Option<u64>,
    /// Tokens that chat models read and write a day.
    pub tokens_per_day: Option<u64>,
    /// What chat models cost a day, in the unit of the configured prices.
    #[schema(minimum = 0)]
    pub cost_per_day: Option<f64>,
}

/// Whether a tenant's people and keys are let in.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TenantStatus {
    /// They are.
    Active,
    /// They are not, and nothing of it is worked on.
    Suspended,
}

/// A tenant to make.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"name": "acme", "quotas": {"documents": 10_000}}))]
pub struct NewTenant {
    /// Its name.
    #[schema(pattern = "^[a-z0-9][a-z0-9_-]{0,63}$")]
    pub name: String,
    /// How much it may have; no limits when not said.
    pub quotas: Option<Quotas>,
}

/// A change of a tenant. What is absent stays.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({"status": "suspended"}))]
pub struct TenantChange {
    /// Whether its people and keys are let in.
    pub status: Option<TenantStatus>,
    /// All its quotas: one that is absent in here is lifted.
    pub quotas: Option<Quotas>,
}

/// A tenant.
#[derive(Clone, Debug, ToSchema)]
pub struct Tenant {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whether its people and keys are let in.
    pub status: TenantStatus,
    /// How much it may have.
    pub quotas: Quotas,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: String,
}

/// A tenant that was made now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MadeTenant {
    /// The tenant.
    #[serde(flatten)]
    #[schema(value_type = Tenant)]
    pub view: quarry_engine::govern::TenantView,
    /// A key for its owner. It is shown this once.
    #[schema(value_type = super::MadeKey)]
    pub owner_key: quarry_engine::govern::MadeKey,
}

/// How much a tenant has at the moment.
#[derive(Clone, Debug, ToSchema)]
pub struct Holdings {
    /// Documents, whatever their state.
    pub documents: u64,
    /// Bytes of their newest versions.
    pub bytes: u64,
}

/// What was used on one day.
#[derive(Clone, Debug, ToSchema)]
pub struct DayUsage {
    /// The day's start, in UTC.
    #[schema(value_type = String, format = DateTime)]
    pub day: String,
    /// Requests that were let in.
    pub requests: u64,
    /// Tokens that chat models read and wrote.
    pub tokens: u64,
    /// What that cost.
    pub cost: f64,
}

/// How much a tenant has and uses.
#[derive(Clone, Debug, ToSchema)]
pub struct TenantUsage {
    /// Whose.
    pub tenant_id: Uuid,
    /// What it has.
    pub holdings: Holdings,
    /// How much it may have.
    pub quotas: Quotas,
    /// What it used on each of the last 30 days, the first day first; days without use are left out.
    pub days: Vec<DayUsage>,
}
