//! `read_document`: a document's text, a page of it, or what stands around a passage.

use async_trait::async_trait;
use quarry_core::{ChunkRef, CollectionName, Document, DocumentId, Span};
use quarry_models::chat::ToolSpec;
use quarry_store::{ChunkRow, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{arguments, bounds, passages::Passages};
use crate::{
    agent::{
        source::Source,
        tool::{Tool, ToolContext, ToolFailure, ToolOutput},
    },
    error::EngineError,
    retrieve::SearchRequest,
};

/// Characters of text that one call gives at most; the note says where to go on.
const MOST: u32 = 12_000;
/// Chunks that are read from the database at a time.
const STRIDE: u32 = 64;

/// The tool.
pub(super) struct ReadDocument {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    document_id: Option<String>,
    source: Option<u32>,
    page: Option<u32>,
    around: Option<u32>,
    start: Option<u32>,
}

/// What to read of a document.
enum Part {
    /// From a character on.
    From(u32),
    /// One page.
    Page(u32),
    /// A passage with its neighbours.
    Around(ChunkRef, u32),
}

impl ReadDocument {
    pub(super) fn new() -> Self {
        let description = "Reads a document: from its start or a character on, one page, or what stands around a \
                           passage. Name it by `document_id` or by the number of one of its passages (`source`). The \
                           text comes as passages [n]: cite them by number.";
        Self {
            spec: ToolSpec {
                name: "read_document".to_owned(),
                description: description.to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "document_id": {"type": "string", "description": "The document's id, as list_documents gives it."},
                        "source": {"type": "integer", "minimum": 1, "description": "The number n of a passage [n] of the document."},
                        "page": {"type": "integer", "minimum": 1, "description": "Only this page, where the document has pages."},
                        "around": {"type": "integer", "minimum": 0, "maximum": SearchRequest::MAX_WIDEN, "description": "With `source`: only that passage and so many neighbours on each side."},
                        "start": {"type": "integer", "minimum": 0, "description": "Read on from this character, as the note of the call before said."}
                    },
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for ReadDocument {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        let (id, part) = wanted(context, &arguments)?;
        arguments::in_time(context, async {
            read(context, id, &part).await.map_err(|error| arguments::failure(&error))
        })
        .await
    }
}

/// Which document, and what of it.
fn wanted(context: &ToolContext<'_>, arguments: &Arguments) -> Result<(DocumentId, Part), ToolFailure> {
    let wrong = |problem: &str| Err(ToolFailure(problem.to_owned()));
    let passage = match (arguments.source, &arguments.document_id) {
        (Some(_), Some(_)) => return wrong("name the document by `document_id` or by `source`, not by both"),
        (None, None) => {
            return wrong("say which document: by `document_id` or by `source`, the n of a passage [n]");
        }
        (Some(number), None) => match context.sources.find(number) {
            Some(source) => Some(source.chunk_id),
            None => return Err(ToolFailure(format!("there is no passage [{number}] in this run"))),
        },
        (None, Some(_)) => None,
    };
    let id = match (passage, &arguments.document_id) {
        (Some(passage), _) => passage.document,
        (None, text) => {
            let text = text.as_deref().unwrap_or_default();
            // What is not even an id is not there either.
            text.parse()
                .map_err(|_| ToolFailure(StoreError::DocumentNotFound(text.to_owned()).to_string()))?
        }
    };
    let part = match (arguments.page, arguments.around, arguments.start, passage) {
        (None, None, start, _) => Part::From(start.unwrap_or(0)),
        (Some(page), None, None, _) => Part::Page(page),
        (None, Some(by), None, Some(passage)) if by <= SearchRequest::MAX_WIDEN => Part::Around(passage, by),
        (None, Some(_), None, Some(_)) => {
            return Err(ToolFailure(format!("`around` must be 0 to {}", SearchRequest::MAX_WIDEN)));
        }
        (None, Some(_), None, None) => return wrong("`around` needs `source`, the n of a passage [n]"),
        _ => return wrong("give one of `page`, `around` and `start`, not several"),
    };
    Ok((id, part))
}

async fn read(context: &ToolContext<'_>, id: DocumentId, part: &Part) -> Result<ToolOutput, EngineError> {
    let (document, collection) = bounds::document(context, id).await?;
    let tenant = context.access.tenant();
    let store = &context.engine.inner().store;
    let version = match part {
        Part::Around(passage, _) => passage.version,
        _ => store.documents().published_version(tenant, id).await?,
    };
    let text = store.documents().text(tenant, id, version).await?;
    let text = text.ok_or(EngineError::NotReady(document.status.as_str()))?;
    let chunks = chunks(context, id, version, part).await?;
    let mut reading =
        Reading { document: &document, collection, text: &text, passages: Passages::new(context.sources) };
    let next = reading.add(chunks, part);
    let (title, whole) = (document.title.as_str(), text.chars().count());
    let note = match (next, part) {
        (Some(start), _) => {
            format!("`{}` has {whole} characters; read on with start = {start}", short(title))
        }
        (None, Part::From(_)) => format!("the end of `{}`", short(title)),
        (None, _) => format!("`{}` has {whole} characters", short(title)),
    };
    if reading.passages.is_empty() {
        return Ok(ToolOutput::text(nothing(&document, part, whole)));
    }
    Ok(reading.passages.finish(Some(note)))
}

fn short(title: &str) -> String {
    title.chars().take(200).collect()
}

fn nothing(document: &Document, part: &Part, whole: usize) -> String {
    match (part, document.pages) {
        (Part::Page(page), Some(pages)) => format!("Page {page} has no text; the document has {pages} pages."),
        (Part::Page(_), None) => "The document has no pages; read it without `page`.".to_owned(),
        (Part::From(start), _) => {
            format!("There is no text from character {start} on; the document has {whole} characters.")
        }
        (Part::Around(..), _) => {
            "The document has changed since that passage was found; search again, or read it by `document_id`.".to_owned()
        }
    }
}

/// The chunks of a part, and for reading on one more than fits.
async fn chunks(
    context: &ToolContext<'_>,
    id: DocumentId,
    version: u32,
    part: &Part,
) -> Result<Vec<ChunkRow>, EngineError> {
    let tenant = context.access.tenant();
    let chunks = context.engine.inner().store.chunks();
    if let Part::Around(passage, by) = part {
        let range = passage.ordinal.saturating_sub(*by)..=passage.ordinal.saturating_add(*by);
        return Ok(chunks.neighbours(tenant, id, version, range).await?);
    }
    let mut wanted: Vec<ChunkRow> = Vec::new();
    // A page on which no chunk starts lies within the last one that starts before it.
    let mut before = None;
    let mut characters = 0;
    for first in (0..u32::MAX).step_by(STRIDE as usize) {
        let range = first..=first.saturating_add(STRIDE - 1);
        let rows = chunks.neighbours(tenant, id, version, range).await?;
        let last = rows.len() < STRIDE as usize;
        for row in rows {
            let (belongs, past) = match part {
                Part::Page(page) => (row.page == Some(*page), row.page.is_some_and(|at| at > *page)),
                Part::From(start) => (row.span.end > *start, false),
                Part::Around(..) => (true, false),
            };
            if past || characters > MOST {
                return Ok(if wanted.is_empty() { before.into_iter().collect() } else { wanted });
            }
            if belongs {
                characters += row.span.end.saturating_sub(row.span.start);
                wanted.push(row);
            } else if row.page.is_some() {
                before = Some(row);
            }
        }
        if last {
            break;
        }
    }
    Ok(wanted)
}

/// A document being read.
struct Reading<'a> {
    document: &'a Document,
    collection: CollectionName,
    text: &'a str,
    passages: Passages<'a>,
}

impl Reading<'_> {
    /// Adds chunks as passages, each cut from the parsed text, so that it is exactly what its span says. Gives the
    /// character to read on from where something is left.
    fn add(&mut self, chunks: Vec<ChunkRow>, part: &Part) -> Option<u32> {
        let mut left = MOST;
        let mut reached = match part {
            Part::From(start) => *start,
            _ => 0,
        };
        for chunk in chunks {
            // Neighbours repeat a little of each other where a paragraph was cut; reading on starts where it stopped.
            let span = Span { start: chunk.span.start.max(reached), end: chunk.span.end };
            let length = span.end.saturating_sub(span.start);
            if length == 0 {
                continue;
            }
            if length > left && left < MOST {
                return Some(span.start);
            }
            let text: String = self.text.chars().skip(span.start as usize).take(length as usize).collect();
            let source = Source {
                number: 0,
                collection: self.collection.clone(),
                document_id: self.document.id,
                chunk_id: chunk.reference,
                title: self.document.title.clone(),
                source: self.document.source.clone(),
                page: chunk.page,
                span,
                text,
            };
            if !self.passages.push(source, &chunk.headings) {
                return Some(span.start);
            }
            reached = span.end;
            left = left.saturating_sub(length);
        }
        None
    }
}
