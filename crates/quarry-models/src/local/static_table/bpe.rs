//! Byte-level byte pair encoding from a packed list of merges.
//!
//! The first 256 tokens are bytes and every merge makes the next token, so the vocabulary needs no text: 136 KB
//! instead of a megabyte of JSON, and a start in a millisecond.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

/// Opens a packed file; the digit is the format's version.
const MAGIC: &[u8; 8] = b"QRYBPE1\n";

/// Tokens that are single bytes.
const BYTES: usize = 256;

/// Two neighbouring tokens that may become one.
type Pair = u32;

/// The tokenizer's merges.
pub(super) struct Bpe {
    bytes: [u16; BYTES],
    merges: HashMap<Pair, u16, BuildHasherDefault<PairHasher>>,
}

/// Spreads a pair over the table by one multiplication: the pairs come from a file, not from strangers.
#[derive(Default)]
pub(super) struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0 ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

const fn pair(left: u16, right: u16) -> Pair {
    (left as u32) << 16 | right as u32
}

/// A symbol of the word that is being encoded, in a list linked both ways.
struct Symbol {
    token: u16,
    before: Option<usize>,
    after: Option<usize>,
    gone: bool,
}

impl Bpe {
    pub(super) fn unpack(packed: &[u8]) -> Result<Self, String> {
        let wrong = || "the packed tokenizer is damaged".to_owned();
        let (numbers, odd) = packed.strip_prefix(MAGIC).ok_or_else(wrong)?.as_chunks::<2>();
        let (bytes, merges) = numbers.split_first_chunk::<BYTES>().ok_or_else(wrong)?;
        let (merges, odd_pairs) = merges.as_chunks::<2>();
        if !odd.is_empty() || !odd_pairs.is_empty() || merges.len() + BYTES > 1 + usize::from(u16::MAX) {
            return Err(wrong());
        }
        let numbered = merges.iter().zip(BYTES as u16..);
        Ok(Self {
            bytes: bytes.map(u16::from_le_bytes),
            merges: numbered
                .map(|([left, right], token)| {
                    (pair(u16::from_le_bytes(*left), u16::from_le_bytes(*right)), token)
                })
                .collect(),
        })
    }

    /// How many tokens there are.
    pub(super) fn tokens(&self) -> usize {
        BYTES + self.merges.len()
    }

    fn merged(&self, left: u16, right: u16) -> Option<u16> {
        self.merges.get(&pair(left, right)).copied()
    }

    /// Appends the tokens of a word, which is encoded with a space before it. Earlier merges win, and of equal ones
    /// the leftmost; a queue keeps this at n log n for a word of any length.
    pub(super) fn encode(&self, word: &[u8], out: &mut Vec<u16>) {
        let last = word.len();
        let mut symbols: Vec<Symbol> = std::iter::once(&b' ')
            .chain(word)
            .enumerate()
            .map(|(place, byte)| Symbol {
                token: self.bytes.get(usize::from(*byte)).copied().unwrap_or_default(),
                before: place.checked_sub(1),
                after: (place < last).then_some(place + 1),
                gone: false,
            })
            .collect();
        let mut queue: BinaryHeap<Reverse<(u16, usize)>> = BinaryHeap::with_capacity(symbols.len());
        queue.extend((0..last).filter_map(|place| self.candidate(&symbols, place)));
        while let Some(Reverse((token, place))) = queue.pop() {
            // What was queued may have changed since: it counts only if it is still what would be queued now.
            if self.candidate(&symbols, place) != Some(Reverse((token, place))) {
                continue;
            }
            join(&mut symbols, place, token);
            queue.extend(self.candidate(&symbols, place));
            let before = symbols.get(place).and_then(|symbol| symbol.before);
            queue.extend(before.and_then(|before| self.candidate(&symbols, before)));
        }
        out.extend(symbols.iter().filter(|symbol| !symbol.gone).map(|symbol| symbol.token));
    }

    /// The merge of a symbol with the next, if there is one. Merges are numbered in their order, so the token made
    /// is also the rank.
    fn candidate(&self, symbols: &[Symbol], place: usize) -> Option<Reverse<(u16, usize)>> {
        let left = symbols.get(place).filter(|symbol| !symbol.gone)?;
        let right = symbols.get(left.after?)?;
        Some(Reverse((self.merged(left.token, right.token)?, place)))
    }
}

/// Makes one symbol of the symbol at `place` and the next.
fn join(symbols: &mut [Symbol], place: usize, token: u16) {
    let Some(right) = symbols.get(place).and_then(|symbol| symbol.after) else { return };
    let after = symbols.get_mut(right).and_then(|symbol| {
        symbol.gone = true;
        symbol.after
    });
    if let Some(symbol) = symbols.get_mut(place) {
        symbol.token = token;
        symbol.after = after;
    }
    if let Some(symbol) = after.and_then(|after| symbols.get_mut(after)) {
        symbol.before = Some(place);
    }
}

/// The characters that stand for bytes in tokenizer files: printable ones for themselves, the others from U+0100 on.
fn byte_characters() -> [char; BYTES] {
    let mut next = 256_u32;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) {
            return char::from(byte);
        }
        next += 1;
        char::from_u32(next - 1).unwrap_or_default()
    })
}

/// Packs a tokenizer file: the ids of the 256 bytes, then the merges as pairs of ids, all as little-endian u16.
pub(super) fn pack(json: &str) -> Result<Vec<u8>, String> {
    #[derive(serde::Deserialize)]
    struct File {
        model: Model,
    }
    #[derive(serde::Deserialize)]
    struct Model {
        vocab: HashMap<String, u16>,
        merges: Vec<String>,
    }
    let model = serde_json::from_str::<File>(json).map_err(|error| error.to_string())?.model;
    let id = |token: &str| model.vocab.get(token).copied().ok_or_else(|| format!("`{token}` is not a token"));
    let mut packed = MAGIC.to_vec();
    for character in byte_characters() {
        packed.extend(id(&character.to_string())?.to_le_bytes());
    }
    for (place, merge) in model.merges.iter().enumerate() {
        let (left, right) = merge.split_once(' ').ok_or_else(|| format!("`{merge}` is not a merge"))?;
        if usize::from(id(&format!("{left}{right}"))?) != BYTES + place {
            return Err(format!("the merge `{merge}` does not make the next token"));
        }
        packed.extend(id(left)?.to_le_bytes());
        packed.extend(id(right)?.to_le_bytes());
    }
    Ok(packed)
}
