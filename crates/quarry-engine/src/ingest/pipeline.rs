//! One group of documents: bytes, text, chunks, terms, vectors.

use std::{collections::HashMap, sync::Arc};

use quarry_core::Collection;
use quarry_index::{analyzer, vector};
use quarry_models::{EmbedRequest, Embedder, Purpose};
use quarry_parse::{ChunkSettings, Limits, Source};
use quarry_store::{Job, NewChunk, Publication};
use sha2::{Digest, Sha256};

use crate::{engine::Inner, error::EngineError, events, settings::IngestSettings};

/// Bytes of originals that one group may hold in memory.
const GROUP_BYTES: u64 = 16 * 1024 * 1024;

/// The next jobs that fit in memory together; at least one while there is one.
pub(super) fn group(jobs: &mut std::vec::IntoIter<Job>) -> Vec<Job> {
    let mut bytes = 0;
    let mut group = Vec::new();
    while let Some(next) = jobs.as_slice().first() {
        bytes += next.bytes;
        if !group.is_empty() && bytes > GROUP_BYTES {
            break;
        }
        group.extend(jobs.next());
    }
    group
}

/// A document that was read and cut, not yet embedded.
struct Cut {
    title: String,
    media_type: String,
    language: String,
    pages: Option<u32>,
    text: String,
    chunks: Vec<CutChunk>,
}

/// Hash of what an embedder reads of a chunk.
type Hash = [u8; 16];

struct CutChunk {
    draft: quarry_parse::ChunkDraft,
    terms: quarry_index::Terms,
    /// What the embedder reads: title, headings and text.
    embedded: String,
    hash: Hash,
}

/// Reads a group. Each job has an outcome of its own; one bad document costs the others nothing.
pub(super) async fn read(inner: &Arc<Inner>, jobs: Vec<Job>) -> Vec<(Job, Result<Publication, EngineError>)> {
    let mut outcomes = Vec::with_capacity(jobs.len());
    let mut by_collection: HashMap<_, Vec<Job>> = HashMap::new();
    for job in jobs {
        by_collection.entry((job.tenant, job.collection)).or_default().push(job);
    }
    for ((tenant, id), jobs) in by_collection {
        let opened = match inner.store.collections().get_by_id(tenant, id).await {
            Ok(collection) => inner.embedder_of(&collection).map(|embedder| (collection, embedder)),
            Err(error) => Err(error.into()),
        };
        match opened {
            Ok((collection, embedder)) => {
                outcomes.extend(read_collection(inner, &collection, &embedder, jobs).await)
            }
            Err(error) => {
                let reason = error.to_string();
                outcomes.extend(jobs.into_iter().map(|job| {
                    let problem = EngineError::Embedder { expected: String::new(), problem: reason.clone() };
                    (job, Err(problem))
                }));
            }
        }
    }
    outcomes
}

async fn read_collection(
    inner: &Arc<Inner>,
    collection: &Collection,
    embedder: &Arc<dyn Embedder>,
    jobs: Vec<Job>,
) -> Vec<(Job, Result<Publication, EngineError>)> {
    let mut originals = Vec::with_capacity(jobs.len());
    for job in jobs {
        // Few bytes come with the job.
        let bytes = match job.original.clone() {
            Some(bytes) => Ok(bytes),
            None => inner.store.blobs().get(&job.content_hash).await,
        };
        originals.push((job, bytes));
    }
    let settings = inner.settings.ingest.clone();
    let counter = Arc::clone(embedder);
    let started = std::time::Instant::now();
    // Parsing is CPU work: it leaves the async runtime. A panic in a reader is caught there and costs one document.
    let cut = tokio::task::spawn_blocking(move || {
        let cut_one = |(job, bytes): (Job, Result<bytes::Bytes, quarry_store::StoreError>)| {
            let outcome =
                bytes.map_err(EngineError::from).and_then(|bytes| cut(&job, &bytes, &settings, &*counter));
            (job, outcome)
        };
        originals.into_iter().map(cut_one).collect::<Vec<_>>()
    })
    .await;
    let cut = match cut {
        Ok(cut) => cut,
        Err(error) => {
            // The jobs went down with the task; their lease runs out and they are tried again.
            events::task_died("parse", &error.to_string());
            return Vec::new();
        }
    };
    events::parsed(cut.len(), started.elapsed());
    embed(inner, collection, embedder, cut).await
}

