//! A chunk's analysed terms: what ranking reads, so that no text is analysed twice.
//!
//! One `u64` a kept token (stop words are dropped, but counted in the gap), in the order of the text; the title's
//! and headings' tokens come first. The encoding is stored in the database and in index files; changing it means a
//! new analyzer version and a new generation.

use std::sync::Arc;

/// One token, packed: stem (32 bits), form (16), gap (8), flags (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term(u64);

impl Term {
    /// The token stands in the document's title.
    pub const TITLE: u8 = 1;
    /// The token stands in one of the chunk's headings.
    pub const HEADING: u8 = 2;
    /// The token is the first kept one of its sentence (of the body; title and headings are a sentence each).
    pub const SENTENCE: u8 = 4;

    /// Packs a token. `gap` is the distance in words from the kept token before (1 when adjacent, capped at 255).
    #[must_use]
    pub const fn new(stem: u32, form: u16, gap: u8, flags: u8) -> Self {
        Self((stem as u64) << 32 | (form as u64) << 16 | (gap as u64) << 8 | flags as u64)
    }

    /// Hash of the stemmed word.
    #[must_use]
    pub const fn stem(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Hash of the word before stemming.
    #[must_use]
    pub const fn form(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Words since the kept token before.
    #[must_use]
    pub const fn gap(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// [`Self::TITLE`], [`Self::HEADING`], [`Self::SENTENCE`].
    #[must_use]
    pub const fn flags(self) -> u8 {
        self.0 as u8
    }

    /// As stored.
    #[must_use]
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// From storage.
    #[must_use]
    pub const fn from_packed(packed: u64) -> Self {
        Self(packed)
    }
}

/// The analysed terms of one chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms(pub Arc<[u64]>);

impl Terms {
    /// The tokens.
    pub fn iter(&self) -> impl Iterator<Item = Term> + '_ {
        self.0.iter().map(|&packed| Term(packed))
    }

    /// How many tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Little-endian bytes, for the database.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|packed| packed.to_le_bytes()).collect()
    }

    /// From the database. Trailing bytes that make no token are ignored; `index verify` finds them by length.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect())
    }
}

impl FromIterator<Term> for Terms {
    fn from_iter<I: IntoIterator<Item = Term>>(terms: I) -> Self {
        Self(terms.into_iter().map(Term::packed).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Term, Terms};

    #[test]
    fn a_term_unpacks_to_what_was_packed() {
        let term = Term::new(0xdead_beef, 0x1234, 7, Term::TITLE | Term::SENTENCE);
        assert_eq!((term.stem(), term.form(), term.gap(), term.flags()), (0xdead_beef, 0x1234, 7, 5));
    }

    #[test]
    fn terms_survive_bytes() {
        let terms: Terms =
            [Term::new(1, 2, 3, 4), Term::new(u32::MAX, u16::MAX, 255, 7)].into_iter().collect();
        assert_eq!(Terms::from_bytes(&terms.to_bytes()), terms);
    }
}
