//! What can go wrong in the engine.

use std::time::Duration;

use quarry_core::{Action, ErrorKind, Fault, FilterError, Quota};
use quarry_index::IndexError;
use quarry_models::ModelError;
use quarry_store::StoreError;

use crate::govern::Refusal;

/// Why an engine call failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The caller's input cannot work.
    #[error("{problem}")]
    Invalid {
        /// Stable code.
        code: &'static str,
        /// JSON pointer into the request, where known.
        pointer: &'static str,
        /// A sentence.
        problem: String,
    },
    /// A document is over the size limit.
    #[error("`{name}` has {bytes} bytes; at most {most} are taken (`ingest.max_document_bytes`)")]
    TooLarge {
        /// Which.
        name: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// The document has no searchable version yet.
    #[error("the document is not ready yet: its status is `{0}`; try again when it is `ready`")]
    NotReady(&'static str),
    /// The collection's vectors come from another embedder than the one at hand.
    #[error(
        "the collection was embedded with `{expected}`, which is not available ({problem}); install it or run `quarry index rebuild`"
    )]
    Embedder {
        /// The collection's.
        expected: String,
        /// Why it is not available.
        problem: String,
    },
    /// The embedder failed while a batch was ingested.
    #[error("the chunks could not be embedded: {reason}")]
    Embedding {
        /// What the embedder said.
        reason: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// A collection changes faster than its next generation can be built.
    #[error("documents arrive faster than the new index is built; try again when fewer are being added")]
    Busy,
    /// A generation could not be built.
    #[error("the new generation could not be built: {0}")]
    GenerationFailed(String),
    /// More runs at a time than the settings allow.
    #[error("{0} runs are going, which is the most (`agents.max_live_runs`); try again in a moment")]
    TooManyRuns(usize),
    /// The run was over before this could be done.
    #[error("the run is over already")]
    RunOver,
    /// No call of the run waits under this id.
    #[error("no call `{0}` of the run waits for a decision")]
    CallNotFound(String),
    /// A request without a key is not signed, or not by whom it should be.
    #[error(
        "the request is not signed by this source's sender: send `X-Quarry-Signature: t=<unix seconds>,v1=<hex>`, where v1 is \
         the HMAC-SHA256 of `t.body` with the source's secret and t at most 5 minutes old"
    )]
    Unsigned,
    /// The same signed request came before.
    #[error("this request was taken already; sign a new one with the present time")]
    Replayed,
    /// The caller may not do this.
    #[error("you may not {}; {} may", .0.in_words(), needed(*.0))]
    Forbidden(Action),
    /// The day's quota is used up.
    #[error("the tenant has used up its quota `{name}` of today; it is there again at midnight UTC", name = .0.as_str())]
    QuotaSpent(Quota, Duration),
    /// Only whoever asked decides about a run's calls.
    #[error("the run is another person's: only whoever asked decides about its calls")]
    NotYours,
    /// A credential is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The engine is shutting down.
    #[error("the server is shutting down; try again in a moment")]
    Closing,
    /// A filter is wrong.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A chat model failed where nothing lesser can answer.
    #[error(transparent)]
    Chat(#[from] quarry_models::ChatError),
    /// A document could not be read.
    #[error(transparent)]
    Parse(#[from] quarry_parse::ParseError),
    /// A document could not be read, or its parser was ended.
    #[error(transparent)]
    Cage(#[from] crate::cage::CageError),
    /// Nobody wants the work any more.
    #[error("nobody waits for this any more")]
    Dropped,
    /// The same failure as that of another document beside it.
    #[error("{reason}")]
    Shared {
        /// What kind of failure.
        kind: ErrorKind,
        /// Its code.
        code: &'static str,
        /// Its sentence.
        reason: String,
        /// How long to wait.
        retry_after: Option<Duration>,
    },
    /// An evaluation set could not be read.
    #[error(transparent)]
    Dataset(#[from] crate::eval::DatasetError),
    /// A background task died.
    #[error("a background task ended unexpectedly: {0}")]
    Task(String),
}

/// Who may do what the caller may not.
fn needed(action: Action) -> String {
    let scope = action.scope();
    if action.is_operators() {
        return format!(
            "a key of the root tenant with the role `{}` and the scope `{scope}`",
            action.least()
        );
    }
    format!("the role `{}`, and a key with the scope `{scope}` or `admin`,", action.least())
}

impl EngineError {
    /// Invalid input.
    pub(crate) fn invalid(code: &'static str, pointer: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { code, pointer, problem: problem.into() }
    }

    /// The same failure for one more document.
    pub(crate) fn again(&self) -> Self {
        Self::Shared {
            kind: self.kind(),
            code: self.code(),
            reason: self.to_string(),
            retry_after: self.retry_after(),
        }
    }

    fn fault(&self) -> Option<&dyn Fault> {
        match self {
            Self::Filter(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Index(error) => Some(error),
            Self::Model(error) => Some(error),
            Self::Chat(error) => Some(error),
            Self::Parse(error) => Some(error),
            Self::Cage(error) => Some(error),
            Self::Dataset(error) => Some(error),
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }
}

impl Fault for EngineError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::NotReady(_) | Self::Embedder { .. } | Self::RunOver => ErrorKind::Conflict,
            Self::CallNotFound(_) => ErrorKind::NotFound,
            Self::Dropped | Self::GenerationFailed(_) | Self::Replayed => ErrorKind::Conflict,
            Self::Unsigned => ErrorKind::Unauthenticated,
            Self::Forbidden(_) | Self::NotYours => ErrorKind::Forbidden,
            Self::QuotaSpent(..) => ErrorKind::RateLimited,
            Self::Shared { kind, .. } => *kind,
            Self::Busy | Self::TooManyRuns(_) | Self::Closing | Self::Embedding { .. } => {
                ErrorKind::Unavailable
            }
            other => other.fault().map_or(ErrorKind::Internal, Fault::kind),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid { code, .. } => code,
            Self::TooLarge { .. } => "document_too_large",
            Self::NotReady(_) => "document_not_ready",
            Self::Embedder { .. } => "embedder_mismatch",
            Self::Busy => "collection_busy",
            Self::Closing => "shutting_down",
            Self::TooManyRuns(_) => "too_many_runs",
            Self::RunOver => "run_over",
            Self::CallNotFound(_) => "call_not_found",
            Self::Embedding { .. } => "embedder_unavailable",
            Self::Dropped => "dropped",
            Self::Unsigned => "unauthenticated",
            Self::Forbidden(_) | Self::NotYours => "forbidden",
            Self::QuotaSpent(..) => "quota_spent",
            Self::Replayed => "push_replayed",
            Self::GenerationFailed(_) => "generation_failed",
            Self::Shared { code, .. } => code,
            other => other.fault().map_or("internal", Fault::code),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Closing => Some(Duration::from_secs(5)),
            Self::QuotaSpent(_, wait) => Some(*wait),
            Self::TooManyRuns(_) => Some(Duration::from_secs(1)),
            Self::Embedding { retry_after, .. } | Self::Shared { retry_after, .. } => *retry_after,
            other => other.fault().and_then(Fault::retry_after),
        }
    }

    fn pointer(&self) -> Option<String> {
        match self {
            Self::Invalid { pointer, .. } if !pointer.is_empty() => Some((*pointer).to_owned()),
            other => other.fault().and_then(Fault::pointer),
        }
    }
}
