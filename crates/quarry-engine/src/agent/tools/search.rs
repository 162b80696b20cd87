//! `search`: passages of the agent's collections.

use async_trait::async_trait;
use futures::{StreamExt, stream};
use quarry_core::{CollectionName, ErrorKind, Fault, Filter};
use quarry_models::chat::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{arguments, bounds, passages::Passages};
use crate::{
    agent::{
        source::Source,
        tool::{Tool, ToolContext, ToolFailure, ToolOutput},
    },
    error::EngineError,
    retrieve::{Hit, Mode, SearchRequest},
};

/// Most passages of one call: more crowd a model's window.
const MOST: usize = 20;
/// Passages when not said.
const USUAL: usize = 6;
/// Collections that are searched at once.
const AT_ONCE: usize = 4;

/// The tool.
pub(super) struct Search {
    spec: ToolSpec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    query: String,
    k: Option<usize>,
    collection: Option<String>,
    filter: Option<Filter>,
    mode: Option<Mode>,
}

impl Search {
    pub(super) fn new() -> Self {
        let description = "Finds passages in the documents by words and meaning. Ask in a few specific words or one \
                           short question; search again with other words when nothing fits. Each passage comes as \
                           [n]: cite it by that number.";
        Self {
            spec: ToolSpec {
                name: "search".to_owned(),
                description: description.to_owned(),
                parameters: json!({
                    "type": "object",
                    "properties": {
                        "query": {"type": "string", "minLength": 1, "maxLength": SearchRequest::MAX_QUERY, "description": "What to look for."},
                        "k": {"type": "integer", "minimum": 1, "maximum": MOST, "description": format!("How many passages; {USUAL} when not said.")},
                        "collection": {"type": "string", "description": "One collection by name; all the agent may read when not said."},
                        "filter": {
                            "type": "object",
                            "description": "Only documents whose metadata match, with exactly one of and, or, not, eq, in, range, exists: {\"eq\": {\"field\": \"year\", \"value\": 2024}}, {\"range\": {\"field\": \"year\", \"gte\": 2020}}, {\"and\": [..]}."
                        },
                        "mode": {"type": "string", "enum": ["hybrid", "lexical", "dense"], "description": "lexical for exact words, names and codes; dense for meaning alone; hybrid when not said."}
                    },
                    "required": ["query"],
                    "additionalProperties": false
                }),
            },
        }
    }
}

#[async_trait]
impl Tool for Search {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: &ToolContext<'_>, arguments: &Value) -> Result<ToolOutput, ToolFailure> {
        let arguments: Arguments = arguments::read(arguments)?;
        arguments::in_time(context, search(context, arguments)).await
    }
}

async fn search(context: &ToolContext<'_>, arguments: Arguments) -> Result<ToolOutput, ToolFailure> {
    let k = arguments.k.unwrap_or(USUAL);
    if !(1..=MOST).contains(&k) {
        return Err(ToolFailure(format!("`k` must be 1 to {MOST}, not {k}")));
    }
    let collections = bounds::chosen(context, arguments.collection.as_deref());
    let collections = collections.map_err(|error| arguments::failure(&error))?;
    let filter = bounds::narrowed(context, arguments.filter);
    let requests = collections.into_iter().map(|collection| SearchRequest {
        k,
        mode: arguments.mode.unwrap_or_default(),
        filter: filter.clone(),
        record: false,
        ..SearchRequest::new(collection, arguments.query.clone())
    });
    let found: Vec<(CollectionName, Result<Vec<Hit>, EngineError>)> = stream::iter(requests)
        .map(|request| async move {
            let name = request.collection.clone();
            let hits = context.engine.search(context.access, request).await.map(|response| response.hits);
            (name, hits)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let merged = merge(found, k).map_err(|error| arguments::failure(&error))?;
    let mut passages = Passages::new(context.sources);
    let mut left_out = 0;
    for (collection, hit) in merged {
        let headings = hit.headings.clone();
        if !passages.push(source(collection, hit), &headings) {
            left_out += 1;
        }
    }
    if passages.is_empty() {
        return Ok(ToolOutput::text("No passage matches. Try other words, or a broader question or filter."));
    }
    let note = (left_out > 0).then(|| format!("{left_out} more did not fit; ask for fewer at a time"));
    Ok(passages.finish(note))
}

/// One list by rank: scores of two collections do not compare. A collection that is gone is passed over as long as
/// another answers.
fn merge(
    found: Vec<(CollectionName, Result<Vec<Hit>, EngineError>)>,
    k: usize,
) -> Result<Vec<(CollectionName, Hit)>, EngineError> {
    let mut merged = Vec::new();
    let mut missing = None;
    let mut answered = false;
    for (name, hits) in found {
        match hits {
            Ok(hits) => {
                answered = true;
                merged.extend(hits.into_iter().map(|hit| (name.clone(), hit)));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                missing.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if !answered => Err(error),
        _ => {
            merged.sort_by_key(|(_, hit)| hit.rank);
            merged.truncate(k);
            Ok(merged)
        }
    }
}

fn source(collection: CollectionName, hit: Hit) -> Source {
    Source {
        number: 0,
        collection,
        document_id: hit.document_id,
        chunk_id: hit.chunk_id,
        title: hit.title,
        source: hit.source,
        page: hit.page,
        span: hit.span,
        text: hit.text,
    }
}
