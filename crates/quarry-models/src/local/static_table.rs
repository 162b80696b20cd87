//! The embedding table inside the executable: one int8 row for each subword token, a text's vector is their sum.
//!
//! The bytes of the file are used where they lie; nothing of the table is copied. Words repeat, so the tokens of a word
//! are kept ([`words::Words`]); this is what makes it fast, since nearly all of the time went into tokenizing.

mod bpe;
mod split;
mod words;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use parking_lot::Mutex;
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};

use self::{bpe::Bpe, words::Words};
use crate::{
    embed::{EmbedRequest, Embedder, EmbedderInfo, normalise},
    error::ModelError,
    events,
    local::workers::Workers,
};

/// The table's id.
pub const ID: &str = "static-en-256";

/// Numbers in one row.
const WIDTH: usize = 256;

/// The weights, as they were trained.
static TABLE: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/static-en-256/model.safetensors"));

/// The merges of the tokenizer file, packed by the example `pack_tokenizer`; a test compares both.
static MERGES: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/static-en-256/tokenizer.merges"));

/// Bytes of text that are embedded where they are asked for; more leaves the async runtime. About 0.4 ms of work.
const INLINE_BYTES: usize = 16 * 1024;

/// Bytes of text that one thread takes at a time.
const SHARE_BYTES: usize = 64 * 1024;

static SHARED: OnceLock<Result<Arc<Table>, String>> = OnceLock::new();

/// The static embedder. Clones and further instances share one tokenizer and one set of word caches.
pub struct StaticTable {
    info: EmbedderInfo,
    table: Arc<Table>,
    workers: Workers,
}

struct Table {
    rows: &'static [[u8; WIDTH]],
    scales: &'static [[u8; 4]],
    bpe: Bpe,
    /// Word caches that nobody uses at the moment: at most as many as calls ran at once.
    idle: Mutex<Vec<Words>>,
}

impl StaticTable {
    /// The table, with one thread for large batches.
    ///
    /// # Errors
    /// `model_broken` when the executable's own table is damaged.
    pub fn new() -> Result<Self, ModelError> {
        Self::with_threads(1)
    }

    /// The table, with a number of threads for large batches.
    ///
    /// # Errors
    /// `model_broken` when the executable's own table is damaged.
    pub fn with_threads(threads: usize) -> Result<Self, ModelError> {
        let table = SHARED.get_or_init(|| Table::load(TABLE, MERGES).map(Arc::new));
        let table = table.as_ref().map_err(|problem| ModelError::broken(ID, problem))?;
        let info = EmbedderInfo {
            id: ID.to_owned(),
            dimension: WIDTH,
            max_tokens: None,
            languages: Some(vec!["eng".to_owned()]),
            dense_weight: 0.3,
            ranker: "static".to_owned(),
        };
        Ok(Self { info, table: Arc::clone(table), workers: Workers::new(threads) })
    }

    /// Writes a text's vector over `vector`: length 1, or all zeros for a text without known tokens.
    pub fn embed_into(&self, text: &str, vector: &mut Vec<f32>) {
        self.table.with_words(|words| self.table.embed_into(text, words, vector));
    }

    /// A text's token ids, as the tokenizer file gives them.
    #[must_use]
    pub fn token_ids(&self, text: &str) -> Vec<u16> {
        let mut ids = Vec::new();
        self.table
            .with_words(|words| words.each(text, &self.table.bpe, |tokens| ids.extend_from_slice(tokens)));
        ids
    }
}

impl Table {
    fn load(weights: &'static [u8], merges: &'static [u8]) -> Result<Self, String> {
        let tensors = SafeTensors::deserialize(weights).map_err(|error| error.to_string())?;
        let bytes = |name: &str, kind: Dtype| {
            let view = tensors.tensor(name).map_err(|error| error.to_string())?;
            if view.dtype() == kind { Ok(view.data()) } else { Err(format!("`{name}` has the wrong type")) }
        };
        let (rows, odd) = bytes("embeddings", Dtype::I8)?.as_chunks::<WIDTH>();
        let (scales, _) = bytes("scales", Dtype::F32)?.as_chunks::<4>();
        let bpe = Bpe::unpack(merges)?;
        if !odd.is_empty() || rows.len() != scales.len() || rows.len() != bpe.tokens() {
            return Err("rows, scales and tokens differ in number".to_owned());
        }
        Ok(Self { rows, scales, bpe, idle: Mutex::new(Vec::new()) })
    }

    /// Lends a word cache for a call.
    fn with_words<T>(&self, work: impl FnOnce(&mut Words) -> T) -> T {
        let idle = self.idle.lock().pop();
        let mut words = idle.unwrap_or_default();
        let result = work(&mut words);
        self.idle.lock().push(words);
        result
    }

    fn embed_into(&self, text: &str, words: &mut Words, vector: &mut Vec<f32>) {
        let mut sum = [0.0_f32; WIDTH];
        words.each(text, &self.bpe, |tokens| {
            for &token in tokens {
                let place = usize::from(token);
                if let (Some(row), Some(scale)) = (self.rows.get(place), self.scales.get(place)) {
                    let scale = f32::from_le_bytes(*scale);
                    for (total, value) in sum.iter_mut().zip(row) {
                        *total += f32::from(value.cast_signed()) * scale;
                    }
                }
            }
        });
        normalise(&mut sum);
        vector.clear();
        vector.extend_from_slice(&sum);
    }

    fn embed_all(&self, texts: &[impl AsRef<str>]) -> Vec<Vec<f32>> {
        self.with_words(|words| {
            texts
                .iter()
                .map(|text| {
                    let mut vector = Vec::with_capacity(WIDTH);
                    self.embed_into(text.as_ref(), words, &mut vector);
                    vector
                })
                .collect()
        })
    }
}

#[async_trait]
impl Embedder for StaticTable {
    fn info(&self) -> &EmbedderInfo {
        &self.info
    }

    async fn embed(&self, request: EmbedRequest<'_>) -> Result<Vec<Vec<f32>>, ModelError> {
        let started = std::time::Instant::now();
        let bytes: usize = request.texts.iter().map(|text| text.len()).sum();
        let vectors = if bytes <= INLINE_BYTES {
            self.table.embed_all(request.texts)
        } else {
            let texts: Vec<String> = request.texts.iter().map(|&text| text.to_owned()).collect();
            let table = Arc::clone(&self.table);
            let share = (texts.len() * SHARE_BYTES).div_ceil(bytes).max(1);
            let work =
                move || texts.par_chunks(share).flat_map_iter(|texts| table.embed_all(texts)).collect();
            self.workers.run(ID, work).await?
        };
        events::embedded(ID, request.texts.len(), started.elapsed());
        Ok(vectors)
    }

    fn count_tokens(&self, text: &str) -> usize {
        let mut count = 0;
        self.table.with_words(|words| words.each(text, &self.table.bpe, |tokens| count += tokens.len()));
        count
    }
}

/// Packs a Hugging Face tokenizer file of this kind into the form that is compiled in.
///
/// # Errors
/// What in the file is not as this tokenizer needs it.
pub fn pack_tokenizer(json: &str) -> Result<Vec<u8>, String> {
    bpe::pack(json)
}

#[cfg(test)]
mod tests;
