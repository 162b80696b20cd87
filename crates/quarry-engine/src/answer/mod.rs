//! Answering: from passages to sentences that cite their sources.
//!
//! The extractive answerer needs no language model: it scores every sentence of the best passages by what it shares
//! with the question and by whether it holds the kind of thing that is asked for, and quotes the best. Whether the
//! documents answer at all is a second, separate judgement over the best evidence. Both are linear, their weights
//! are data, fitted by `quarry eval fit`.

mod asked;
pub(crate) mod evidence;
pub(crate) mod extract;
mod query;
mod quote;
mod types;
pub(crate) mod weights;

pub(crate) use query::{answer, read};
pub use types::{Answer, AnswerRequest, Citation, Sentence};
