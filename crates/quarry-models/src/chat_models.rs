//! The chat models of a configuration, by name.

use std::{fmt, sync::Arc};

use crate::{chat::ChatModel, chat_error::ChatError};

/// Every configured chat model, decorated and ready. Cheap to clone.
#[derive(Clone, Default)]
pub struct ChatModels {
    models: Arc<[Arc<dyn ChatModel>]>,
    default: Option<Arc<str>>,
}

impl fmt::Debug for ChatModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatModels").field("names", &self.names()).field("default", &self.default).finish()
    }
}

impl ChatModels {
    /// From the models, each named by its [`crate::ChatInfo::name`]. The default is `default`, or the first of them.
    #[must_use]
    pub fn new(models: Vec<Arc<dyn ChatModel>>, default: Option<&str>) -> Self {
        let first = models.first().map(|model| model.info().name.as_str());
        let default = default.or(first).map(Arc::from);
        Self { default, models: models.into() }
    }

    /// Whether there is none, so that the extractive answerer answers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Their names, in the order of the configuration.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.models.iter().map(|model| model.info().name.as_str()).collect()
    }

    /// The model with a name; the default one where none is named; `None` where there is no model at all.
    ///
    /// # Errors
    /// `unknown_chat_model` where the name is not configured.
    pub fn find(&self, name: Option<&str>) -> Result<Option<Arc<dyn ChatModel>>, ChatError> {
        let Some(name) = name.or(self.default.as_deref()) else { return Ok(None) };
        let found = self.models.iter().find(|model| model.info().name == name).cloned();
        let known = || if self.is_empty() { "none".to_owned() } else { self.names().join(", ") };
        found.map(Some).ok_or_else(|| ChatError::Unknown { name: name.to_owned(), known: known() })
    }
}
