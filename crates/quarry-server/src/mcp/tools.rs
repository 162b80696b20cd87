//! The tools: their names, what they take, and what each does with the backend.

use quarry_core::{CollectionName, Cursor, DocumentId, Filter, Page, PageRequest};
use quarry_engine::{AnswerRequest, Mode, SearchRequest, documents::ChunkView};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    backend::{McpAnswer, McpBackend, McpFailure},
    render,
};
use crate::wire::ModelAnswer;

/// Hits of one search at most: they go into a model's window.
const MOST_HITS: usize = 20;
/// Passages of one reading.
const PASSAGES: u32 = 20;
/// Documents of one page.
const DOCUMENTS: u32 = 50;

/// A result: for programs, and for models.
pub(super) type Done = Result<(Value, String), McpFailure>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    query: String,
    collection: Option<String>,
    k: Option<usize>,
    filter: Option<Filter>,
    mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    document_id: String,
    page: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    collection: Option<String>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    question: String,
    collection: Option<String>,
    filter: Option<Filter>,
}

/// All tools, as a client lists them.
pub(super) fn all() -> Vec<Tool> {
    let text = |about: &str| json!({"type": "string", "description": about});
    let question = |about: &str| json!({"type": "string", "minLength": 1, "maxLength": SearchRequest::MAX_QUERY, "description": about});
    let collection = text("The collection's name; `default` when not said.");
    let cursor = text("The cursor of the part before.");
    let filter = json!({
        "type": "object",
        "description": "Only documents whose metadata match, with exactly one of and, or, not, eq, in, range, exists: {\"eq\": {\"field\": \"year\", \"value\": 2024}}."
    });
    let k = json!({"type": "integer", "minimum": 1, "maximum": MOST_HITS, "description": "How many passages; 10 when not said."});
    let mode = json!({"type": "string", "enum": ["hybrid", "lexical", "dense"], "description": "Words and meaning (hybrid, when not said), words only, or meaning only."});
    vec![
        tool(
            "search",
            "Finds passages in the documents by words and meaning, with their documents, pages and scores.",
            json!({"query": question("What to look for."), "collection": collection, "k": k, "filter": filter, "mode": mode}),
            &["query"],
        ),
        tool(
            "read_document",
            "Reads a document in parts, or one page of it.",
            json!({
                "document_id": text("The document's id, as search and list_documents give it."),
                "page": {"type": "integer", "minimum": 1, "description": "Only this page, where the document has pages."},
                "cursor": cursor
            }),
            &["document_id"],
        ),
        tool(
            "list_documents",
            "Lists the documents of a collection, newest first, with their ids.",
            json!({"collection": collection, "cursor": cursor}),
            &[],
        ),
        tool(
            "ask",
            "Answers a question from the documents, with citations, or says that they do not answer it.",
            json!({"question": question("The question."), "collection": collection, "filter": filter}),
            &["question"],
        ),
    ]
}

fn tool(name: &'static str, description: &'static str, properties: Value, required: &[&str]) -> Tool {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties);
    schema.insert("required".to_owned(), json!(required));
    schema.insert("additionalProperties".to_owned(), json!(false));
    let mut tool = Tool::new(name, description, schema);
    tool.annotations = Some(ToolAnnotations::new().read_only(true).open_world(false));
    tool
}

/// Calls a tool; none when there is no such tool.
pub(super) async fn call(backend: &dyn McpBackend, name: &str, arguments: JsonObject) -> Option<Done> {
    let arguments = Value::Object(arguments);
    Some(match name {
        "search" => search(backend, arguments).await,
        "read_document" => read_document(backend, arguments).await,
        "list_documents" => list_documents(backend, arguments).await,
        "ask" => ask(backend, arguments).await,
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T, McpFailure> {
    serde_json::from_value(arguments).map_err(|error| McpFailure(format!("the arguments are wrong: {error}")))
}

fn named(collection: Option<String>) -> Result<CollectionName, McpFailure> {
    match collection {
        Some(name) => CollectionName::try_from(name).map_err(|error| McpFailure(error.to_string())),
        None => Ok(CollectionName::fallback()),
    }
}

fn structured<T: serde::Serialize>(value: &T) -> Result<Value, McpFailure> {
    serde_json::to_value(value).map_err(|_| McpFailure("the result could not be written".to_owned()))
}

async fn search(backend: &dyn McpBackend, arguments: Value) -> Done {
    let arguments: Search = read(arguments)?;
    if let Some(k) = arguments.k.filter(|k| !(1..=MOST_HITS).contains(k)) {
        return Err(McpFailure(format!("`k` must be 1 to {MOST_HITS}, not {k}")));
    }
    let usual = SearchRequest::new(named(arguments.collection)?, arguments.query);
    let request = SearchRequest {
        k: arguments.k.unwrap_or(usual.k),
        mode: arguments.mode.unwrap_or(usual.mode),
        filter: arguments.filter,
        ..usual
    };
    let found = backend.search(request).await?;
    Ok((structured(&found)?, render::hits(&found.hits)))
}

async fn read_document(backend: &dyn McpBackend, arguments: Value) -> Done {
    let arguments: Read = read(arguments)?;
    let text = &arguments.document_id;
    // What is not even an id is not there either.
    let id: DocumentId = text.parse().map_err(|_| McpFailure(format!("there is no document `{text}`")))?;
    let document = backend.document(id).await?;
    let chunks = match arguments.page {
        Some(page) => of_page(backend, id, page).await?,
        None => {
            let request = PageRequest::new(Some(PASSAGES), arguments.cursor.map(Cursor));
            backend.chunks(id, &request).await?
        }
    };
    let text = render::reading(&document, &chunks);
    Ok((json!({"document": document, "passages": chunks.items, "next_cursor": chunks.next_cursor}), text))
}

/// The passages that start on a page.
async fn of_page(backend: &dyn McpBackend, id: DocumentId, page: u32) -> Result<Page<ChunkView>, McpFailure> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let part = backend.chunks(id, &PageRequest::new(Some(PageRequest::MAX), after)).await?;
        let past = part.items.iter().any(|chunk| chunk.page.is_some_and(|at| at > page));
        items.extend(part.items.into_iter().filter(|chunk| chunk.page == Some(page)));
        after = part.next_cursor;
        if past || after.is_none() {
            return Ok(Page { items, next_cursor: None });
        }
    }
}

async fn list_documents(backend: &dyn McpBackend, arguments: Value) -> Done {
    let arguments: List = read(arguments)?;
    let request = PageRequest::new(Some(DOCUMENTS), arguments.cursor.map(Cursor));
    let page = backend.documents(&named(arguments.collection)?, &request).await?;
    Ok((structured(&page)?, render::documents(&page)))
}

async fn ask(backend: &dyn McpBackend, arguments: Value) -> Done {
    let arguments: Ask = read(arguments)?;
    let mut request = AnswerRequest::new(named(arguments.collection)?, arguments.question);
    request.search.filter = arguments.filter;
    let (collection, question) = (request.search.collection.clone(), request.search.query.clone());
    match backend.answer(request).await? {
        McpAnswer::Quoted(answer) => Ok((structured(&answer)?, render::quoted(&answer))),
        McpAnswer::Written(answer, sources) => {
            let text = render::written(&answer);
            Ok((structured(&ModelAnswer::new(collection, question, *answer, sources))?, text))
        }
    }
}
