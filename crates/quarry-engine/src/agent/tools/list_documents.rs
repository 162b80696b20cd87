//! `list_documents`: what there is to read.

use async_trait::async_trait;
use quarry_core::{CollectionName, Cursor, Document, ErrorKind, Fault, Page, PageRequest};
use quarry_models::chat::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{arguments, bounds};
use crate::{
    agent::tool::{Tool, ToolContext, ToolFailure, ToolOutput},
    error::EngineError,
};

/// Documents on a page. Where titles are asked for, a page may have up to twice as many: it ends where a page of the
/// store ends, since a cursor leads only there.
const MOST: usize = 25;
/// Documents that are looked at for one page when titles are asked for; the cursor goes on from there.
const LOOKED_AT: usize = 2_000;

/// The tool.
pub(super) struct ListDocuments {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    collection: Option<String>,
    title_contains: Option<String>,
    cursor: Option<String>,
}

impl ListDocuments {
    pub(super) fn new() -> Self {
        let description = "Lists the documents, newest first, with their ids for read_document. A search finds what \
                           they say; this tells which ones there are.";
        Self {
            spec: ToolSpec {
                name: "list_documents".to_owned(),
                description: description.to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "collection": {"type": "string", "description": "One collection by name; all the agent may read when not said."},
                        "title_contains": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Only documents with this in their title or source, in any case."},
                        "cursor": {"type": "string", "maxLength": 500, "description": "The cursor of the page before."}
                    },
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for ListDocuments {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        let listed = async { list(context, &arguments).await.map_err(|error| arguments::failure(&error)) };
        let listing = arguments::in_time(context, listed).await?;
        Ok(ToolOutput::text(listing.rendered()))
    }
}

/// A page of documents, over all collections that were asked for.
#[derive(Default)]
struct Listing {
    found: Vec<(CollectionName, Document)>,
    next: Option<String>,
}

async fn list(context: &ToolContext<'_>, arguments: &Arguments) -> Result<Listing, EngineError> {
    let mut collections = bounds::chosen(context, arguments.collection.as_deref())?;
    let mut cursor = None;
    if let Some((name, inner)) = arguments.cursor.as_deref().map(position).transpose()? {
        // Where the page before ended; the agent may read that collection, or it is not there.
        let place = collections.iter().position(|one| one.as_str() == name).ok_or_else(lost)?;
        collections.drain(..place);
        cursor = inner;
    }
    let wanted = arguments.title_contains.as_deref().map(str::to_lowercase);
    let (mut listing, mut looked, mut answered, mut missing) = (Listing::default(), 0, false, None);
    'collections: for name in &collections {
        loop {
            if listing.found.len() >= MOST || looked >= LOOKED_AT {
                listing.next =
                    Some(format!("{name}/{}", cursor.map_or(String::new(), |cursor: Cursor| cursor.0)));
                break 'collections;
            }
            let sifted = wanted.is_some() || context.filter.is_some();
            let limit = if sifted { MOST } else { MOST - listing.found.len() };
            let request = PageRequest::new(u32::try_from(limit).ok(), cursor.take());
            let page = match context.engine.documents().list(context.access, name, None, &request).await {
                Ok(page) => page,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    missing.get_or_insert(error);
                    break;
                }
                Err(error) => return Err(error),
            };
            answered = true;
            looked += page.items.len();
            let page = shown(context, page);
            cursor = listing.take(name, page, wanted.as_deref());
            if cursor.is_none() {
                break;
            }
        }
    }
    match missing {
        Some(error) if !answered => Err(error),
        _ => Ok(listing),
    }
}

/// What the run may see of a page.
fn shown(context: &ToolContext<'_>, page: Page<Document>) -> Page<Document> {
    let items = page.items.into_iter().filter(|document| bounds::shown(context, document)).collect();
    Page { items, next_cursor: page.next_cursor }
}

/// `collection/cursor`, with nothing behind the stroke for the start of a collection.
fn position(text: &str) -> Result<(&str, Option<Cursor>), EngineError> {
    let (name, cursor) = text.split_once('/').ok_or_else(lost)?;
    Ok((name, (!cursor.is_empty()).then(|| Cursor(cursor.to_owned()))))
}

fn lost() -> EngineError {
    EngineError::invalid(
        "invalid_cursor",
        "/cursor",
        "the cursor is not from this list; leave it out to start again",
    )
}

impl Listing {
    /// Takes what fits of a page, and gives the cursor to go on from.
    fn take(&mut self, name: &CollectionName, page: Page<Document>, wanted: Option<&str>) -> Option<Cursor> {
        let fits = |document: &Document| {
            wanted.is_none_or(|wanted| {
                document.title.to_lowercase().contains(wanted)
                    || document.source.to_lowercase().contains(wanted)
            })
        };
        self.found.extend(page.items.into_iter().filter(fits).map(|document| (name.clone(), document)));
        page.next_cursor
    }

    fn rendered(self) -> String {
        if self.found.is_empty() && self.next.is_none() {
            return "There are no such documents.".to_owned();
        }
        let mut lines: Vec<String> = self.found.iter().map(|(name, document)| line(name, document)).collect();
        if let Some(next) = self.next {
            lines.push(format!("(there may be more: go on with cursor = {next})"));
        }
        lines.join("\n")
    }
}

fn line(name: &CollectionName, document: &Document) -> String {
    let short = |text: &str| -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
    };
    let pages = document.pages.map_or(String::new(), |pages| format!(", {pages} pages"));
    let (title, source) = (short(&document.title), short(&document.source));
    let title = if title.is_empty() { source.clone() } else { title };
    format!("- {} | {title} | from {source} | in {name}{pages}, {}", document.id, document.status.as_str())
}
