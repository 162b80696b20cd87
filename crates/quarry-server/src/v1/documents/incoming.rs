//! Documents on their way in, whichever way they were sent.

use axum::{extract::Request, http::header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use quarry_core::CollectionName;
use quarry_engine::Upload;

use super::multipart;
use crate::{
    extract::{self, is_json},
    middleware::Fingerprint,
    problem::Problem,
    state::AppState,
    wire::{AddDocuments, NewDocument},
};

/// What was sent.
pub(super) struct Incoming {
    pub(super) collection: CollectionName,
    pub(super) uploads: Vec<Upload>,
}

impl Incoming {
    /// The same for the same documents, however they were wrapped: a form's boundary differs from one try to the next.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let start = Fingerprint::default().part(b"documents").part(self.collection.as_str().as_bytes());
        self.uploads.iter().fold(start, |fingerprint, upload| {
            let metadata = serde_json::to_vec(&upload.metadata).unwrap_or_default();
            fingerprint
                .part(upload.source.as_bytes())
                .part(upload.title.as_deref().unwrap_or_default().as_bytes())
                .part(upload.name.as_bytes())
                .part(upload.media_type.as_deref().unwrap_or_default().as_bytes())
                .part(&metadata)
                .part(&upload.bytes)
        })
    }
}

/// Reads a body of either kind.
pub(super) async fn read(request: Request, state: &AppState) -> Result<Incoming, Problem> {
    if is_json(request.headers()) {
        let body = extract::json_bytes(request, state).await?;
        return from_json(extract::parse(&body)?);
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if kind.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data")) {
        return multipart::read(request, state).await;
    }
    Err(extract::unsupported("`application/json` or `multipart/form-data`"))
}

fn from_json(body: AddDocuments) -> Result<Incoming, Problem> {
    let AddDocuments {
        collection,
        documents,
        source,
        title,
        text,
        content_base64,
        name,
        media_type,
        metadata,
        password,
        priority,
        readers,
    } = body;
    let alone = source.is_some()
        || title.is_some()
        || text.is_some()
        || content_base64.is_some()
        || name.is_some()
        || media_type.is_some()
        || metadata.is_some()
        || password.is_some()
        || priority.is_some()
        || readers.is_some();
    let uploads = match documents {
        Some(_) if alone => {
            let detail =
                "beside `documents` only `collection` is taken; put the other fields into the documents";
            return Err(Problem::invalid(detail).at("/documents", detail));
        }
        Some(documents) => documents
            .into_iter()
            .enumerate()
            .map(|(place, document)| upload(document, &format!("/documents/{place}")))
            .collect::<Result<_, _>>()?,
        None => {
            let metadata = metadata.unwrap_or_default();
            let only = NewDocument {
                source,
                title,
                text,
                content_base64,
                name,
                media_type,
                metadata,
                password,
                priority,
                readers,
            };
            vec![upload(only, "")?]
        }
    };
    Ok(Incoming { collection: collection.unwrap_or_else(CollectionName::fallback), uploads })
}

pub(super) fn upload(document: NewDocument, pointer: &str) -> Result<Upload, Problem> {
    let mut is_text = true;
    let (bytes, media_type) = match (document.text, document.content_base64) {
        (Some(text), None) => {
            // Text that is not a file's and says nothing of itself is plain text, even when it starts like JSON.
            let plain = || document.name.is_none().then(|| "text/plain".to_owned());
            (Bytes::from(text), document.media_type.or_else(plain))
        }
        (None, Some(encoded)) => {
            is_text = false;
            (decoded(&encoded, pointer)?, document.media_type)
        }
        (None, None) => {
            let detail = "a document needs `text` or `content_base64`";
            return Err(Problem::invalid(detail).at(pointer, detail));
        }
        (Some(_), Some(_)) => {
            let detail = "a document has either `text` or `content_base64`, not both";
            return Err(Problem::invalid(detail).at(pointer, detail));
        }
    };
    let source = document.source.unwrap_or_default();
    let name = document.name.unwrap_or_else(|| hint(&source, is_text));
    Ok(Upload {
        source,
        title: document.title,
        name,
        media_type,
        metadata: document.metadata,
        password: document.password,
        priority: document.priority,
        readers: document.readers,
        bytes,
    })
}

/// What a source's ending says about the format. Text that somebody took out of `report.pdf` is not a PDF, so for text
/// only the endings of text formats count.
fn hint(source: &str, is_text: bool) -> String {
    const TEXTS: [&str; 8] = [".md", ".markdown", ".html", ".htm", ".csv", ".tsv", ".json", ".jsonl"];
    let ends = |ending: &&str| source.len() > ending.len() && source.to_ascii_lowercase().ends_with(*ending);
    if !is_text || TEXTS.iter().any(ends) { source.to_owned() } else { String::new() }
}

fn decoded(encoded: &str, pointer: &str) -> Result<Bytes, Problem> {
    STANDARD.decode(encoded).map(Bytes::from).map_err(|error| {
        let detail = format!("`content_base64` is not base64: {error}");
        Problem::invalid(detail.clone()).at(format!("{pointer}/content_base64"), detail)
    })
}
