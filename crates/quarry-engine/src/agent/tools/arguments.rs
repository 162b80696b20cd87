//! What a model wrote, as a type; and what went wrong, as a sentence for it.

use quarry_core::{ErrorKind, Fault};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    agent::tool::{ToolContext, ToolFailure},
    error::EngineError,
};

/// Reads arguments. The run has held them against the schema already; what it cannot say in a schema is said here.
pub(super) fn read<T: DeserializeOwned>(arguments: &Value) -> Result<T, ToolFailure> {
    T::deserialize(arguments).map_err(|error| ToolFailure(format!("the arguments are wrong: {error}")))
}

/// A failure in the words of the caller. What is our fault is not explained to a model: it could neither mend it nor
/// be trusted with the details.
pub(super) fn failure(error: &EngineError) -> ToolFailure {
    match error.kind() {
        ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Timeout => ToolFailure(
            "the tool is not available now, for a reason that is the server's; go on without it".to_owned(),
        ),
        _ => ToolFailure(error.to_string()),
    }
}

/// Does the work by the run's deadline, or until the caller goes away.
pub(crate) async fn in_time<T>(
    context: &ToolContext<'_>,
    work: impl Future<Output = Result<T, ToolFailure>>,
) -> Result<T, ToolFailure> {
    let late = || Err(ToolFailure("the run's time was over before the tool had answered".to_owned()));
    // A timer whose moment has passed still needs a turn of the runtime, in which quick work would be done too late.
    if std::time::Instant::now() >= context.deadline {
        return late();
    }
    tokio::select! {
        // In this order: what is quick enough must not be done for nobody.
        biased;
        () = context.cancel.cancelled() => Err(ToolFailure("the run was cancelled".to_owned())),
        () = tokio::time::sleep_until(context.deadline.into()) => late(),
        done = work => done,
    }
}
