//! What a waiting run goes on from, also after a restart.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    run::{Plan, Progress},
    source::Source,
};
use crate::error::EngineError;

/// Raised when an older one cannot be read any more.
const VERSION: u32 = 1;

/// All of it. Nothing here came from a model but the conversation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    version: u32,
    pub(crate) plan: Plan,
    pub(crate) progress: Progress,
    pub(crate) sources: Vec<Source>,
}

impl Checkpoint {
    pub(crate) const fn new(plan: Plan, progress: Progress, sources: Vec<Source>) -> Self {
        Self { version: VERSION, plan, progress, sources }
    }

    pub(crate) fn write(&self) -> Result<Value, EngineError> {
        serde_json::to_value(self)
            .map_err(|error| EngineError::Task(format!("a run could not be kept: {error}")))
    }

    pub(crate) fn read(value: Value) -> Result<Self, EngineError> {
        let read: Result<Self, _> = serde_json::from_value(value);
        match read {
            Ok(checkpoint) if checkpoint.version == VERSION => Ok(checkpoint),
            _ => Err(EngineError::Task(
                "the run was kept by another version of Quarry and cannot go on".to_owned(),
            )),
        }
    }
}
