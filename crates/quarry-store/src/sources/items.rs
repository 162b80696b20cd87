//! What becomes of each entry in a run.

use quarry_core::{By, DocumentId, Timestamp};

use super::{SourceItem, SourceLease, Sources, lease::hold, row};
use crate::{
    documents::{NewPlace, rename},
    error::StoreError,
    sql::{Session, args, value::json_text},
    store::retry,
};

/// An entry that was read, as it is from now on.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Its key.
    pub key: String,
    /// Whether it is of a kind that is not read.
    pub skipped: bool,
    /// Its entity tag.
    pub etag: Option<String>,
    /// When it was changed, in the words of a server.
    pub last_modified: Option<String>,
    /// When it was changed.
    pub modified_at: Option<Timestamp>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// SHA-256 of its bytes in hexadecimal.
    pub content_hash: Option<String>,
    /// Its document.
    pub document: Option<DocumentId>,
}

/// An entry that has another name now.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The key it had.
    pub from: String,
    /// The entry as it is from now on.
    pub to: Settled,
    /// The document's new source and file name.
    pub place: NewPlace,
}

impl Sources<'_> {
    /// The entries that a run saw and that are to be read, by key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn pending(
        &self,
        lease: &SourceLease,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SourceItem>, StoreError> {
        let sql = format!(
            "SELECT {} FROM source_items WHERE source = $1 AND state = 'pending' AND seen = $2 AND key > $3 ORDER BY key \
             LIMIT $4",
            row::ITEM
        );
        let rows =
            self.store.db().read().await?.rows(sql, args![lease.source, lease.run, after, limit]).await?;
        rows.iter().map(row::read_item).collect()
    }

    /// Keeps what was read.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn settle(&self, lease: &SourceLease, settled: &[Settled]) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                hold(&mut session, lease, now).await?;
                for one in settled {
                    write(&mut session, lease, one).await?;
                }
                Ok(())
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Entries that turned out to be gone when they were read: they count as not seen.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn gone(&self, lease: &SourceLease, keys: &[String]) -> Result<(), StoreError> {
        let sql = "UPDATE source_items SET seen = 0, state = 'kept' WHERE key {} AND source = $2";
        self.each_key(lease, sql, keys).await
    }

    /// Forgets entries.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn forget(&self, lease: &SourceLease, keys: &[String]) -> Result<(), StoreError> {
        self.each_key(lease, "DELETE FROM source_items WHERE key {} AND source = $2", keys).await
    }

    async fn each_key(&self, lease: &SourceLease, sql: &str, keys: &[String]) -> Result<(), StoreError> {
        let now = self.store.now();
        let list = json_text(&keys)?;
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                hold(&mut session, lease, now).await?;
                let sql = sql.replace("{}", session.dialect().texts_in());
                session.execute(sql, args![&list, lease.source]).await.map(drop)
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// An entry that this run did not see and whose bytes had this hash: where a new one with the same bytes came from.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_moved(
        &self,
        lease: &SourceLease,
        content_hash: &str,
    ) -> Result<Option<SourceItem>, StoreError> {
        let sql = format!(
            "SELECT {} FROM source_items WHERE source = $1 AND content_hash = $2 AND seen < $3 AND document IS NOT NULL \
             ORDER BY key LIMIT 1",
            row::ITEM
        );
        let hash = hex::decode(content_hash).unwrap_or_default();
        let found = self.store.db().read().await?.first(sql, args![lease.source, hash, lease.run]).await?;
        found.as_ref().map(row::read_item).transpose()
    }

    /// Gives a document the new name of its entry. Answers false, with nothing changed, when the document is gone or
    /// another has the name already.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn rename(&self, lease: &SourceLease, moved: &Moved, by: &By) -> Result<bool, StoreError> {
        let now = self.store.now();
        let Some(document) = moved.to.document else { return Ok(false) };
        let outcome = retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                hold(&mut session, lease, now).await?;
                rename(&mut session, (lease.tenant, document), &moved.place, by, now).await?;
                let sql = "DELETE FROM source_items WHERE source = $1 AND key = $2";
                session.execute(sql, args![lease.source, &moved.from]).await?;
                write(&mut session, lease, &moved.to).await
            }
            .await;
            session.finish(outcome).await
        });
        match outcome {
            Ok(()) => Ok(true),
            Err(StoreError::DocumentNotFound(_) | StoreError::SourceTaken(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How many documents belong to entries that this run did not see, and how many documents there are.
    ///
    /// # Errors
    /// The database fails.
    pub async fn vanished_of(&self, lease: &SourceLease) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT COALESCE(SUM(CASE WHEN seen < $2 THEN 1 ELSE 0 END), 0), count(*) FROM source_items WHERE \
                   source = $1 AND document IS NOT NULL";
        let row = self.store.db().read().await?.first(sql, args![lease.source, lease.run]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.big(0)?, row.big(1)?)))
    }

    /// Entries that this run did not see.
    ///
    /// # Errors
    /// The database fails.
    pub async fn vanished(&self, lease: &SourceLease, limit: u32) -> Result<Vec<SourceItem>, StoreError> {
        let sql = format!(
            "SELECT {} FROM source_items WHERE source = $1 AND seen < $2 ORDER BY key LIMIT $3",
            row::ITEM
        );
        let rows = self.store.db().read().await?.rows(sql, args![lease.source, lease.run, limit]).await?;
        rows.iter().map(row::read_item).collect()
    }

    /// Notes since when entries are gone whose documents stay all the same.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn miss(&self, lease: &SourceLease) -> Result<(), StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                hold(&mut session, lease, now).await?;
                let sql = "UPDATE source_items SET missing_since = COALESCE(missing_since, $3) WHERE source = $1 AND \
                           seen < $2";
                session.execute(sql, args![lease.source, lease.run, now]).await.map(drop)
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn write(session: &mut Session, lease: &SourceLease, one: &Settled) -> Result<(), StoreError> {
    let sql = "UPDATE source_items SET state = $3, etag = $4, last_modified = $5, modified_at = $6, size = $7, \
               content_hash = $8, document = $9, missing_since = NULL WHERE source = $1 AND key = $2";
    let hash = one.content_hash.as_ref().and_then(|hash| hex::decode(hash).ok());
    let values = args![
        lease.source,
        &one.key,
        if one.skipped { "skipped" } else { "kept" },
        one.etag.as_deref(),
        one.last_modified.as_deref(),
        one.modified_at,
        one.size,
        hash.as_deref(),
        one.document,
    ];
    session.execute(sql, values).await.map(drop)
}
