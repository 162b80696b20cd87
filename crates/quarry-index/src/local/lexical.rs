//! The lexical leg: a tantivy index over hashed stems, with nothing stored.

use quarry_core::DocumentId;
use tantivy::{
    Index, Searcher, TantivyDocument, TantivyError, Term as Key,
    directory::error::OpenReadError,
    query::{Bm25StatisticsProvider, BooleanQuery, EnableScoring, Query as _},
    schema::{
        BytesOptions, FAST, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
    },
    tokenizer::{Token, TokenStream, Tokenizer},
};

use super::{bits::Bits, snapshot::Segment, top::Top};
use crate::{index::IndexError, terms::Terms};

const TOKENIZER: &str = "stems";
/// The fast field's name.
pub const KEY: &str = "key";
/// Characters of an encoded stem: seven bits each, so that the text is plain ASCII and five hold 32 bits.
const WIDTH: usize = 5;

/// The index's fields.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    key: Field,
    document: Field,
    body: Field,
    /// What filters ask about, encoded by [`super::filter`].
    pub metadata: Field,
}

/// The schema, the same for every shard.
pub fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let bytes = || BytesOptions::default().set_indexed();
    let stems = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(true);
    let fields = Fields {
        key: builder.add_u64_field(KEY, NumericOptions::from(FAST)),
        document: builder.add_bytes_field("document", bytes()),
        body: builder.add_text_field("body", TextOptions::default().set_indexing_options(stems)),
        metadata: builder.add_bytes_field("metadata", bytes()),
    };
    (builder.build(), fields)
}

/// Makes the tokenizer known to an index.
pub fn register(index: &Index) {
    index.tokenizers().register(TOKENIZER, Stems);
}

fn encode(stem: u32, into: &mut String) {
    for shift in [28, 21, 14, 7, 0] {
        into.push(char::from((stem >> shift) as u8 & 0x7f));
    }
}

impl Fields {
    /// A chunk as tantivy takes it.
    pub fn document(
        &self,
        key: u64,
        document: DocumentId,
        terms: &Terms,
        metadata: &[Vec<u8>],
    ) -> TantivyDocument {
        let mut body = String::with_capacity(terms.len() * WIDTH);
        terms.iter().for_each(|term| encode(term.stem(), &mut body));
        let mut made = TantivyDocument::with_capacity(body.len() + 64);
        made.add_u64(self.key, key);
        made.add_bytes(self.document, document.uuid().as_bytes());
        made.add_text(self.body, body);
        for term in metadata {
            made.add_bytes(self.metadata, term);
        }
        made
    }

    /// The term that all chunks of a document have.
    pub fn of_document(&self, document: DocumentId) -> Key {
        Key::from_field_bytes(self.document, document.uuid().as_bytes())
    }

    fn stem(&self, stem: u32) -> Key {
        let mut text = String::with_capacity(WIDTH);
        encode(stem, &mut text);
        Key::from_field_text(self.body, &text)
    }
}

/// Cuts encoded text into stems.
#[derive(Clone)]
struct Stems;

struct StemStream<'a> {
    rest: &'a str,
    token: Token,
}

impl Tokenizer for Stems {
    type TokenStream<'a> = StemStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> StemStream<'a> {
        StemStream { rest: text, token: Token { text: String::with_capacity(WIDTH), ..Token::default() } }
    }
}

impl TokenStream for StemStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((stem, rest)) = self.rest.split_at_checked(WIDTH) else { return false };
        self.rest = rest;
        self.token.text.clear();
        self.token.text.push_str(stem);
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// Collection-wide numbers, looked up once a question.
struct Statistics {
    tokens: u64,
    documents: u64,
    frequencies: Vec<(Key, u64)>,
}

impl Bm25StatisticsProvider for Statistics {
    fn total_num_tokens(&self, _field: Field) -> tantivy::Result<u64> {
        Ok(self.tokens)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.documents)
    }

    fn doc_freq(&self, term: &Key) -> tantivy::Result<u64> {
        Ok(self.frequencies.iter().find(|(key, _)| key == term).map_or(0, |(_, frequency)| *frequency))
    }
}

