//! What a document may be when it comes in.

use std::collections::HashSet;

use quarry_core::{Metadata, metadata};

use super::{Documents, Upload};
use crate::error::EngineError;

/// Whether these can be readers.
pub(super) fn readers(list: &[String]) -> Result<(), EngineError> {
    quarry_core::readers::check(list)
        .map_err(|problem| EngineError::invalid("invalid_readers", "/readers", problem))
}

/// Whether all of these can be taken.
pub(super) fn uploads(uploads: &[Upload], most_bytes: u64) -> Result<(), EngineError> {
    if uploads.is_empty() {
        return Err(EngineError::invalid(
            "no_documents",
            "/documents",
            "there is no document in the request",
        ));
    }
    if uploads.len() > Documents::MAX_BATCH {
        let problem = format!(
            "{} documents in one call; at most {} are taken, send them in several calls",
            uploads.len(),
            Documents::MAX_BATCH
        );
        return Err(EngineError::invalid("too_many_documents", "/documents", problem));
    }
    for upload in uploads {
        let name = if upload.source.is_empty() { &upload.name } else { &upload.source };
        if upload.bytes.is_empty() {
            let problem = format!("`{name}` is empty (0 bytes); there is nothing to index");
            return Err(EngineError::invalid("empty_document", "/documents", problem));
        }
        if upload.bytes.len() as u64 > most_bytes {
            return Err(EngineError::TooLarge {
                name: name.clone(),
                bytes: upload.bytes.len() as u64,
                most: most_bytes,
            });
        }
        if upload.source.len() > MAX_SOURCE
            || upload.title.as_ref().is_some_and(|title| title.len() > MAX_SOURCE)
        {
            let problem = format!("a source or title is longer than {MAX_SOURCE} bytes");
            return Err(EngineError::invalid("invalid_document", "/documents", problem));
        }
        if upload.priority.is_some_and(|priority| priority > 9) {
            let problem = "a priority is 0 (first) to 9 (last)";
            return Err(EngineError::invalid("invalid_document", "/documents", problem));
        }
        fields(&upload.metadata)?;
        if let Some(list) = &upload.readers {
            readers(list)?;
        }
    }
    let mut sources = HashSet::new();
    match uploads.iter().find(|upload| !upload.source.is_empty() && !sources.insert(upload.source.as_str())) {
        Some(twice) => {
            let problem = format!("the source `{}` stands twice in one call", twice.source);
            Err(EngineError::invalid("duplicate_source", "/documents", problem))
        }
        None => Ok(()),
    }
}

/// Longest source or title in bytes.
pub(super) const MAX_SOURCE: usize = 2_048;

/// Whether filters can ask about these.
pub(super) fn fields(fields: &Metadata) -> Result<(), EngineError> {
    metadata::check(fields).map_err(|problem| EngineError::invalid("invalid_metadata", "/metadata", problem))
}
