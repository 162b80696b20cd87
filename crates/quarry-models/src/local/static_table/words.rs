//! The tokens of words seen lately.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{bpe::Bpe, split::each_word};

/// Words kept: the frequent words of a large collection, in under 2 MB. When full, everything is dropped; frequent words
/// are back at once, and no bookkeeping is needed on each look-up.
const KEPT: usize = 20_000;

/// Longer words are rare names, numbers and encoded data, which do not repeat.
const LONGEST: usize = 48;

/// Hashes the bytes of a word at once.
#[derive(Default)]
pub(super) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    fn write_usize(&mut self, _length: usize) {
        // The bytes decide; their number adds nothing.
    }
}

/// A cache from words to tokens, with the buffers that cutting a text needs. Used by one call at a time.
#[derive(Default)]
pub(super) struct Words {
    known: HashMap<Box<[u8]>, (u32, u16), BuildHasherDefault<WordHasher>>,
    tokens: Vec<u16>,
    word: Vec<u8>,
    long: Vec<u16>,
}

impl Words {
    /// Calls `found` with the tokens of each word of a text, in order.
    pub(super) fn each(&mut self, text: &str, bpe: &Bpe, mut found: impl FnMut(&[u16])) {
        let Self { known, tokens, word, long } = self;
        each_word(text, word, |word| {
            if let Some(&(start, length)) = known.get(word) {
                let start = start as usize;
                found(tokens.get(start..start + usize::from(length)).unwrap_or_default());
                return;
            }
            if word.len() > LONGEST {
                long.clear();
                bpe.encode(word, long);
                found(long);
                return;
            }
            if known.len() >= KEPT {
                known.clear();
                tokens.clear();
            }
            let start = tokens.len();
            bpe.encode(word, tokens);
            let fresh = tokens.get(start..).unwrap_or_default();
            known.insert(word.into(), (start as u32, fresh.len() as u16));
            found(fresh);
        });
        // One huge word must not hold its memory for ever.
        word.shrink_to(4_096);
        long.shrink_to(4_096);
    }
}
