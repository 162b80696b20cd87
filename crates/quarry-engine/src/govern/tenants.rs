//! The verbs on tenants: for the operator, who owns the root tenant; and one's own for everybody in it.

use quarry_core::{Access, Action, Page, PageRequest, Quotas, Role, TenantId, Timestamp, Usage};
use quarry_store::{Holdings, NewKey, StoreError, TenantRow, TenantStatus, day_of};
use serde::{Deserialize, Serialize};

use super::{
    keys::{MadeKey, view as key_view},
    permit::must,
    secret_key::SecretKey,
};
use crate::{engine::Engine, error::EngineError};

/// Days of usage that are shown.
const SHOWN_DAYS: i64 = 30;

/// A tenant to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Its name: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
    pub name: String,
    /// How much it may have; no limits when not said.
    #[serde(default)]
    pub quotas: Quotas,
}

/// A change of a tenant. What is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// Whether its people and keys are let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TenantStatus>,
    /// All its quotas: one that is absent in here is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Quotas>,
}

/// A tenant, as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantView {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Whether its people and keys are let in.
    pub status: TenantStatus,
    /// How much it may have.
    pub quotas: Quotas,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A tenant that was made now, with the key of its owner, which is nowhere else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MadeTenant {
    /// The tenant.
    #[serde(flatten)]
    pub view: TenantView,
    /// Its first key.
    pub owner_key: MadeKey,
}

/// How much a tenant has and uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantUsage {
    /// Whose.
    pub tenant_id: TenantId,
    /// What it has.
    pub holdings: Holdings,
    /// How much it may have.
    pub quotas: Quotas,
    /// What it used on each of the last days, the first day first; days without use are left out.
    pub days: Vec<DayUsage>,
}

/// What was used on one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DayUsage {
    /// The day's start, in UTC.
    pub day: Timestamp,
    /// What was used.
    #[serde(flatten)]
    pub used: Usage,
}

/// The verbs on tenants.
#[derive(Clone, Copy)]
pub struct Tenants<'a>(pub(crate) &'a Engine);

