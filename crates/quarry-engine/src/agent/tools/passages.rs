//! Passages as a model reads them: each with the number that it cites.

use crate::agent::{
    source::{Source, Sources},
    tool::{MOST_CHARACTERS, ToolOutput},
};

/// Room kept for the notes at the end.
const NOTES: usize = 500;

/// Text with numbered passages, within the size a tool may return.
pub(super) struct Passages<'a> {
    sources: &'a Sources,
    text: String,
    characters: usize,
    numbers: Vec<u32>,
}

impl<'a> Passages<'a> {
    pub(super) const fn new(sources: &'a Sources) -> Self {
        Self { sources, text: String::new(), characters: 0, numbers: Vec::new() }
    }

    /// Adds a passage with its heading line. A passage that does not fit is not added; alone, it is cut.
    pub(super) fn push(&mut self, mut source: Source, headings: &[String]) -> bool {
        let head = head(&source, headings);
        let room = (MOST_CHARACTERS - NOTES).saturating_sub(self.characters + head.chars().count() + 16);
        let length = source.text.chars().count();
        if length > room {
            if !self.numbers.is_empty() {
                return false;
            }
            source.text = source.text.chars().take(room).collect();
            let room = u32::try_from(room).unwrap_or(u32::MAX);
            source.span.end = source.span.end.min(source.span.start.saturating_add(room));
        }
        let text = std::mem::take(&mut source.text);
        source.text.clone_from(&text);
        let number = self.sources.add(source);
        let gap = if self.text.is_empty() { "" } else { "\n\n" };
        let block = format!("{gap}[{number}] {head}\n{text}");
        self.characters += block.chars().count();
        self.text.push_str(&block);
        self.numbers.push(number);
        true
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The text, with a note below.
    pub(super) fn finish(self, note: Option<String>) -> ToolOutput {
        let text = match note {
            Some(note) => {
                let note: String = note.chars().take(NOTES).collect();
                format!("{}\n\n({note})", self.text)
            }
            None => self.text,
        };
        ToolOutput { text, sources: self.numbers }
    }
}

/// `Title — headings (page p)`. A title is whatever a document says of itself; a short one does.
fn head(source: &Source, headings: &[String]) -> String {
    let short = |text: &str| -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
    };
    let mut head = short(if source.title.is_empty() { &source.source } else { &source.title });
    if !headings.is_empty() {
        head.push_str(" — ");
        head.push_str(&short(&headings.join(" > ")));
    }
    if let Some(page) = source.page {
        head.push_str(&format!(" (page {page})"));
    }
    head
}

#[cfg(test)]
mod tests {
    use quarry_core::{ChunkRef, CollectionName, DocumentId, Span};

    use super::Passages;
    use crate::agent::{
        source::{Source, Sources},
        tool::MOST_CHARACTERS,
    };

    fn source(text: &str, ordinal: u32) -> Source {
        let document_id = DocumentId::from_uuid(DocumentId::default().uuid());
        let end = u32::try_from(text.chars().count()).unwrap();
        Source {
            number: 0,
            collection: CollectionName::fallback(),
            document_id,
            chunk_id: ChunkRef { document: document_id, version: 1, ordinal },
            title: "Tides".to_owned(),
            source: "tides.txt".to_owned(),
            page: Some(3),
            span: Span { start: 0, end },
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_block_has_number_title_headings_page_and_text() {
        let sources = Sources::default();
        let mut passages = Passages::new(&sources);
        assert!(passages.push(source("The moon.", 0), &["Sea".to_owned(), "Moon".to_owned()]));
        let output = passages.finish(Some("note".to_owned()));
        assert_eq!(output.text, "[1] Tides — Sea > Moon (page 3)\nThe moon.\n\n(note)");
        assert_eq!(output.sources, [1]);
    }

    #[test]
    fn what_does_not_fit_is_no_source() {
        let sources = Sources::default();
        let mut passages = Passages::new(&sources);
        assert!(passages.push(source(&"ä".repeat(MOST_CHARACTERS * 2), 0), &[]));
        assert!(!passages.push(source("more text than there is room for", 1), &[]));
        let output = passages.finish(Some("n".repeat(2_000)));
        assert!(output.text.chars().count() <= MOST_CHARACTERS);
        let kept = sources.all();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].text.chars().count(), (kept[0].span.end - kept[0].span.start) as usize);
    }
}
