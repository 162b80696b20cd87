//! Results as a model reads them. Programs take the structured ones.

use quarry_core::{Document, DocumentId, Page};
use quarry_engine::{Answer, Hit, agent::RunAnswer, documents::ChunkView};

/// Most characters of a text: what does not fit is in the structured result.
const MOST_CHARACTERS: usize = 40_000;

/// `[n] Title — headings (page p)` with the document's id, and the passage below.
pub(super) fn hits(hits: &[Hit]) -> String {
    if hits.is_empty() {
        return "No passage matches.".to_owned();
    }
    let blocks = hits.iter().map(|hit| {
        let title = if hit.title.is_empty() { &hit.source } else { &hit.title };
        let head = head(title, &hit.headings, hit.page);
        format!("[{}] {head}\ndocument_id: {}\n{}", hit.rank, hit.document_id, hit.text)
    });
    cut(blocks.collect::<Vec<_>>().join("\n\n"))
}

fn head(title: &str, headings: &[String], page: Option<u32>) -> String {
    let headings = if headings.is_empty() { String::new() } else { format!(" — {}", headings.join(" > ")) };
    let page = page.map_or(String::new(), |page| format!(" (page {page})"));
    format!("{title}{headings}{page}")
}

/// A part of a document.
pub(super) fn reading(document: &Document, chunks: &Page<ChunkView>) -> String {
    let title = if document.title.is_empty() { &document.source } else { &document.title };
    let pages = document.pages.map_or(String::new(), |pages| format!(", {pages} pages"));
    let mut blocks = vec![format!("{title} ({}{pages})", document.status.as_str())];
    if chunks.items.is_empty() {
        blocks.push("There is no text in this part.".to_owned());
    }
    blocks.extend(chunks.items.iter().map(|chunk| {
        let page = chunk.page.map_or(String::new(), |page| format!("(page {page})\n"));
        format!("{page}{}", chunk.text)
    }));
    let text = cut(blocks.join("\n\n"));
    match &chunks.next_cursor {
        Some(cursor) => format!("{text}\n\n(more: go on with cursor = {})", cursor.0),
        None => text,
    }
}

/// A page of a list.
pub(super) fn documents(page: &Page<Document>) -> String {
    if page.items.is_empty() {
        return "There are no documents.".to_owned();
    }
    let line = |document: &Document| {
        let title = if document.title.is_empty() { &document.source } else { &document.title };
        let pages = document.pages.map_or(String::new(), |pages| format!(", {pages} pages"));
        let (id, status) = (document.id, document.status.as_str());
        format!("- {id} | {title} | from {}{pages}, {status}", document.source)
    };
    let text = cut(page.items.iter().map(line).collect::<Vec<_>>().join("\n"));
    match &page.next_cursor {
        Some(cursor) => format!("{text}\n(more: go on with cursor = {})", cursor.0),
        None => text,
    }
}

/// Quotes with what they are quoted from.
pub(super) fn quoted(answer: &Answer) -> String {
    let cited = answer.citations.iter().filter(|_| answer.answered).map(|citation| {
        let title = if citation.title.is_empty() { &citation.source } else { &citation.title };
        source(citation.number, title, citation.page, citation.document_id)
    });
    with_sources(&answer.answer, cited.collect())
}

/// A model's answer with what it cites, and a warning where no model could give it.
pub(super) fn written(answer: &RunAnswer) -> String {
    let cited = answer.citations.iter().map(|citation| {
        let title = if citation.title.is_empty() { &citation.source } else { &citation.title };
        source(citation.number, title, citation.page, citation.document_id)
    });
    let text = with_sources(&answer.text, cited.collect());
    match answer.degraded_reason.as_ref().filter(|_| answer.degraded) {
        Some(reason) => {
            format!("{text}\n\n(quoted from the documents, since no model could answer: {reason})")
        }
        None => text,
    }
}

fn source(number: u32, title: &str, page: Option<u32>, document: DocumentId) -> String {
    let page = page.map_or(String::new(), |page| format!(", page {page}"));
    format!("[{number}] {title}{page} (document_id: {document})")
}

fn with_sources(text: &str, cited: Vec<String>) -> String {
    if cited.is_empty() { text.to_owned() } else { format!("{text}\n\n{}", cited.join("\n")) }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}\n\n(cut: the rest is too long)", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
