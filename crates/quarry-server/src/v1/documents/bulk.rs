//! `POST /v1/documents/bulk`: JSON lines, however many, in bounded memory.

use std::time::Duration;

use axum::{
    body::BodyDataStream,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use quarry_core::{Access, CollectionName};
use quarry_engine::{AddOutcome, Upload};
use serde::Deserialize;
use utoipa::IntoParams;

use super::incoming;
use crate::{
    auth::Caller,
    extract::{self, Parameters},
    middleware::Room,
    problem::{Problem, ProblemBody},
    reply,
    state::AppState,
    wire::{BulkFailure, BulkReport, NewDocument},
};

/// Documents stored in one transaction.
const BATCH: usize = 256;
/// Bytes of them.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// How long the body may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// Failures that are told; the others are only counted.
const TOLD: usize = 100;
/// What a line may be beyond its document's bytes: base64 and the other fields.
const AROUND: usize = 64 * 1024;

/// Where the documents go.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Where {
    /// The collection; `default` when not said.
    #[param(value_type = Option<String>)]
    collection: Option<CollectionName>,
}

/// Adds any number of documents, one JSON object a line, each as in `POST /v1/documents`.
///
/// They are stored while they arrive, some hundred in a transaction, so that the body may be of any length. What was stored
/// before a cut stays stored: sent again, documents of the same source and content are unchanged and cost no work. A line that
/// cannot be taken is told in the answer and stops nothing.
#[utoipa::path(post, path = "/v1/documents/bulk", tag = "documents", params(Where),
    request_body(content = String, content_type = "application/x-ndjson", description = "One document a line"),
    responses(
        (status = 200, description = "What came of the lines", body = BulkReport),
        (status = 415, description = "The body is not JSON lines", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn bulk(
    Caller(access): Caller,
    State(state): State<AppState>,
    Parameters(to): Parameters<Where>,
    room: Room,
    request: Request,
) -> Result<Response, Problem> {
    if !is_lines(request.headers()) {
        return Err(extract::unsupported("`application/x-ndjson`"));
    }
    // It may take as long as a run.
    let _place = room.exchange(&state)?;
    let collection = to.collection.unwrap_or_else(CollectionName::fallback);
    let most = usize::try_from(state.app.engine.settings().ingest.max_document_bytes).unwrap_or(usize::MAX);
    let mut lines = Lines::new(request.into_body().into_data_stream(), most / 3 * 4 + AROUND);
    let mut feed =
        Feed { state: &state, access: &access, collection, batch: Vec::new(), report: BulkReport::default() };
    while let Some((number, line)) = lines.next().await? {
        feed.take(number, line).await?;
    }
    feed.flush().await?;
    reply::json(&feed.report)
}

fn is_lines(headers: &HeaderMap) -> bool {
    const KINDS: [&str; 4] =
        ["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    KINDS.iter().any(|known| essence.eq_ignore_ascii_case(known))
}

/// The lines of a body.
struct Lines {
    body: BodyDataStream,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    longest: usize,
    number: u64,
    ended: bool,
}

/// A line, or why it cannot be taken.
type Line = Result<Bytes, Problem>;

impl Lines {
    fn new(body: BodyDataStream, longest: usize) -> Self {
        Self { body, buffer: BytesMut::new(), searched: 0, longest, number: 0, ended: false }
    }

    /// The next line that is not blank, with its number from 1.
    async fn next(&mut self) -> Result<Option<(u64, Line)>, Problem> {
        loop {
            let fresh = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(self.searched + end + 1).freeze();
                self.searched = 0;
                self.number += 1;
                if !line.trim_ascii().is_empty() {
                    return Ok(Some((self.number, Ok(line))));
                }
                continue;
            }
            self.searched = self.buffer.len();
            if self.searched > self.longest {
                return self.pass_over().await.map(Some);
            }
            if self.ended {
                let line = self.buffer.split().freeze();
                self.searched = 0;
                self.number += 1;
                return Ok((!line.trim_ascii().is_empty()).then_some((self.number, Ok(line))));
            }
            self.read().await?;
        }
    }

    /// Drops a line that is too long, up to its end.
    async fn pass_over(&mut self) -> Result<(u64, Line), Problem> {
        self.number += 1;
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                drop(self.buffer.split_to(end + 1));
                break;
            }
            self.buffer.clear();
            if self.ended {
                break;
            }
            self.read().await?;
        }
        self.searched = 0;
        Ok((self.number, Err(extract::too_large())))
    }

    async fn read(&mut self) -> Result<(), Problem> {
        match tokio::time::timeout(SILENCE, self.body.next()).await {
            Ok(Some(Ok(bytes))) => self.buffer.extend_from_slice(&bytes),
            Ok(Some(Err(error))) => {
                return Err(Problem::invalid(format!("the body broke off: {error}; send the rest again")));
            }
            Ok(None) => self.ended = true,
            Err(_) => {
                let detail = format!("nothing came for {} seconds; send the rest again", SILENCE.as_secs());
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_silent", detail));
            }
        }
        Ok(())
    }
}

