//! Why a job did not end well.

use super::JobStage;

/// A failure, as it is kept with the job.
#[derive(Clone, Copy, Debug)]
pub struct JobFailure<'a> {
    /// A stable code.
    pub code: &'a str,
    /// A sentence for the person who added the document.
    pub reason: &'a str,
    /// The last thing that was done, where the worker knows better than its last sign of life said.
    pub stage: Option<JobStage>,
}
