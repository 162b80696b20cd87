//! What tenants use today, counted in memory and written now and then.
//!
//! Whether a daily quota is spent is asked of memory: what the database had when the day was first looked at, and what this
//! server counted since. Several servers on one database see each other's use within the time between two writes, so that
//! together they may go over a quota by as much as they do in that time.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use quarry_core::{Quota, Quotas, TenantId, Usage};
use quarry_store::day_of;

use crate::{engine::Inner, error::EngineError};

/// How long what the database said is believed.
const BELIEVED: Duration = Duration::from_secs(10);

/// A tenant's day.
struct Today {
    day: i64,
    quotas: Quotas,
    /// In the database when it was read.
    before: Usage,
    /// Counted here since, whether written or not.
    since: Usage,
    read_at: std::time::Instant,
}

/// What tenants use today.
#[derive(Default)]
pub(crate) struct Spending {
    today: Mutex<HashMap<TenantId, Today>>,
    /// Not yet written, by day.
    unwritten: Mutex<HashMap<(i64, TenantId), Usage>>,
    /// Held while writing, so that whoever reads after a flush sees all of it.
    writing: tokio::sync::Mutex<()>,
}

impl Spending {
    /// Counts a use.
    pub(crate) fn count(&self, inner: &Inner, tenant: TenantId, used: Usage) {
        let day = day_of(inner.clock.now());
        let mut unwritten = self.unwritten.lock();
        let entry = unwritten.entry((day, tenant)).or_default();
        *entry = entry.and(used);
        drop(unwritten);
        if let Some(today) = self.today.lock().get_mut(&tenant) {
            today.since = today.since.and(used);
        }
    }

    /// Lets one more request in, unless the day's are used up.
    pub(crate) async fn enter(&self, inner: &Inner, tenant: TenantId) -> Result<(), EngineError> {
        let spent = self.ask(inner, tenant, |quotas, used| quotas.spent_requests(used)).await?;
        self.refuse(inner, spent)?;
        self.count(inner, tenant, Usage { requests: 1, ..Usage::default() });
        Ok(())
    }

    /// Whether a model may be asked.
    pub(crate) async fn may_ask(&self, inner: &Inner, tenant: TenantId) -> Result<(), EngineError> {
        let spent = self.ask(inner, tenant, |quotas, used| quotas.spent_models(used)).await?;
        self.refuse(inner, spent)
    }

    fn refuse(&self, inner: &Inner, spent: Option<Quota>) -> Result<(), EngineError> {
        let _ = self;
        let Some(quota) = spent else { return Ok(()) };
        let now = inner.clock.now().micros();
        let left = 86_400_000_000 - now.rem_euclid(86_400_000_000);
        let wait = Duration::from_micros(u64::try_from(left).unwrap_or_default());
        Err(EngineError::QuotaSpent(quota, wait))
    }

    async fn ask(
        &self,
        inner: &Inner,
        tenant: TenantId,
        question: impl Fn(&Quotas, &Usage) -> Option<Quota>,
    ) -> Result<Option<Quota>, EngineError> {
        let day = day_of(inner.clock.now());
        if let Some(today) = self.today.lock().get(&tenant)
            && today.day == day
            && today.read_at.elapsed() < BELIEVED
        {
            return Ok(question(&today.quotas, &today.before.and(today.since)));
        }
        self.read(inner, tenant, day).await?;
        let today = self.today.lock();
        Ok(today.get(&tenant).and_then(|today| question(&today.quotas, &today.before.and(today.since))))
    }

    /// Reads what the database knows. What is counted here and not yet written is written first: then it is counted once.
    async fn read(&self, inner: &Inner, tenant: TenantId, day: i64) -> Result<(), EngineError> {
        let quotas = inner.store.tenants().get(tenant).await?.quotas;
        let mut before = Usage::default();
        let mut since = Usage::default();
        if quotas.is_daily() {
            let _writing = self.writing.lock().await;
            self.write(inner).await?;
            before = inner.store.usage().on(tenant, day).await?;
            // Counted between the write and now.
            since = self.unwritten.lock().get(&(day, tenant)).copied().unwrap_or_default();
        }
        let today = Today { day, quotas, before, since, read_at: std::time::Instant::now() };
        self.today.lock().insert(tenant, today);
        Ok(())
    }

    /// After a change of a tenant.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.today.lock().remove(&tenant);
    }

    /// Writes what was counted.
    pub(crate) async fn flush(&self, inner: &Inner) -> Result<(), EngineError> {
        let _writing = self.writing.lock().await;
        self.write(inner).await
    }

    async fn write(&self, inner: &Inner) -> Result<(), EngineError> {
        let taken = std::mem::take(&mut *self.unwritten.lock());
        let mut days: HashMap<i64, Vec<(TenantId, Usage)>> = HashMap::new();
        for ((day, tenant), used) in &taken {
            days.entry(*day).or_default().push((*tenant, *used));
        }
        for (day, used) in days {
            if let Err(error) = inner.store.usage().add(day, &used).await {
                // Counted again with the next write.
                let mut unwritten = self.unwritten.lock();
                for (tenant, used) in used {
                    let entry = unwritten.entry((day, tenant)).or_default();
                    *entry = entry.and(used);
                }
                return Err(error.into());
            }
        }
        Ok(())
    }
}
