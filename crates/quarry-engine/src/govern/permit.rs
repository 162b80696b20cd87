//! The checks that verbs make, as errors of the engine.

use std::sync::Arc;

use quarry_core::{Access, Action, Collection, CollectionId, CollectionName, Denied};
use quarry_store::StoreError;

use crate::{engine::Inner, error::EngineError};

/// Whether something may be done in the tenant as a whole.
pub(crate) fn must(access: &Access, action: Action) -> Result<(), EngineError> {
    access.check(action).map_err(|_| EngineError::Forbidden(action))
}

/// Whether something may be done in a collection. One that the caller does not see is not there.
pub(crate) fn must_in(access: &Access, action: Action, collection: &Collection) -> Result<(), EngineError> {
    access.check_in(action, collection.id).map_err(|denied| match denied {
        Denied::Forbidden(action) => EngineError::Forbidden(action),
        Denied::Hidden => StoreError::CollectionNotFound(collection.name.to_string()).into(),
    })
}

/// The same for a thing in a collection, with the error of that thing when it is not there for the caller.
pub(crate) fn must_see(
    access: &Access,
    action: Action,
    collection: CollectionId,
    missing: impl FnOnce() -> StoreError,
) -> Result<(), EngineError> {
    access.check_in(action, collection).map_err(|denied| match denied {
        Denied::Forbidden(action) => EngineError::Forbidden(action),
        Denied::Hidden => missing().into(),
    })
}

impl Inner {
    /// A collection by name, when this may be done in it.
    pub(crate) async fn permitted(
        &self,
        access: &Access,
        action: Action,
        name: &CollectionName,
    ) -> Result<Arc<Collection>, EngineError> {
        let collection = self.collection(access.tenant(), name).await?;
        must_in(access, action, &collection)?;
        Ok(collection)
    }
}