fn cut(
    job: &Job,
    bytes: &[u8],
    settings: &IngestSettings,
    embedder: &dyn Embedder,
) -> Result<Cut, EngineError> {
    let source = Source { bytes, name: &job.name, media_type: job.media_type.as_deref() };
    let parsed = quarry_parse::parse(&source, &Limits::default())?;
    let limit =
        embedder.info().max_tokens.map_or(settings.chunk_tokens, |most| settings.chunk_tokens.min(most));
    let sizes = ChunkSettings { max_tokens: limit, overlap_tokens: settings.overlap_tokens.min(limit / 4) };
    let drafts = quarry_parse::chunk(&parsed, &sizes, &|text| size_of(text, embedder));
    let language = analyzer::detect(&parsed.text);
    let title = job.title.clone().or(parsed.title).unwrap_or_else(|| job.name.clone());
    let chunks = drafts
        .into_iter()
        .map(|draft| {
            // The title is analysed on its own; as the outermost heading it would count twice.
            let headings: Vec<String> =
                draft.headings.iter().filter(|heading| **heading != title).cloned().collect();
            let terms = analyzer::analyse_chunk(&analyzer::ChunkText {
                title: &title,
                headings: &headings,
                text: &draft.text,
                language,
            });
            let embedded = embedded_text(&title, &headings, draft.context.as_deref(), &draft.text);
            let hash = hash_of(&embedded);
            CutChunk { draft, terms, embedded, hash }
        })
        .collect();
    Ok(Cut {
        title,
        media_type: parsed.media_type,
        language: language.code().to_owned(),
        pages: parsed.pages,
        text: parsed.text,
        chunks,
    })
}

fn hash_of(text: &str) -> Hash {
    let digest: [u8; 32] = Sha256::digest(text).into();
    let mut hash = Hash::default();
    hash.copy_from_slice(digest.split_at(16).0);
    hash
}

/// A text's size in tokens. An embedder without a limit of its own may cut a script it never learnt into single
/// bytes; there, two characters count as a token at most, so that a paragraph is a paragraph in every language.
fn size_of(text: &str, embedder: &dyn Embedder) -> usize {
    let tokens = embedder.count_tokens(text);
    if embedder.info().max_tokens.is_some() {
        return tokens;
    }
    tokens.min(text.chars().count().div_ceil(2))
}

/// What an embedder reads of a chunk: title, headings, the head of a table that was cut, and the text.
pub(crate) fn embedded_text(title: &str, headings: &[String], context: Option<&str>, text: &str) -> String {
    let mut whole = String::with_capacity(title.len() + text.len() + 64);
    for part in std::iter::once(title).chain(headings.iter().map(String::as_str)).chain(context) {
        if !part.is_empty() {
            whole.push_str(part);
            whole.push('\n');
        }
    }
    whole.push_str(text);
    whole
}

async fn embed(
    inner: &Inner,
    collection: &Collection,
    embedder: &Arc<dyn Embedder>,
    cut: Vec<(Job, Result<Cut, EngineError>)>,
) -> Vec<(Job, Result<Publication, EngineError>)> {
    let mut known: HashMap<Hash, Option<Vec<u8>>> = HashMap::new();
    for (job, outcome) in &cut {
        if outcome.is_ok() && job.version > 1 {
            // A new version's unchanged chunks keep their vectors.
            let model = (collection.embedder.as_str(), collection.dimension);
            if let Ok(vectors) = inner.store.chunks().known_vectors(job.tenant, job.document, model).await {
                known.extend(vectors.into_iter().map(|chunk| (chunk.content_hash, Some(chunk.vector))));
            }
        }
    }
    let fresh: Vec<&CutChunk> = cut
        .iter()
        .filter_map(|(_, outcome)| outcome.as_ref().ok())
        .flat_map(|document| &document.chunks)
        .filter(|chunk| !known.contains_key(&chunk.hash))
        .collect();
    let texts: Vec<&str> = fresh.iter().map(|chunk| chunk.embedded.as_str()).collect();
    let embedded = embedder.embed(EmbedRequest { texts: &texts, purpose: Purpose::Document }).await;
    match embedded {
        Ok(vectors) => {
            let hashes: Vec<Hash> = fresh.iter().map(|chunk| chunk.hash).collect();
            known.extend(hashes.into_iter().zip(vectors.iter().map(|numbers| vector::encode(numbers))));
            cut.into_iter()
                .map(|(job, outcome)| {
                    let outcome = outcome.map(|document| publication(collection, &job, document, &known));
                    (job, outcome)
                })
                .collect()
        }
        Err(error) => {
            let (kind, reason) = (quarry_core::Fault::retry_after(&error), error.to_string());
            cut.into_iter()
                .map(|(job, outcome)| {
                    let outcome = outcome
                        .and(Err(EngineError::Embedding { reason: reason.clone(), retry_after: kind }));
                    (job, outcome)
                })
                .collect()
        }
    }
}

fn publication(
    collection: &Collection,
    job: &Job,
    document: Cut,
    vectors: &HashMap<Hash, Option<Vec<u8>>>,
) -> Publication {
    let chunks = document
        .chunks
        .into_iter()
        .map(|chunk| NewChunk {
            text: chunk.draft.text,
            headings: chunk.draft.headings,
            page: chunk.draft.page,
            span: chunk.draft.span,
            kind: chunk.draft.kind,
            terms: chunk.terms.to_bytes(),
            vector: vectors.get(&chunk.hash).cloned().flatten(),
            content_hash: chunk.hash,
        })
        .collect();
    Publication {
        tenant: job.tenant,
        collection: job.collection,
        document: job.document,
        version: job.version,
        job: Some(job.id),
        title: document.title,
        media_type: document.media_type,
        language: Some(document.language),
        pages: document.pages,
        text: document.text,
        model: (collection.embedder.clone(), collection.dimension),
        chunks,
    }
}
