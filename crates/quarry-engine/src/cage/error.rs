//! What a cage says of a document that was not read.

use quarry_core::{ErrorKind, Fault};
use quarry_parse::ParseError;

/// Why a caged document gave no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CageError {
    /// The parser says why.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The parser's process ended in the middle of it.
    #[error(
        "the parser crashed on it ({0}); the file is damaged in a way that it does not stand: save it anew with the program it comes from, or convert it"
    )]
    Crashed(String),
    /// The parser's process was ended by somebody else: the system, when memory is short.
    #[error("the parser was ended from outside while it read it; it is tried again")]
    Killed,
    /// It took too long.
    #[error(
        "reading it took more than {seconds} seconds ({which}); raise `parse.{which}` or split the document"
    )]
    TooSlow {
        /// How many.
        seconds: u64,
        /// The key that says so.
        which: &'static str,
    },
    /// It took too much memory.
    #[error(
        "reading it took more than {0} megabytes of memory; raise `parse.memory_megabytes` or split the document"
    )]
    TooMuchMemory(u64),
    /// What came out is too much.
    #[error("what it expands to is more than a document may hold ({0} megabytes); split it")]
    TooMuchOutput(u64),
    /// No process could be started.
    #[error("no parser could be started: {0}")]
    Unavailable(String),
}

impl Fault for CageError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Parse(error) => error.kind(),
            Self::Crashed(_) | Self::TooSlow { .. } => ErrorKind::Invalid,
            Self::Killed => ErrorKind::Internal,
            Self::TooMuchMemory(_) | Self::TooMuchOutput(_) => ErrorKind::TooLarge,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Parse(error) => error.code(),
            Self::Crashed(_) => "parser_crashed",
            Self::Killed => "parser_killed",
            Self::TooSlow { .. } => "parser_timeout",
            Self::TooMuchMemory(_) => "parser_memory",
            Self::TooMuchOutput(_) => "parser_output",
            Self::Unavailable(_) => "parser_unavailable",
        }
    }
}
