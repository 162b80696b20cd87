//! Why a document cannot be read.

use std::borrow::Cow;

use quarry_core::{ErrorKind, Fault};
use serde::{Deserialize, Serialize};

/// A document that gives no text, with the reason as a sentence for the person who added it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ParseError {
    /// There are no bytes.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// The bytes are of a kind that is not read.
    #[error("{found} cannot be read; what can be: {}", crate::sniff::SUPPORTED)]
    Unsupported {
        /// What the bytes are, with its article.
        found: Cow<'static, str>,
    },
    /// The name promises a format and the bytes are something else.
    #[error("named .{extension}, but its bytes are {found}; give it its right name or replace the file")]
    WrongFormat {
        /// The extension of the file name.
        extension: String,
        /// What the bytes are, with its article.
        found: Cow<'static, str>,
    },
    /// The format is known and the content is broken.
    #[error("the {format} is damaged: {detail}")]
    Damaged {
        /// The format's name.
        format: Cow<'static, str>,
        /// What is wrong, as far as the reader can tell.
        detail: String,
    },
    /// It needs a password, and was given none or one that does not fit.
    #[error("{}", encrypted_sentence(.format, *.wrong_password))]
    Encrypted {
        /// The format's name.
        format: Cow<'static, str>,
        /// Whether a password was given and does not fit.
        wrong_password: bool,
    },
    /// It is larger than a limit allows.
    #[error("the document has more {which} than the limit of {limit}")]
    OverLimit {
        /// What there is too much of.
        which: Cow<'static, str>,
        /// How much is allowed.
        limit: u64,
    },
    /// It was read, and holds no text.
    #[error("no text in the {format}: {detail}")]
    NoText {
        /// The format's name.
        format: Cow<'static, str>,
        /// What it holds instead.
        detail: String,
    },
    /// All its text stands in pictures, and nothing here reads those.
    #[error("{}", needs_ocr_sentence(.format, .pages))]
    NeedsOcr {
        /// The format's name.
        format: Cow<'static, str>,
        /// The pages that are pictures, from 1; none for a document without pages.
        pages: Vec<u32>,
    },
}

fn encrypted_sentence(format: &str, wrong_password: bool) -> String {
    if wrong_password {
        format!("the password given for the {format} does not open it; give the right one")
    } else {
        format!("the {format} is encrypted; give its password, or remove it and add the file again")
    }
}

fn needs_ocr_sentence(format: &str, pages: &[u32]) -> String {
    let place = if pages.is_empty() { String::new() } else { format!(" ({})", page_list(pages)) };
    format!(
        "the {format} has its text only in pictures{place}; install the OCR program Tesseract (package `tesseract-ocr`, \
         with the data of its languages) and add it again"
    )
}

/// `page 3` or `pages 1, 2, 5 and 7 more`.
pub(crate) fn page_list(pages: &[u32]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = pages.iter().take(SHOWN).map(u32::to_string).collect();
    let more = if pages.len() > SHOWN { format!(" and {} more", pages.len() - SHOWN) } else { String::new() };
    format!("page{} {}{more}", if pages.len() == 1 { "" } else { "s" }, shown.join(", "))
}

impl ParseError {
    pub(crate) fn damaged(format: &'static str, detail: impl ToString) -> Self {
        // Readers' messages can quote the input at length; a person needs the start only.
        Self::Damaged { format: format.into(), detail: detail.to_string().chars().take(300).collect() }
    }

    /// It is encrypted and `password` does not open it.
    pub(crate) fn encrypted(format: &'static str, password: Option<&str>) -> Self {
        Self::Encrypted { format: format.into(), wrong_password: password.is_some() }
    }

    pub(crate) fn over(which: &'static str, limit: impl TryInto<u64>) -> Self {
        Self::OverLimit { which: which.into(), limit: limit.try_into().unwrap_or(u64::MAX) }
    }
}

impl Fault for ParseError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::OverLimit { .. } => ErrorKind::TooLarge,
            _ => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_document",
            Self::Unsupported { .. } => "unsupported_format",
            Self::WrongFormat { .. } => "wrong_format",
            Self::Damaged { .. } => "damaged_document",
            Self::Encrypted { .. } => "encrypted_document",
            Self::OverLimit { .. } => "over_limit",
            Self::NoText { .. } => "no_text",
            Self::NeedsOcr { .. } => "ocr_needed",
        }
    }
}
