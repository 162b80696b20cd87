//! From a person whom somebody outside vouches for, such as an issuer of tokens, to an access.

use quarry_core::{Access, Role, TenantId};

use quarry_store::TenantStatus;

use super::authenticate::{Identity, Person, Refusal};
use crate::error::EngineError;

/// A person as an issuer speaks of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The name of the tenant they act in.
    pub tenant: String,
    /// Their name in it.
    pub name: String,
    /// What they are in the whole tenant by what was said of them.
    pub role: Option<Role>,
    /// Groups that were named; absent for those of the database.
    pub groups: Option<Vec<String>>,
}

impl Identity<'_> {
    /// A tenant that people may act in, by its name.
    ///
    /// # Errors
    /// [`Refusal::NoTenant`], [`Refusal::Suspended`], or storage errors.
    pub async fn tenant_by_name(&self, name: &str) -> Result<TenantId, EngineError> {
        let found = self.0.inner().store.tenants().find_by_name(name).await?.ok_or(Refusal::NoTenant)?;
        match found.status {
            TenantStatus::Active => Ok(found.id),
            TenantStatus::Suspended => Err(Refusal::Suspended.into()),
        }
    }

    /// The access of a person whom an issuer vouches for. Who is disabled under the same name stays out.
    ///
    /// # Errors
    /// A [`Refusal`], `quota_spent`, or storage errors.
    pub async fn of_vouched(&self, vouched: &Vouched) -> Result<Access, EngineError> {
        let tenant = self.tenant_by_name(&vouched.tenant).await?;
        let account = self.0.inner().store.people().account(tenant, &vouched.name).await?;
        if account.is_some_and(|account| account.disabled) {
            return Err(Refusal::Disabled.into());
        }
        let person = Person {
            tenant,
            name: vouched.name.clone(),
            user: account.map(|account| account.id),
            role: vouched.role,
            groups: vouched.groups.clone(),
        };
        self.of_person(&person).await
    }

    /// The same access once more, for whoever was let in a moment ago: one more request of their tenant.
    ///
    /// # Errors
    /// `quota_spent`, or storage errors.
    pub async fn once_more(&self, access: &Access) -> Result<Access, EngineError> {
        let inner = self.0.inner();
        inner.spending.enter(inner, access.tenant()).await?;
        Ok(access.clone())
    }
}
