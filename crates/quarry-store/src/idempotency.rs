//! Answers kept for requests that are repeated with the same key.

use quarry_core::{TenantId, Timestamp};

use crate::{error::StoreError, sql::args, store::Store};

/// A kept answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// A hash of the request it answered; another request with the same key is a mistake of the caller's.
    pub fingerprint: String,
    /// The HTTP status.
    pub status: u16,
    /// The body's media type.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// When it was given.
    pub created_at: Timestamp,
}

/// Kept answers.
pub struct Idempotency<'a> {
    pub(crate) store: &'a Store,
}

impl Idempotency<'_> {
    /// The answer kept under a key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find(&self, tenant: TenantId, key: &str) -> Result<Option<Remembered>, StoreError> {
        let row = self
            .store
            .db()
            .read()
            .await?
            .first(
                "SELECT fingerprint, status, content_type, body, created_at FROM idempotency WHERE tenant = $1 AND \
                 key = $2",
                args![tenant, key],
            )
            .await?;
        row.map(|row| {
            Ok(Remembered {
                fingerprint: row.text(0)?,
                status: u16::try_from(row.int(1)?)
                    .map_err(|_| StoreError::Unreadable("a kept status".into()))?,
                content_type: row.text(2)?,
                body: row.bytes(3)?,
                created_at: row.time(4)?,
            })
        })
        .transpose()
    }

    /// Keeps an answer; false when the key has one already, which stays.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put(&self, tenant: TenantId, key: &str, answer: &Remembered) -> Result<bool, StoreError> {
        let mut session = self.store.db().write().await?;
        let added = session
            .execute(
                "INSERT INTO idempotency (tenant, key, fingerprint, status, content_type, created_at, body) VALUES \
                 ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, key) DO NOTHING",
                args![
                    tenant,
                    key,
                    &answer.fingerprint,
                    u32::from(answer.status),
                    &answer.content_type,
                    answer.created_at,
                    answer.body.as_slice(),
                ],
            )
            .await?;
        Ok(added > 0)
    }

    /// Drops the answers of all tenants from before a moment and answers how many.
    ///
    /// # Errors
    /// The database fails.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut session = self.store.db().write().await?;
        session.execute("DELETE FROM idempotency WHERE created_at < $1", args![before]).await
    }
}