impl Tenants<'_> {
    /// Makes a tenant, with a key for its owner.
    ///
    /// # Errors
    /// `forbidden`, `invalid_tenant`, `tenant_exists`.
    pub async fn add(&self, access: &Access, new: NewTenant) -> Result<MadeTenant, EngineError> {
        must(access, Action::OperateTenants)?;
        let inner = self.0.inner();
        check_name(&new.name)?;
        check_quotas(&new.quotas)?;
        let row = inner.store.tenants().add(access.by(), &new.name, new.quotas).await?;
        let key = SecretKey::make()?;
        let owner = NewKey {
            name: "owner".to_owned(),
            prefix: key.prefix().to_owned(),
            hash: key.hash(),
            role: Role::Owner,
            scopes: None,
            collections: None,
            owner: None,
            expires_at: None,
        };
        let made = inner.store.keys().add(row.id, access.by(), owner).await?;
        inner.keys.forget();
        let owner_key = MadeKey { view: key_view(made, inner.clock.now()), key };
        Ok(MadeTenant { view: row.into(), owner_key })
    }

    /// A tenant by name or id.
    ///
    /// # Errors
    /// `forbidden`, `tenant_not_found`.
    pub async fn get(&self, access: &Access, tenant: &str) -> Result<TenantView, EngineError> {
        must(access, Action::OperateTenants)?;
        Ok(self.row(tenant).await?.into())
    }

    /// A page of tenants, newest first.
    ///
    /// # Errors
    /// `forbidden`, `invalid_cursor`.
    pub async fn list(&self, access: &Access, page: &PageRequest) -> Result<Page<TenantView>, EngineError> {
        must(access, Action::OperateTenants)?;
        Ok(self.0.inner().store.tenants().list(page).await?.map(TenantView::from))
    }

    /// Suspends a tenant, resumes it, or gives it other quotas.
    ///
    /// # Errors
    /// `forbidden`, `tenant_not_found`; `invalid_tenant` for the root tenant's status, which is always active.
    pub async fn update(
        &self,
        access: &Access,
        tenant: &str,
        change: TenantChange,
    ) -> Result<TenantView, EngineError> {
        must(access, Action::OperateTenants)?;
        let inner = self.0.inner();
        let mut row = self.row(tenant).await?;
        if row.id == TenantId::ROOT && change.status == Some(TenantStatus::Suspended) {
            let problem = "the root tenant cannot be suspended: nobody could resume it";
            return Err(EngineError::invalid("invalid_tenant", "/status", problem));
        }
        if let Some(quotas) = change.quotas {
            check_quotas(&quotas)?;
            row = inner.store.tenants().set_quotas(access.by(), row.id, quotas).await?;
        }
        if let Some(status) = change.status {
            row = inner.store.tenants().set_status(access.by(), row.id, status).await?;
        }
        inner.keys.forget();
        inner.spending.forget(row.id);
        inner.work.wake_all();
        Ok(row.into())
    }

    /// Erases a tenant with everything in it, for ever. It is suspended first, so that nobody adds meanwhile; a call that
    /// was cut off can be made again.
    ///
    /// # Errors
    /// `forbidden`, `tenant_not_found`, `tenant_busy`; `invalid_tenant` for the root tenant.
    pub async fn erase(&self, access: &Access, tenant: &str) -> Result<(), EngineError> {
        must(access, Action::OperateTenants)?;
        let inner = self.0.inner();
        let row = self.row(tenant).await?;
        if row.id == TenantId::ROOT {
            let problem = "the root tenant cannot be erased: it is the server's own";
            return Err(EngineError::invalid("invalid_tenant", "", problem));
        }
        inner.store.tenants().set_status(access.by(), row.id, TenantStatus::Suspended).await?;
        inner.keys.forget();
        let system = Access::system(row.id, "tenant erased");
        loop {
            let page = PageRequest::new(Some(PageRequest::MAX), None);
            let collections = self.0.collections().list(&system, &page).await?;
            if collections.items.is_empty() {
                break;
            }
            for collection in collections.items {
                self.0.collections().remove(&system, &collection.name).await?;
            }
        }
        inner.keeper.flush(inner).await?;
        inner.recorder.flush(inner).await?;
        inner.spending.forget(row.id);
        Ok(inner.store.tenants().erase(access.by(), row.id).await?)
    }

    /// How much a tenant has and uses; one's own when none is named.
    ///
    /// # Errors
    /// `forbidden`, `tenant_not_found`.
    pub async fn usage(&self, access: &Access, tenant: Option<&str>) -> Result<TenantUsage, EngineError> {
        let inner = self.0.inner();
        let row = match tenant {
            Some(tenant) => {
                must(access, Action::OperateTenants)?;
                self.row(tenant).await?
            }
            None => {
                must(access, Action::ReadUsage)?;
                inner.store.tenants().get(access.tenant()).await?
            }
        };
        inner.spending.flush(inner).await?;
        let first = day_of(inner.clock.now()) - SHOWN_DAYS;
        let days = inner.store.usage().since(row.id, first).await?;
        let day = |(day, used): (i64, Usage)| DayUsage {
            day: Timestamp::from_micros(day.saturating_mul(86_400_000_000)),
            used,
        };
        Ok(TenantUsage {
            tenant_id: row.id,
            holdings: inner.store.tenants().holdings(row.id).await?,
            quotas: row.quotas,
            days: days.into_iter().map(day).collect(),
        })
    }

    async fn row(&self, tenant: &str) -> Result<TenantRow, EngineError> {
        let tenants = self.0.inner().store.tenants();
        if let Some(row) = tenants.find_by_name(tenant).await? {
            return Ok(row);
        }
        match tenant.parse::<TenantId>() {
            Ok(id) => Ok(tenants.get(id).await?),
            Err(_) => Err(StoreError::TenantNotFound(tenant.to_owned()).into()),
        }
    }
}

fn check_name(name: &str) -> Result<(), EngineError> {
    // The same letters as a collection's name.
    name.parse::<quarry_core::CollectionName>().map(drop).map_err(|_| {
        let problem = format!(
            "`{name}` is not a tenant's name: use 1 to 64 lower-case letters, digits, `-` or `_`, starting with a letter or digit"
        );
        EngineError::invalid("invalid_tenant", "/name", problem)
    })
}

fn check_quotas(quotas: &Quotas) -> Result<(), EngineError> {
    if quotas.cost_per_day.is_some_and(|cost| !cost.is_finite() || cost < 0.0) {
        let problem = "`cost_per_day` is an amount of money, 0 or more";
        return Err(EngineError::invalid("invalid_tenant", "/quotas/cost_per_day", problem));
    }
    Ok(())
}

impl From<TenantRow> for TenantView {
    fn from(row: TenantRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            status: row.status,
            quotas: row.quotas,
            created_at: row.created_at,
        }
    }
}
