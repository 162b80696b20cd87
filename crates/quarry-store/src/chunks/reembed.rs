//! Giving chunks the vectors of another embedder, for a rebuild.

use quarry_core::{CollectionId, TenantId};

use super::Chunks;
use crate::{
    error::StoreError,
    sql::{Arg, Session, args, database::Many},
    store::retry,
};

/// A chunk to be embedded again.
#[derive(Clone, Debug)]
pub struct ReembeddingRow {
    /// Its key in the index.
    pub key: u64,
    /// Its text.
    pub text: String,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its document's title.
    pub title: String,
}

const VECTORS: Many = Many {
    before: "UPDATE chunks SET vector = v.column2, model = v.column3 FROM (VALUES",
    columns: 3,
    after: ") AS v WHERE chunks.key = v.column1",
};

impl Chunks<'_> {
    /// Chunks of a collection with a key above `after`, in rising order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn for_reembedding(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<ReembeddingRow>, StoreError> {
        let rows = self
            .store
            .db()
            .read()
            .await?
            .rows(
                "SELECT c.key, c.text, c.headings, d.title FROM chunks c JOIN documents d ON d.id = c.document WHERE \
                 c.key > $1 AND (c.collection = $2) IS TRUE AND c.tenant = $3 ORDER BY c.key LIMIT $4",
                args![after, collection, tenant, limit],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ReembeddingRow {
                    key: row.big(0)?,
                    text: row.text(1)?,
                    headings: row.json(2)?,
                    title: row.text(3)?,
                })
            })
            .collect()
    }

    /// Sets the vectors of chunks of a collection; those that are gone meanwhile are passed over. The sequence
    /// numbers stay: the new generation of the index is filled from [`Chunks::changes_after`] 0 when all are set.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_vectors(
        &self,
        tenant: TenantId,
        collection: CollectionId,
        (model, dimension): (&str, u32),
        vectors: &[(u64, Vec<u8>)],
    ) -> Result<(), StoreError> {
        let number = self.model_number(model, dimension).await?;
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = set(&mut session, (tenant, collection), number, vectors).await;
            session.finish(outcome).await
        })
    }
}

pub(crate) async fn set(
    session: &mut Session,
    (tenant, collection): (TenantId, CollectionId),
    model: i64,
    vectors: &[(u64, Vec<u8>)],
) -> Result<(), StoreError> {
    // Only keys of this tenant's collection are touched, whatever the caller says.
    let dialect = session.dialect();
    let sql = format!(
        "SELECT key FROM chunks WHERE key {} AND (collection = $2) IS TRUE AND tenant = $3",
        dialect.keys_in()
    );
    let list = dialect.keys(vectors.iter().map(|(key, _)| *key));
    let rows = session.rows(sql, args![list, collection, tenant]).await?;
    let own = rows.iter().map(|row| row.big(0)).collect::<Result<std::collections::HashSet<_>, _>>()?;
    let mut values: Vec<Arg<'_>> = Vec::with_capacity(own.len() * VECTORS.columns);
    for (key, vector) in vectors.iter().filter(|(key, _)| own.contains(key)) {
        values.extend(args![*key, vector.as_slice(), model]);
    }
    session.many(VECTORS, values).await
}
