//! Forms with files. A file over the limit is refused when it passes it, not when it has been read.

use axum::{
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use bytes::{Bytes, BytesMut};
use quarry_core::{CollectionName, Metadata};
use quarry_engine::Upload;

use super::incoming::Incoming;
use crate::{extract, problem::Problem, state::AppState};

/// Largest text part of a form in bytes.
const MAX_TEXT: usize = 256 * 1024;

/// A form as it fills.
#[derive(Default)]
struct Form {
    files: Vec<Upload>,
    collection: Option<CollectionName>,
    metadata: Metadata,
    password: Option<String>,
    priority: Option<u32>,
    readers: Option<Vec<String>>,
    source: Option<String>,
}

/// Reads a form to its end.
pub(super) async fn read(request: Request, state: &AppState) -> Result<Incoming, Problem> {
    let mut parts = Multipart::from_request(request, state)
        .await
        .map_err(|refused| Problem::invalid(format!("the form cannot be read: {}", refused.body_text())))?;
    let most = state.app.engine.settings().ingest.max_document_bytes;
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        form.take(part, usize::try_from(most).unwrap_or(usize::MAX)).await?;
    }
    form.finish()
}

impl Form {
    async fn take(&mut self, part: Field<'_>, most: usize) -> Result<(), Problem> {
        match part.name().unwrap_or_default() {
            "file" => {
                let name = part.file_name().unwrap_or_default().to_owned();
                let kind = part.content_type().filter(|kind| *kind != "application/octet-stream");
                let media_type = kind.map(str::to_owned);
                let bytes = content(part, most, || too_large(&name, most)).await?;
                let source = name.clone();
                self.files.push(Upload {
                    source,
                    title: None,
                    name,
                    media_type,
                    metadata: Metadata::new(),
                    password: None,
                    priority: None,
                    readers: None,
                    bytes,
                });
            }
            "collection" => {
                let name = text(part, "collection").await?;
                let wrong = |error: quarry_core::NameError| {
                    Problem::new(StatusCode::BAD_REQUEST, "invalid_collection_name", error.to_string())
                };
                self.collection = Some(name.trim().parse().map_err(wrong)?);
            }
            "metadata" => {
                let json = text(part, "metadata").await?;
                self.metadata = serde_json::from_str(&json).map_err(|error| {
                    let detail = format!("the part `metadata` is not a JSON object of values: {error}");
                    Problem::new(StatusCode::BAD_REQUEST, "invalid_metadata", detail)
                })?;
            }
            "source" => self.source = Some(text(part, "source").await?),
            "password" => self.password = Some(text(part, "password").await?),
            "priority" => {
                let number = text(part, "priority").await?;
                let wrong = |_| Problem::invalid("the part `priority` is 0 (first) to 9 (last)");
                self.priority = Some(number.trim().parse().map_err(wrong)?);
            }
            "readers" => {
                let json = text(part, "readers").await?;
                self.readers = Some(serde_json::from_str(&json).map_err(|error| {
                    let detail = format!("the part `readers` is not a JSON list of names: {error}");
                    Problem::new(StatusCode::BAD_REQUEST, "invalid_readers", detail)
                })?);
            }
            other => {
                let detail = format!(
                    "the form has a part `{other}`; `file`, `collection`, `metadata`, `readers`, `source`, `password` and `priority` are taken"
                );
                return Err(Problem::invalid(detail));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Incoming, Problem> {
        if let Some(source) = self.source {
            let [only] = self.files.as_mut_slice() else {
                let detail = format!("`source` names one file, but the form has {}", self.files.len());
                return Err(Problem::invalid(detail));
            };
            only.source = source;
        }
        if self.files.is_empty() {
            return Err(Problem::invalid("the form has no part named `file`; there is nothing to add"));
        }
        for file in &mut self.files {
            file.metadata.clone_from(&self.metadata);
            file.password.clone_from(&self.password);
            file.priority = self.priority;
            file.readers.clone_from(&self.readers);
        }
        let collection = self.collection.unwrap_or_else(CollectionName::fallback);
        Ok(Incoming { collection, uploads: self.files })
    }
}

async fn text(part: Field<'_>, name: &str) -> Result<String, Problem> {
    let over = || Problem::invalid(format!("the part `{name}` is longer than {MAX_TEXT} bytes"));
    let bytes = content(part, MAX_TEXT, over).await?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::invalid(format!("the part `{name}` is not UTF-8")))
}

/// A part's bytes. One that comes in a single piece, as small files do, is not copied.
async fn content(mut part: Field<'_>, most: usize, over: impl Fn() -> Problem) -> Result<Bytes, Problem> {
    let Some(first) = part.chunk().await.map_err(|error| broken(&error))? else { return Ok(Bytes::new()) };
    if first.len() > most {
        return Err(over());
    }
    let Some(second) = part.chunk().await.map_err(|error| broken(&error))? else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(piece) = next {
        if whole.len() + piece.len() > most {
            return Err(over());
        }
        whole.extend_from_slice(&piece);
        next = part.chunk().await.map_err(|error| broken(&error))?;
    }
    Ok(whole.freeze())
}

fn too_large(name: &str, most: usize) -> Problem {
    let detail =
        format!("`{name}` has more than {most} bytes; no more are taken (`ingest.max_document_bytes`)");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "document_too_large", detail)
}

fn broken(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return extract::too_large();
    }
    Problem::invalid(format!("the form breaks off or is malformed: {}", error.body_text()))
}
