//! Chunks of a generation that is being built: written beside those that answer.

use std::collections::HashSet;

use quarry_core::{Document, DocumentId};

use super::{
    Chunks, Publication,
    publish::{insert, lock, next_sequence, take_keys},
};
use crate::{
    error::StoreError,
    sql::{Session, args},
    store::retry,
};

impl Chunks<'_> {
    /// Writes the chunks of documents for a generation that does not answer yet, in one transaction with one sequence
    /// number, in place of those it has of them. A document whose searchable version is another one by now is passed over.
    /// Answers how many documents were written.
    ///
    /// # Errors
    /// The collection is gone, or the database fails; then nothing is written.
    pub async fn build(&self, publications: &[Publication]) -> Result<usize, StoreError> {
        let mut models = Vec::with_capacity(publications.len());
        for publication in publications {
            models.push(self.model_number(&publication.model.0, publication.model.1).await?);
        }
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = build(&mut session, publications, &models).await;
            session.finish(outcome).await
        })
    }
}

async fn build(
    session: &mut Session,
    publications: &[Publication],
    models: &[i64],
) -> Result<usize, StoreError> {
    let Some(first) = publications.first() else { return Ok(0) };
    let mut present = lock(session, publications).await?;
    let searchable = searchable(session, publications).await?;
    let mut accepted: Vec<(usize, &Publication, Document)> = Vec::with_capacity(publications.len());
    for (place, publication) in publications.iter().enumerate() {
        if searchable.contains(&(publication.document, publication.version))
            && let Some(document) = present.remove(&publication.document)
        {
            accepted.push((place, publication, document));
        }
    }
    if accepted.is_empty() {
        return Ok(0);
    }
    let sequence = next_sequence(session, publications).await?;
    let dialect = session.dialect();
    let sql = format!("DELETE FROM chunks WHERE document {} AND chunk_set = $2", dialect.ids_in());
    let documents = dialect.ids(accepted.iter().map(|(_, publication, _)| publication.document.uuid()));
    session.execute(sql, args![documents, first.chunk_set]).await?;
    let count = accepted.iter().map(|(_, publication, _)| publication.chunks.len()).sum();
    let keys = take_keys(session, count).await?;
    insert(session, &accepted, (models, &keys), sequence).await?;
    Ok(accepted.len())
}

/// The documents with their searchable versions.
async fn searchable(
    session: &mut Session,
    publications: &[Publication],
) -> Result<HashSet<(DocumentId, u32)>, StoreError> {
    let dialect = session.dialect();
    let sql = format!("SELECT id, published_version FROM documents WHERE id {}", dialect.ids_in());
    let ids = dialect.ids(publications.iter().map(|publication| publication.document.uuid()));
    let rows = session.rows(sql, args![ids]).await?;
    rows.iter().map(|row| Ok((DocumentId::from_uuid(row.id(0)?), row.small(1)?))).collect()
}
