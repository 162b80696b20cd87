//! The audit log: read, exported, verified; and what changes nothing is written to it.
//!
//! Changes write their rows themselves, in their own transactions in the store. What comes here are acts on what is
//! derived ([`note`]), logins ([`Audit::noted`]) and refusals ([`Audit::refused`]), which must cost an attacker more than
//! us: they are gathered, and so many an address and a minute are written.

mod refusals;

use quarry_core::{Access, Action, AuditAction, AuditOutcome, Page, PageRequest};
use quarry_store::AuditNote;
pub use quarry_store::{AuditBreak, AuditEntry, AuditFault, AuditFilter, AuditMark, AuditVerification};
use serde_json::Value;

use crate::{
    engine::{Engine, Inner},
    error::EngineError,
    events,
    govern::must,
};
pub use refusals::Refusal;
pub(crate) use refusals::{Refusals, run};

/// The verbs on the audit log.
#[derive(Clone, Copy)]
pub struct Audit<'a>(pub(crate) &'a Engine);

impl Audit<'_> {
    /// Rows of an export that are read at a time: bounds its memory.
    pub const EXPORT_PAGE: u32 = 500;

    /// A page of rows, newest first.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub async fn list(
        &self,
        access: &Access,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, EngineError> {
        must(access, Action::ReadAudit)?;
        let inner = self.0.inner();
        inner.refusals.flush(inner, false).await?;
        Ok(inner.store.audit().list(access.tenant(), filter, page).await?)
    }

    /// Rows from a number on, oldest first: [`Audit::EXPORT_PAGE`] or `limit` of them at most. An export asks until none
    /// come, and goes on after the last number it has.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn export(
        &self,
        access: &Access,
        from: u64,
        limit: Option<u32>,
    ) -> Result<Vec<AuditEntry>, EngineError> {
        must(access, Action::ReadAudit)?;
        let inner = self.0.inner();
        inner.refusals.flush(inner, false).await?;
        let limit = limit.unwrap_or(Self::EXPORT_PAGE).clamp(1, Self::EXPORT_PAGE);
        Ok(inner.store.audit().starting_at(access.tenant(), from, limit).await?)
    }

    /// Walks the chain and finds the first row that is not as it was written. `expect` is a place in the chain that was
    /// kept elsewhere.
    ///
    /// # Errors
    /// `audit_place_gone`.
    pub async fn verify(
        &self,
        access: &Access,
        expect: Option<&AuditMark>,
    ) -> Result<AuditVerification, EngineError> {
        must(access, Action::ReadAudit)?;
        let inner = self.0.inner();
        inner.refusals.flush(inner, false).await?;
        let found = inner.store.audit().verify(access.tenant(), expect).await?;
        if let Some(fault) = &found.fault {
            events::audit_broken(fault.number, fault.what.as_str());
        }
        Ok(found)
    }

    /// Writes down what somebody did that changed nothing in the database, as a login. It is on disk when this returns.
    ///
    /// # Errors
    /// Storage errors.
    pub async fn noted(
        &self,
        access: &Access,
        action: AuditAction,
        object: String,
        details: Value,
    ) -> Result<(), EngineError> {
        note(self.0.inner(), access, (action, object), details).await
    }

    /// Takes note of a refusal, without waiting for the database: it is written within a second. So many an address and
    /// a minute are; the others are counted, and their number is written.
    pub fn refused(&self, refusal: Refusal) {
        let inner = self.0.inner();
        inner.refusals.take(refusal, inner.clock.now());
    }
}

/// Writes down an act on what is derived, before it is carried out: nothing is done that stands nowhere.
pub(crate) async fn note(
    inner: &Inner,
    access: &Access,
    (action, object): (AuditAction, String),
    details: Value,
) -> Result<(), EngineError> {
    let note = AuditNote {
        tenant: access.tenant(),
        at: inner.clock.now(),
        actor: Some(access.actor().clone()),
        origin: access.by().origin().cloned().unwrap_or_default(),
        action,
        object,
        outcome: AuditOutcome::Allowed,
        details,
    };
    Ok(inner.store.audit().add(&[note]).await?)
}
