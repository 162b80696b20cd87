//! From settings to an embedder, with its decorators in their order: cache outside, limit inside.

use std::{path::Path, sync::Arc};

use crate::{
    StaticTable,
    cache::Cached,
    catalog,
    embed::Embedder,
    error::ModelError,
    limit::Limited,
    local::{static_table, transformer::Transformer},
    providers::openai::OpenAi,
    settings::EmbedderSettings,
};

/// Opens the default embedder of the settings.
///
/// # Errors
/// As [`open_by_id`].
pub fn open(settings: &EmbedderSettings, models_dir: &Path) -> Result<Arc<dyn Embedder>, ModelError> {
    open_by_id(&settings.default, settings, models_dir)
}

/// Opens an embedder by its id. Each call builds a new one: keep what it returns.
///
/// # Errors
/// `unknown_embedder`, `model_not_installed`, `model_broken` or `model_settings`.
pub fn open_by_id(
    id: &str,
    settings: &EmbedderSettings,
    models_dir: &Path,
) -> Result<Arc<dyn Embedder>, ModelError> {
    settings.check()?;
    if id == static_table::ID {
        return Ok(Arc::new(StaticTable::with_threads(settings.threads())?));
    }
    let cache_bytes = settings.cache_mb.saturating_mul(1024 * 1024);
    if let Some(server) = settings.openai.iter().find(|server| server.id() == id) {
        let limited = Limited::new(Arc::new(OpenAi::new(server)?), server.concurrency);
        return Ok(Cached::wrap(Arc::new(limited), cache_bytes));
    }
    let Some(entry) = catalog::find(id) else {
        return Err(ModelError::Unknown { id: id.to_owned(), known: known_ids(settings).join(", ") });
    };
    if !catalog::is_installed(entry, models_dir) {
        return Err(ModelError::NotInstalled { id: id.to_owned() });
    }
    let model = Transformer::load(&entry.info(), &models_dir.join(entry.id), settings.threads())?;
    Ok(Cached::wrap(Arc::new(model), cache_bytes))
}

/// Every id that [`open_by_id`] knows, installed or not.
#[must_use]
pub fn known_ids(settings: &EmbedderSettings) -> Vec<String> {
    let catalogued = catalog::ENTRIES.iter().map(|entry| entry.id.to_owned());
    catalogued.chain(settings.openai.iter().map(crate::OpenAiSettings::id)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use quarry_core::Fault;

    use super::{open, open_by_id};
    use crate::EmbedderSettings;

    #[test]
    fn the_default_opens_without_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let embedder = open(&EmbedderSettings::default(), folder.path()).unwrap();
        assert_eq!(embedder.info().id, "static-en-256");
        assert_eq!(embedder.info().dimension, 256);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_opened_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let settings = EmbedderSettings::default();
        let fails = |id: &str| open_by_id(id, &settings, folder.path()).err().unwrap();
        let missing = fails("all-minilm-l6-v2");
        assert_eq!(missing.code(), "model_not_installed");
        assert!(missing.to_string().contains("`quarry models pull all-minilm-l6-v2`"));
        let unknown = fails("word2vec");
        assert_eq!(unknown.code(), "unknown_embedder");
        assert!(unknown.to_string().contains("static-en-256, all-minilm-l6-v2"), "{unknown}");
    }
}
