//! The `[parse]` section of the configuration.

use quarry_parse::Limits;
use serde::{Deserialize, Serialize};

/// What reading a document may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CageSettings {
    /// Processes that parse at a time; 0 means one for each of the machine's cores.
    pub processes: usize,
    /// Megabytes of memory that one document may take.
    pub memory_megabytes: u64,
    /// Seconds of processor time that one document may take.
    pub cpu_seconds: u64,
    /// Seconds that one document may take in all.
    pub wall_seconds: u64,
    /// Seconds after which a process that has nothing to do is ended.
    pub idle_seconds: u64,
    /// Documents after which a process is replaced, so that what its libraries kept goes back to the system.
    pub recycle_after: u32,
    /// Most pages of a document, or sheets of a workbook.
    pub max_pages: usize,
    /// Longest text of a document, in characters.
    pub max_text_chars: usize,
    /// Most megabytes that a container may expand to.
    pub max_expanded_megabytes: u64,
    /// Most times that a container may grow when it is expanded.
    pub max_expansion_ratio: u64,
    /// Deepest nesting of elements, lists, tables and containers.
    pub max_nesting: usize,
    /// Whether pictures of text are read with the system's `tesseract` where it is installed.
    pub ocr: bool,
    /// Languages that `tesseract` is to expect, joined by `+`, as it names them.
    pub ocr_languages: String,
    /// Seconds that recognising one page may take.
    pub ocr_page_seconds: u64,
}

impl Default for CageSettings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            processes: 0,
            memory_megabytes: 1_024,
            cpu_seconds: 120,
            wall_seconds: 300,
            idle_seconds: 30,
            recycle_after: 500,
            max_pages: limits.pages,
            max_text_chars: limits.text_chars,
            max_expanded_megabytes: limits.expanded_bytes >> 20,
            max_expansion_ratio: limits.expansion_ratio,
            max_nesting: limits.nesting,
            ocr: true,
            ocr_languages: "eng".to_owned(),
            ocr_page_seconds: 60,
        }
    }
}

impl CageSettings {
    /// How many processes parse at a time.
    #[must_use]
    pub fn count(&self) -> usize {
        match self.processes {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            some => some,
        }
    }

    /// What the parser holds itself to.
    #[must_use]
    pub fn limits(&self, most_bytes: u64) -> Limits {
        Limits {
            input_bytes: most_bytes,
            pages: self.max_pages,
            text_chars: self.max_text_chars,
            expanded_bytes: self.max_expanded_megabytes << 20,
            expansion_ratio: self.max_expansion_ratio,
            nesting: self.max_nesting,
            ..Limits::default()
        }
    }
}
