//! Which collections an agent may read. Nothing a model writes can widen this, and what lies outside is answered in
//! the words for what is not there, so that nobody can find out by asking.

use std::sync::Arc;

use quarry_core::{Action, Collection, CollectionName, Document, DocumentId, ErrorKind, Fault, Filter};
use quarry_store::StoreError;

use crate::{agent::tool::ToolContext, error::EngineError};

/// The collections to look into: the one that is asked for, or all of the agent's.
pub(super) fn chosen(
    context: &ToolContext<'_>,
    asked: Option<&str>,
) -> Result<Vec<CollectionName>, EngineError> {
    let own = &context.agent.collections;
    match asked {
        Some(name) => match own.iter().find(|one| one.as_str() == name) {
            Some(found) => Ok(vec![found.clone()]),
            None => Err(StoreError::CollectionNotFound(name.to_owned()).into()),
        },
        None if own.is_empty() => Err(EngineError::invalid(
            "invalid_agent",
            "/collections",
            "this agent may read no collection; go on without documents",
        )),
        None => Ok(own.clone()),
    }
}

/// Those of the agent's collections that are there: one may have been removed since the agent was written.
pub(super) async fn present(context: &ToolContext<'_>) -> Result<Vec<Arc<Collection>>, EngineError> {
    let mut found = Vec::with_capacity(context.agent.collections.len());
    for name in &context.agent.collections {
        match context.engine.inner().permitted(context.access, Action::Run, name).await {
            Ok(collection) => found.push(collection),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether the run may see a document: whoever asked may have narrowed it to some.
pub(super) fn shown(context: &ToolContext<'_>, document: &Document) -> bool {
    context.filter.is_none_or(|filter| filter.matches(&document.metadata))
}

/// The run's filter and the model's, both: a model can only narrow.
pub(super) fn narrowed(context: &ToolContext<'_>, asked: Option<Filter>) -> Option<Filter> {
    match (context.filter.cloned(), asked) {
        (Some(own), Some(asked)) => Some(Filter::And(vec![own, asked])),
        (own, asked) => own.or(asked),
    }
}

/// A document of the agent's collections, with the name of its own.
pub(super) async fn document(
    context: &ToolContext<'_>,
    id: DocumentId,
) -> Result<(Document, CollectionName), EngineError> {
    let document = context.engine.documents().get(context.access, id).await?;
    let collection = present(context).await?.into_iter().find(|one| one.id == document.collection);
    match collection {
        Some(collection) if shown(context, &document) => Ok((document, collection.name.clone())),
        _ => Err(StoreError::DocumentNotFound(id.to_string()).into()),
    }
}
