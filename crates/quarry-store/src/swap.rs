//! Swapping a collection to the next generation of its index, with the vectors of another embedder where there are
//! some, in one transaction.

use quarry_core::{Actor, Collection, CollectionId, TenantId};
use serde_json::json;

use crate::{
    audit::{Change, record},
    chunks,
    collections::{self, Collections},
    error::StoreError,
    sql::{Session, args},
    store::retry,
};

/// New vectors by the chunks' keys.
type Vectors<'a> = &'a [(u64, Vec<u8>)];

/// Vectors written in one statement's worth.
const PAGE: usize = 500;

/// The next generation.
#[derive(Clone, Debug)]
pub struct Swap {
    /// Its number, from [`Collections::begin_generation`].
    pub generation: u32,
    /// The embedder of its vectors.
    pub embedder: String,
    /// Numbers in one vector.
    pub dimension: u32,
    /// The collection's sequence number that the new generation was built from; when it has moved on, nothing is
    /// changed.
    pub expected_sequence: u64,
}

impl Collections<'_> {
    /// Makes a generation the one that answers. `vectors` replaces every chunk's vector when the embedder changes.
    ///
    /// # Errors
    /// There is no such collection, it changed meanwhile, or the database fails. Then nothing is changed.
    pub async fn swap_generation(
        &self,
        (tenant, id): (TenantId, CollectionId),
        swap: &Swap,
        vectors: Option<Vectors<'_>>,
        actor: &Actor,
    ) -> Result<Collection, StoreError> {
        let model = self.store.chunks().model_number(&swap.embedder, swap.dimension).await?;
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = self.swapped(&mut session, (tenant, id), swap, (model, vectors), actor).await;
            session.finish(outcome).await
        })
    }

    async fn swapped(
        &self,
        session: &mut Session,
        (tenant, id): (TenantId, CollectionId),
        swap: &Swap,
        (model, vectors): (i64, Option<Vectors<'_>>),
        actor: &Actor,
    ) -> Result<Collection, StoreError> {
        // The write comes first: it holds every other change of the collection off until the transaction ends.
        let sql = format!(
            "UPDATE collections SET generation = $3, embedder = $4, dimension = $5, updated_at = $6 \
             WHERE tenant = $1 AND id = $2 AND sequence = $7 RETURNING {}",
            collections::COLUMNS
        );
        let now = self.store.now();
        let values = args![
            tenant,
            id,
            swap.generation,
            swap.embedder.as_str(),
            swap.dimension,
            now,
            swap.expected_sequence
        ];
        let row =
            session.first(sql, values).await?.ok_or_else(|| StoreError::CollectionChanged(id.to_string()))?;
        let collection = collections::read(&row)?;
        if let Some(vectors) = vectors {
            // A chunk without a new vector must not keep the old embedder's.
            session
                .execute(
                    "UPDATE chunks SET vector = NULL, model = $3 WHERE tenant = $1 AND collection = $2",
                    args![tenant, id, model],
                )
                .await?;
            for page in vectors.chunks(PAGE) {
                chunks::set(session, (tenant, id), model, page).await?;
            }
        }
        let details = json!({"generation": swap.generation, "embedder": swap.embedder});
        let change =
            Change { tenant, actor, action: "collection.generation", object: id.to_string(), details };
        record(session, now, vec![change]).await?;
        Ok(collection)
    }
}
