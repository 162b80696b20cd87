//! A question, analysed.

/// One kept term of a question, in the question's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTerm {
    /// Hash of the stem, as in [`crate::Term::stem`].
    pub stem: u32,
    /// Hash of the word before stemming, as in [`crate::Term::form`].
    pub form: u16,
    /// Words since the kept term before.
    pub gap: u8,
    /// The word as it was written, for `explain`.
    pub text: String,
}

/// The analysed question. Stems may repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryTerms {
    /// The kept terms.
    pub terms: Vec<QueryTerm>,
    /// ISO 639-3 code of the language it was analysed in.
    pub language: String,
}

impl QueryTerms {
    /// Each stem once, in order of first appearance.
    #[must_use]
    pub fn stems(&self) -> Vec<u32> {
        let mut stems = Vec::with_capacity(self.terms.len());
        for term in &self.terms {
            if !stems.contains(&term.stem) {
                stems.push(term.stem);
            }
        }
        stems
    }
}