/// Documents on their way into the store.
struct Feed<'a> {
    state: &'a AppState,
    access: &'a Access,
    collection: CollectionName,
    batch: Vec<(u64, Upload)>,
    report: BulkReport,
}

impl Feed<'_> {
    async fn take(&mut self, number: u64, line: Line) -> Result<(), Problem> {
        self.report.lines += 1;
        let upload = line
            .and_then(|line| extract::parse::<NewDocument>(&line))
            .and_then(|document| incoming::upload(document, ""));
        match upload {
            Err(problem) => self.fail(number, String::new(), problem),
            Ok(upload) => {
                // Two versions of one source are stored one after the other.
                let twice = !upload.source.is_empty()
                    && self.batch.iter().any(|(_, other)| other.source == upload.source);
                let bytes: usize = self.batch.iter().map(|(_, other)| other.bytes.len()).sum();
                if twice || self.batch.len() >= BATCH || bytes + upload.bytes.len() > BATCH_BYTES {
                    self.flush().await?;
                }
                self.batch.push((number, upload));
            }
        }
        Ok(())
    }

    /// Stores the batch. Where one document spoils it, each is tried alone, so that only that one is left out.
    async fn flush(&mut self) -> Result<(), Problem> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let uploads = batch.iter().map(|(_, upload)| upload.clone()).collect();
        match self.add(uploads).await {
            Ok(()) => Ok(()),
            Err(problem) if spoils(&problem) => {
                for (number, upload) in batch {
                    let source = upload.source.clone();
                    match self.add(vec![upload]).await {
                        Ok(()) => {}
                        Err(problem) if spoils(&problem) => self.fail(number, source, problem),
                        Err(problem) => return Err(problem),
                    }
                }
                Ok(())
            }
            Err(problem) => Err(problem),
        }
    }

    async fn add(&mut self, uploads: Vec<Upload>) -> Result<(), Problem> {
        let documents = self.state.app.engine.documents();
        let added = self.state.in_time(documents.add(self.access, &self.collection, uploads)).await?;
        for one in added {
            match one.outcome {
                AddOutcome::Created => self.report.created += 1,
                AddOutcome::NewVersion => self.report.new_versions += 1,
                AddOutcome::Unchanged => self.report.unchanged += 1,
            }
        }
        Ok(())
    }

    fn fail(&mut self, line: u64, source: String, problem: Problem) {
        self.report.failed += 1;
        if self.report.failures.len() < TOLD {
            let code = problem.code().to_owned();
            let detail = problem.body("bulk").detail;
            self.report.failures.push(BulkFailure { line, source, code, detail });
        }
    }
}

/// Whether a problem is a document's own, and not the server's or the collection's.
fn spoils(problem: &Problem) -> bool {
    problem.status().is_client_error() && problem.code() != "collection_not_found"
}
