//! Documents and their versions.

mod add;
mod change;
mod prune;
mod write;

use quarry_core::{CollectionId, Document, DocumentId, DocumentStatus, Page, PageRequest, TenantId};

pub(crate) use add::Waiting;
pub use add::{Added, NewDocument, Outcome};
pub use change::{NewFields, NewPlace};
pub(crate) use change::{bury, remove_unneeded, rename};

use crate::{
    error::StoreError,
    page,
    sql::{Arg, Dialect, Row, args, value::json_text},
    store::Store,
};

/// The documents of a store.
pub struct Documents<'a> {
    pub(crate) store: &'a Store,
}

/// The columns that [`read`] expects, of `documents d`.
pub(crate) const COLUMNS: &str = "d.id, d.collection, d.source, d.title, d.media_type, d.status, d.error, d.version, \
                                  d.bytes, d.content_hash, d.chunks, d.pages, d.language, d.metadata, d.sequence, \
                                  d.created_at, d.updated_at, d.readers";
/// How many they are.
pub(crate) const WIDTH: usize = 18;

impl Documents<'_> {
    /// One document.
    ///
    /// # Errors
    /// There is none with this id, or the database fails.
    pub async fn get(&self, tenant: TenantId, id: DocumentId) -> Result<Document, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM documents d WHERE d.id = $1 AND d.tenant = $2");
        let row = self.store.db().read().await?.first(sql, args![id, tenant]).await?;
        row.as_ref().map(read).transpose()?.ok_or_else(|| missing(id))
    }

    /// The document that came from a source.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_by_source(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        source: &str,
    ) -> Result<Option<Document>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM documents d WHERE d.collection = $1 AND d.source = $2 AND d.tenant = $3"
        );
        let row = self.store.db().read().await?.first(sql, args![collection, source, tenant]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A collection's documents, newest first.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        filter: DocumentFilter<'_>,
        request: &PageRequest,
    ) -> Result<Page<Document>, StoreError> {
        let mut session = self.store.db().read().await?;
        let DocumentFilter { status, readers } = filter;
        let mut values = args![collection, page::before_id(request)?, tenant, page::fetch(request)];
        // The open ones have an index of their own, which is used where the query says what that index says.
        let filter = match status {
            None => "",
            Some(DocumentStatus::Ready) => " AND d.status = $5",
            Some(_) => " AND d.status = $5 AND d.status <> 'ready'",
        };
        if let Some(status) = status {
            values.push(Arg::from(status.as_str()));
        }
        let seen = seen(session.dialect(), readers, &mut values)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM documents d WHERE d.collection = $1 AND d.id < $2 AND d.tenant = $3{filter}{seen} \
             ORDER BY d.id DESC LIMIT $4"
        );
        let rows = session.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &Document| item.id.to_string()))
    }

    /// Whether a collection has documents that are not for everyone in it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn any_restricted(
        &self,
        tenant: TenantId,
        collection: CollectionId,
    ) -> Result<bool, StoreError> {
        let sql =
            "SELECT 1 FROM documents WHERE collection = $1 AND tenant = $2 AND readers IS NOT NULL LIMIT 1";
        Ok(self.store.db().read().await?.first(sql, args![collection, tenant]).await?.is_some())
    }

    /// A version's parsed text; none when it was not published.
    ///
    /// # Errors
    /// There is no such document, or the database fails.
    pub async fn text(
        &self,
        tenant: TenantId,
        id: DocumentId,
        version: u32,
    ) -> Result<Option<String>, StoreError> {
        let row = self
            .store
            .db()
            .read()
            .await?
            .first(
                "SELECT v.text FROM documents d LEFT JOIN versions v ON v.document = d.id AND v.version = $3 \
                 WHERE d.id = $1 AND d.tenant = $2",
                args![id, tenant, version],
            )
            .await?;
        row.ok_or_else(|| missing(id))?.opt_text(0)
    }

    /// How many ready documents were published by changes after a sequence number.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ready_after(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        sequence: u64,
    ) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM documents WHERE collection = $1 AND tenant = $2 AND sequence > $3 AND status = \
                   'ready'";
        let row = self.store.db().read().await?.first(sql, args![collection, tenant, sequence]).await?;
        row.map_or(Ok(0), |row| row.big(0))
    }

    /// How many searchable documents are in which main language, the most frequent first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn languages(
        &self,
        tenant: TenantId,
        collection: CollectionId,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT language, count(*) FROM documents WHERE collection = $1 AND tenant = $2 AND language IS NOT \
                   NULL GROUP BY language ORDER BY 2 DESC, 1";
        let rows = self.store.db().read().await?.rows(sql, args![collection, tenant]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.big(1)?))).collect()
    }

    /// The version whose chunks are searchable; 0 before the first.
    ///
    /// # Errors
    /// There is no such document, or the database fails.
    pub async fn published_version(&self, tenant: TenantId, id: DocumentId) -> Result<u32, StoreError> {
        let row = self
            .store
            .db()
            .read()
            .await?
            .first("SELECT published_version FROM documents WHERE id = $1 AND tenant = $2", args![id, tenant])
            .await?;
        row.ok_or_else(|| missing(id))?.small(0)
    }
}

/// Which documents to list. What is absent is not asked about.
#[derive(Clone, Copy, Debug, Default)]
pub struct DocumentFilter<'a> {
    /// In this state.
    pub status: Option<DocumentStatus>,
    /// For everyone, or opened to one of these names; none for whoever sees all.
    pub readers: Option<&'a [String]>,
}

/// ` AND ...` for the documents `d` that are for everyone or for one of these names, whose parameter comes after the values
/// there are.
pub(crate) fn seen(
    dialect: Dialect,
    readers: Option<&[String]>,
    values: &mut Vec<Arg<'_>>,
) -> Result<String, StoreError> {
    let Some(readers) = readers else { return Ok(String::new()) };
    values.push(Arg::from(json_text(&readers)?));
    let place = values.len();
    Ok(match dialect {
        Dialect::Sqlite => format!(
            " AND (d.readers IS NULL OR EXISTS (SELECT 1 FROM json_each(d.readers) r WHERE r.value IN (SELECT value FROM \
             json_each(${place}))))"
        ),
        Dialect::Postgres => format!(
            " AND (d.readers IS NULL OR EXISTS (SELECT 1 FROM jsonb_array_elements_text(d.readers::jsonb) r (value) WHERE \
             r.value IN (SELECT jsonb_array_elements_text(${place}::jsonb))))"
        ),
    })
}

pub(crate) fn missing(id: DocumentId) -> StoreError {
    StoreError::DocumentNotFound(id.to_string())
}

pub(crate) fn read(row: &Row) -> Result<Document, StoreError> {
    Ok(Document {
        id: DocumentId::from_uuid(row.id(0)?),
        collection: CollectionId::from_uuid(row.id(1)?),
        source: row.text(2)?,
        title: row.text(3)?,
        media_type: row.text(4)?,
        status: row.word(5)?,
        error: row.opt_text(6)?,
        version: row.small(7)?,
        bytes: row.big(8)?,
        content_hash: hex::encode(row.bytes(9)?),
        chunks: row.small(10)?,
        pages: row.opt_small(11)?,
        language: row.opt_text(12)?,
        metadata: row.json(13)?,
        readers: row.opt_json(17)?,
        sequence: row.big(14)?,
        ingestion: None,
        created_at: row.time(15)?,
        updated_at: row.time(16)?,
    })
}
