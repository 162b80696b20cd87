//! From a job to parsed text: bytes from the store, a checkpoint where there is one, the cage, recognition.

use std::time::{Duration, Instant};

use bytes::Bytes;
use quarry_parse::Parsed;
use quarry_store::JobStage;

use super::{Held, ocr};
use crate::{cage::ToParse, engine::Inner, error::EngineError, events};

/// Parsing that took this long is not done again by a retry.
const WORTH_KEEPING: Duration = Duration::from_secs(2);
/// The checkpoint's name.
const PARSED: &str = "parsed";

/// A document on its way to being cut.
pub(super) enum Read {
    /// Plain text: whoever cuts it reads it too, which saves a change of threads.
    Plain(Box<ToParse>),
    /// It was parsed.
    Parsed(Box<Parsed>),
}

/// Reads one document.
pub(super) async fn read(inner: &Inner, held: &Held, worker: &str) -> Result<Read, EngineError> {
    let job = &held.job;
    if job.stage > JobStage::Fetched
        && let Some(parsed) = kept(inner, held).await?
    {
        return Ok(Read::Parsed(Box::new(parsed)));
    }
    let document = ToParse {
        bytes: original(inner, held).await?,
        name: job.name.clone(),
        media_type: job.media_type.clone(),
        password: job.password.clone(),
    };
    if quarry_parse::is_plain(&document.source()) {
        return Ok(Read::Plain(Box::new(document)));
    }
    let started = Instant::now();
    let parsed = inner.parser.parse(document).await?;
    let parsed = ocr::complete(inner.parser.settings(), parsed, &held.progress).await?;
    if started.elapsed() >= WORTH_KEEPING {
        keep(inner, held, worker, &parsed).await?;
    }
    Ok(Read::Parsed(Box::new(parsed)))
}

async fn original(inner: &Inner, held: &Held) -> Result<Bytes, EngineError> {
    // Few bytes come with the job.
    match held.job.original.clone() {
        Some(bytes) => Ok(bytes),
        None => Ok(inner.store.blobs().get(&held.job.content_hash).await?),
    }
}

async fn keep(inner: &Inner, held: &Held, worker: &str, parsed: &Parsed) -> Result<(), EngineError> {
    let data = postcard::to_stdvec(parsed).map_err(|error| EngineError::Task(error.to_string()))?;
    inner.store.jobs().keep((held.job.id, worker), JobStage::Parsed, (PARSED, &data)).await?;
    Ok(())
}

async fn kept(inner: &Inner, held: &Held) -> Result<Option<Parsed>, EngineError> {
    let parts = inner.store.jobs().kept(held.job.id).await?;
    let Some((_, data)) = parts.into_iter().find(|(part, _)| part == PARSED) else { return Ok(None) };
    // What another version of the program wrote is read anew.
    let parsed = postcard::from_bytes(&data).ok();
    if parsed.is_some() {
        events::resumed(held.job.id, JobStage::Parsed);
    }
    Ok(parsed)
}