/// What the leg found.
pub struct Found {
    /// BM25 and slot, best first.
    pub best: Vec<(f32, u32)>,
    /// In how many chunks each stem stands; chunks that were removed count until tantivy merges them away.
    pub frequencies: Vec<u64>,
}

/// The `depth` best of the allowed slots for any of the stems.
pub fn search(
    (fields, searcher): (&Fields, &Searcher),
    segments: &[Segment],
    stems: &[u32],
    allowed: &Bits,
    depth: usize,
) -> Result<Found, IndexError> {
    if stems.is_empty() {
        return Ok(Found { best: Vec::new(), frequencies: Vec::new() });
    }
    let mut statistics = Statistics { tokens: 0, documents: 0, frequencies: Vec::with_capacity(stems.len()) };
    statistics.frequencies.extend(stems.iter().map(|&stem| (fields.stem(stem), 0)));
    for reader in searcher.segment_readers() {
        let inverted = reader.inverted_index(fields.body).map_err(failed)?;
        statistics.tokens += inverted.total_num_tokens();
        statistics.documents += u64::from(reader.max_doc());
        for (term, frequency) in &mut statistics.frequencies {
            *frequency += u64::from(inverted.doc_freq(term)?);
        }
    }
    let frequencies = statistics.frequencies.iter().map(|&(_, frequency)| frequency).collect();
    let terms: Vec<Key> = statistics
        .frequencies
        .iter()
        .filter(|&&(_, frequency)| frequency > 0)
        .map(|(term, _)| term.clone())
        .collect();
    if terms.is_empty() || depth == 0 {
        return Ok(Found { best: Vec::new(), frequencies });
    }
    let scoring = EnableScoring::enabled_from_statistics_provider(&statistics, searcher);
    let weight = BooleanQuery::new_multiterms_query(terms).weight(scoring).map_err(failed)?;
    let mut top = Top::new(depth);
    for (reader, segment) in searcher.segment_readers().iter().zip(segments) {
        weight
            .for_each_pruning(top.threshold(), reader, &mut |document, score| {
                // A chunk that is gone or filtered out does not raise the bar for the others.
                if let Some(slot) = segment.slot(document).filter(|&slot| allowed.contains(slot)) {
                    top.push(score, slot);
                }
                top.threshold()
            })
            .map_err(failed)?;
    }
    Ok(Found { best: top.into_sorted(), frequencies })
}

/// tantivy's failure as ours.
pub fn failed(error: TantivyError) -> IndexError {
    match error {
        TantivyError::DataCorruption(problem) => IndexError::Damaged(format!("{problem:?}")),
        TantivyError::IncompatibleIndex(problem)
        | TantivyError::OpenReadError(OpenReadError::IncompatibleIndex(problem)) => {
            IndexError::Damaged(format!("{problem:?}"))
        }
        TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(path)) => {
            IndexError::Damaged(format!("{} is missing", path.display()))
        }
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, filepath }) => {
            io_failed(&io_error, &filepath.display().to_string())
        }
        TantivyError::IoError(error) => io_failed(&error, "a file"),
        other => IndexError::Engine(other.to_string()),
    }
}

fn io_failed(error: &std::io::Error, what: &str) -> IndexError {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    match error.kind() {
        InvalidData | NotFound | UnexpectedEof => IndexError::Damaged(format!("{what}: {error}")),
        kind => IndexError::Io(std::io::Error::new(kind, format!("{what}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use tantivy::tokenizer::{TokenStream as _, Tokenizer as _};

    use super::{Stems, encode};

    #[test]
    fn stems_come_back_as_tokens() {
        let mut text = String::new();
        for stem in [0, 1, u32::MAX, 0xdead_beef] {
            encode(stem, &mut text);
        }
        let mut tokenizer = Stems;
        let mut stream = tokenizer.token_stream(&text);
        let mut seen = Vec::new();
        while stream.advance() {
            seen.push(stream.token().text.clone());
        }
        assert_eq!(seen.concat(), text);
        assert_eq!(seen.len(), 4);
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
