//! A chunk to terms.

use super::{
    language::Language,
    scan::{Kind, Piece, parts, pieces},
    sentence::sentences,
    word::{Word, Words, hash_form, hash_stem},
};
use crate::terms::{Term, Terms};

/// What is analysed of a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChunkText<'a> {
    /// The document's title; empty where there is none.
    pub title: &'a str,
    /// The headings above the chunk, outermost first.
    pub headings: &'a [String],
    /// The chunk's own text.
    pub text: &'a str,
    /// The document's language, from [`super::detect`].
    pub language: Language,
}

/// The terms of a chunk: title, headings, then the text.
#[must_use]
pub fn analyse_chunk(input: &ChunkText<'_>) -> Terms {
    let words = Words::new(input.language);
    let mut terms = Vec::with_capacity(input.text.len() / 6 + 8);
    section(&words, input.title, Term::TITLE, &mut terms);
    for heading in input.headings {
        section(&words, heading, Term::HEADING, &mut terms);
    }
    for range in sentences(input.text, input.language) {
        section(&words, input.text.get(range).unwrap_or_default(), 0, &mut terms);
    }
    terms.into_iter().collect()
}

/// One sentence, title or heading.
fn section(words: &Words, text: &str, flags: u8, terms: &mut Vec<Term>) {
    let mut gap = 0_u32;
    let mut first = Term::SENTENCE;
    each_word(words, text, |_, word, step| {
        gap += u32::from(step);
        if !word.stop {
            terms.push(Term::new(word.stem, word.form, gap.min(255) as u8, flags | first));
            gap = 0;
            first = 0;
        }
    });
}

/// Calls `sink` with every word of a text, its byte range, and how far it stands from the word before (0 for the parts of
/// a compound, which stand where it does).
pub(super) fn each_word(words: &Words, text: &str, mut sink: impl FnMut((usize, usize), Word, u8)) {
    pieces(text, |piece| match piece.kind {
        Kind::Word => {
            let word = words.get(text.get(piece.start..piece.end).unwrap_or_default());
            sink((piece.start, piece.end), word, 1);
        }
        Kind::Compound => {
            let word = words.get(text.get(piece.start..piece.end).unwrap_or_default());
            sink((piece.start, piece.end), word, 1);
            let mut step = 0;
            parts(text, piece, |start, end| {
                sink((start, end), words.get(text.get(start..end).unwrap_or_default()), step);
                step = 1;
            });
        }
        Kind::Han => grams(text, piece, 2, &mut sink),
        Kind::Hangul => grams(text, piece, 2, &mut sink),
        Kind::Unspaced => grams(text, piece, 3, &mut sink),
    });
}

/// Overlapping runs of `size` characters; a shorter piece is one run.
fn grams(text: &str, piece: Piece, size: usize, sink: &mut impl FnMut((usize, usize), Word, u8)) {
    let run = text.get(piece.start..piece.end).unwrap_or_default();
    let bounds: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    let size = size.min(bounds.len() - 1).max(1);
    for (start, end) in bounds.iter().zip(bounds.iter().skip(size)) {
        let gram = run.get(*start..*end).unwrap_or_default();
        let word = Word { stem: hash_stem(gram), form: hash_form(gram), stop: false };
        sink((piece.start + start, piece.start + end), word, 1);
    }
}
