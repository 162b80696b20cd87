//! From parsed text to chunks with their terms.

use quarry_core::Collection;
use quarry_index::analyzer;
use quarry_models::Embedder;
use quarry_parse::{ChunkDraft, ChunkSettings, Parsed};
use quarry_store::Job;
use sha2::{Digest, Sha256};

use crate::settings::IngestSettings;

/// A document that was read and cut, not yet embedded.
pub(super) struct Cut {
    pub(super) title: String,
    pub(super) media_type: String,
    pub(super) language: String,
    pub(super) pages: Option<u32>,
    pub(super) text: String,
    pub(super) chunks: Vec<CutChunk>,
}

/// One chunk of it.
pub(super) struct CutChunk {
    pub(super) draft: ChunkDraft,
    pub(super) terms: quarry_index::Terms,
    /// What is embedded.
    pub(super) embedded: String,
    pub(super) hash: Hash,
}

/// A hash of what was embedded.
pub(super) type Hash = [u8; 16];

/// How a collection's documents are cut: as it says, as the server does otherwise, and never longer than the embedder
/// reads.
pub(super) fn sizes(
    settings: &IngestSettings,
    collection: &Collection,
    embedder: &dyn Embedder,
) -> ChunkSettings {
    let own = collection.chunking.unwrap_or_default();
    let wanted = own.max_tokens.map_or(settings.chunk_tokens, |tokens| tokens as usize);
    let max_tokens = embedder.info().max_tokens.map_or(wanted, |most| wanted.min(most));
    let overlap =
        own.overlap_tokens.map_or(settings.overlap_tokens.min(max_tokens / 4), |tokens| tokens as usize);
    ChunkSettings {
        strategy: own.strategy,
        max_tokens,
        overlap_tokens: overlap.min(max_tokens / 2),
        ..ChunkSettings::default()
    }
}

/// Cuts a document into chunks.
pub(super) fn cut(job: &Job, parsed: Parsed, sizes: &ChunkSettings, embedder: &dyn Embedder) -> Cut {
    let drafts = quarry_parse::chunk(&parsed, sizes, &|text| size_of(text, embedder));
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
    Cut {
        title,
        media_type: parsed.media_type,
        language: language.code().to_owned(),
        pages: parsed.pages,
        text: parsed.text,
        chunks,
    }
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
fn embedded_text(title: &str, headings: &[String], context: Option<&str>, text: &str) -> String {
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
