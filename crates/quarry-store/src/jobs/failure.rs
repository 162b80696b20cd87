//! Why a job did not end well.

/// A failure, as it is kept with the job.
#[derive(Clone, Copy, Debug)]
pub struct JobFailure<'a> {
    /// A stable code.
    pub code: &'a str,
    /// A sentence for the person who added the document.
    pub reason: &'a str,
}
