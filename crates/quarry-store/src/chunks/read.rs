//! Reading chunks: for hits, for ranking, around a hit, of a document.

use quarry_core::{ChunkRef, CollectionId, DocumentId, Page, PageRequest, Span, TenantId};

use super::{ChunkRow, Chunks, KnownVector, RankingRow};
use crate::{
    documents::seen,
    error::StoreError,
    page,
    sql::{Row, args},
};

// Where keys are given, `IS TRUE` keeps the collection a check: as a plain condition, SQLite would rather walk the
// index of the whole collection than look up a list of unknown length. Their order is of no use to the caller: sorting
// makes SQLite finish the work before the first row, and rows that come all at once wake the waiting task once.
const COLUMNS: &str = "c.key, c.document, c.version, c.ordinal, c.page, c.span_start, c.span_end, c.kind, c.headings, \
                       c.text, d.title, d.source, d.metadata, c.window_start, c.window_end \
                       FROM chunks c JOIN documents d ON d.id = c.document";

/// Only the chunks that answer.
const LIVE: &str = "c.chunk_set = (SELECT chunk_set FROM collections WHERE id = c.collection)";

impl Chunks<'_> {
    /// The chunks with these keys, in any order. Keys of other tenants or collections, of chunks that are gone, and of
    /// documents that are for nobody of `readers`, find nothing; none of them sees all.
    ///
    /// # Errors
    /// The database fails.
    pub async fn hydrate(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        readers: Option<&[String]>,
        keys: &[u64],
    ) -> Result<Vec<ChunkRow>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.store.db().read().await?;
        let dialect = session.dialect();
        let list = dialect.keys(keys.iter().copied());
        let mut values = args![list, collection, tenant];
        let seen = seen(dialect, readers, &mut values)?;
        let sql = format!(
            "SELECT {COLUMNS} WHERE c.key {} AND (c.collection = $2) IS TRUE AND c.tenant = $3{seen} ORDER BY c.ordinal",
            dialect.keys_in()
        );
        let rows = session.rows(sql, values).await?;
        rows.iter().map(read).collect()
    }

    /// What ranking wants of these candidates, in any order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn for_ranking(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        keys: &[u64],
    ) -> Result<Vec<RankingRow>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.store.db().read().await?;
        let dialect = session.dialect();
        let sql = format!(
            "SELECT key, document, terms, vector FROM chunks WHERE key {} AND (collection = $2) IS TRUE AND tenant = $3 \
             ORDER BY ordinal",
            dialect.keys_in()
        );
        let list = dialect.keys(keys.iter().copied());
        let rows = session.rows(sql, args![list, collection, tenant]).await?;
        rows.iter()
            .map(|row| {
                Ok(RankingRow {
                    key: row.big(0)?,
                    document: DocumentId::from_uuid(row.id(1)?),
                    terms: row.bytes(2)?,
                    vector: row.opt_bytes(3)?,
                })
            })
            .collect()
    }

    /// The chunks of a version at these places, in their order; both ends are included.
    ///
    /// # Errors
    /// The database fails.
    pub async fn neighbours(
        &self,
        tenant: TenantId,
        document: DocumentId,
        version: u32,
        ordinals: std::ops::RangeInclusive<u32>,
    ) -> Result<Vec<ChunkRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} WHERE c.document = $1 AND c.version = $2 AND c.ordinal BETWEEN $3 AND $4 AND c.tenant = \
             $5 AND {LIVE} ORDER BY c.ordinal"
        );
        let values = args![document, version, *ordinals.start(), *ordinals.end(), tenant];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        rows.iter().map(read).collect()
    }

    /// A document's searchable chunks, in their order.
    ///
    /// # Errors
    /// The database fails or the cursor is not from this list.
    pub async fn list(
        &self,
        tenant: TenantId,
        document: DocumentId,
        request: &PageRequest,
    ) -> Result<Page<ChunkRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} WHERE c.document = $1 AND c.ordinal > $2 AND c.tenant = $3 AND {LIVE} ORDER BY c.ordinal \
             LIMIT $4"
        );
        let values = args![document, page::after_number(request)?, tenant, page::fetch(request)];
        let rows = self.store.db().read().await?.rows(sql, values).await?;
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(page::page(items, request, |item: &ChunkRow| item.reference.ordinal.to_string()))
    }

    /// The keys of a collection's searchable chunks, in rising order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys(&self, tenant: TenantId, collection: CollectionId) -> Result<Vec<u64>, StoreError> {
        let rows = self
            .store
            .db()
            .read()
            .await?
            .rows(
                "SELECT c.key FROM chunks c JOIN collections o ON o.id = c.collection WHERE c.collection = $1 AND \
                 o.tenant = $2 AND c.chunk_set = o.chunk_set",
                args![collection, tenant],
            )
            .await?;
        let mut keys = rows.iter().map(|row| row.big(0)).collect::<Result<Vec<_>, _>>()?;
        keys.sort_unstable();
        Ok(keys)
    }

    /// The vectors that a document's searchable chunks have from an embedder, so that an unchanged chunk is not
    /// embedded again.
    ///
    /// # Errors
    /// The database fails.
    pub async fn known_vectors(
        &self,
        tenant: TenantId,
        document: DocumentId,
        (model, dimension): (&str, u32),
    ) -> Result<Vec<KnownVector>, StoreError> {
        let rows = self
            .store
            .db()
            .read()
            .await?
            .rows(
                "SELECT c.content_hash, c.vector FROM chunks c JOIN models m ON m.id = c.model WHERE c.document = $1 \
                 AND c.tenant = $2 AND m.name = $3 AND m.dimension = $4 AND c.vector IS NOT NULL",
                args![document, tenant, model, dimension],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let content_hash = row
                    .bytes(0)?
                    .try_into()
                    .map_err(|_| StoreError::Unreadable("a chunk's hash has another length".into()))?;
                Ok(KnownVector { content_hash, vector: row.bytes(1)? })
            })
            .collect()
    }
}

fn read(row: &Row) -> Result<ChunkRow, StoreError> {
    Ok(ChunkRow {
        key: row.big(0)?,
        reference: ChunkRef {
            document: DocumentId::from_uuid(row.id(1)?),
            version: row.small(2)?,
            ordinal: row.small(3)?,
        },
        page: row.opt_small(4)?,
        span: Span { start: row.small(5)?, end: row.small(6)? },
        kind: row.word(7)?,
        headings: row.json(8)?,
        text: row.text(9)?,
        title: row.text(10)?,
        source: row.text(11)?,
        metadata: row.json(12)?,
        window: match (row.opt_small(13)?, row.opt_small(14)?) {
            (Some(start), Some(end)) => Some(Span { start, end }),
            _ => None,
        },
    })
}
