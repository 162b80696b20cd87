//! What an answer rests on, checked here: marks that lead nowhere are taken out, each of the others leads to a sentence
//! of a passage, and every sentence of the answer is scored against what it cites.

use quarry_core::Span;
use quarry_index::analyzer;
use quarry_models::StaticTable;

use super::{
    claims::{self, Claim},
    event::{RunCitation, RunSentence},
    prompt::REFUSAL,
    source::{Source, Sources},
    support::{Compared, ENOUGH, support},
};

/// An answer after the check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The text without marks that lead nowhere.
    pub text: String,
    /// Whether the documents answer.
    pub answered: bool,
    /// Where each number leads.
    pub citations: Vec<RunCitation>,
    /// Each sentence's support.
    pub sentences: Vec<RunSentence>,
}

/// A passage, cut into sentences.
struct Passage {
    source: Source,
    sentences: Vec<(std::ops::Range<usize>, Compared)>,
    around: Compared,
    /// The best sentence so far and how well it fits.
    best: Option<(usize, f32)>,
}

/// Checks an answer. `beside` are texts that may be repeated without a number: what tools without passages said, and
/// what is remembered of the user.
pub(crate) fn check(table: &StaticTable, text: &str, sources: &Sources, beside: &[String]) -> Checked {
    let text = claims::cleaned(text, |number| sources.find(number).is_some());
    let claims = claims::claims(&text);
    let mut passages: Vec<Passage> = Vec::new();
    for number in claims.iter().flat_map(|claim| claim.numbers.iter()) {
        if !passages.iter().any(|passage| passage.source.number == *number)
            && let Some(source) = sources.find(*number)
        {
            passages.push(Passage::new(table, source));
        }
    }
    passages.sort_by_key(|passage| passage.source.number);
    let beside: Vec<Vec<Compared>> = beside.iter().map(|text| cut(table, text)).collect();
    let place = Places::new(&text);
    let sentences: Vec<RunSentence> = claims
        .iter()
        .map(|claim| {
            let (support, claims_something) = judge(table, &text, claim, &mut passages, &beside);
            RunSentence {
                span: place.span(&claim.range),
                citations: claim.numbers.clone(),
                support,
                supported: !claims_something || support >= ENOUGH,
            }
        })
        .collect();
    let refused = refuses(&text);
    let citations: Vec<RunCitation> = passages.iter().map(Passage::citation).collect();
    let answered = !text.is_empty()
        && !refused
        && (!citations.is_empty() || sentences.iter().any(|sentence| sentence.supported));
    Checked { text, answered, citations, sentences }
}

/// Whether an answer says that there is none.
fn refuses(text: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric() || *c == ' ').collect::<String>().to_lowercase()
    };
    plain(text).trim_start().starts_with(plain(REFUSAL).trim())
}

/// How well a claim is supported, and whether it claims anything.
fn judge(
    table: &StaticTable,
    text: &str,
    claim: &Claim,
    passages: &mut [Passage],
    beside: &[Vec<Compared>],
) -> (f32, bool) {
    let words = claims::words(text.get(claim.range.clone()).unwrap_or_default());
    let words = words.trim();
    let compared = Compared::new(table, words, analyzer::detect(text));
    let asks = words.ends_with(['?', ':', '\u{ff1f}']) || refuses(words);
    if claim.numbers.is_empty() && (asks || !compared.claims()) {
        return (1.0, false);
    }
    let mut cited: Vec<&Compared> = Vec::new();
    let mut best: f32 = 0.0;
    for passage in passages.iter_mut().filter(|passage| claim.numbers.contains(&passage.source.number)) {
        passage.notice(&compared);
    }
    for passage in passages.iter().filter(|passage| claim.numbers.contains(&passage.source.number)) {
        cited.extend(passage.sentences.iter().map(|(_, sentence)| sentence));
        best = best.max(support(&compared, &cited, &passage.around));
    }
    if claim.numbers.is_empty() {
        let nothing = Compared::new(table, "", analyzer::detect(text));
        for sentences in beside {
            best = best.max(support(&compared, &sentences.iter().collect::<Vec<_>>(), &nothing));
        }
    }
    (best, true)
}

fn cut(table: &StaticTable, text: &str) -> Vec<Compared> {
    let language = analyzer::detect(text);
    analyzer::sentences(text, language)
        .into_iter()
        .filter_map(|range| text.get(range))
        .map(|sentence| Compared::new(table, sentence, language))
        .collect()
}

impl Passage {
    fn new(table: &StaticTable, source: Source) -> Self {
        let language = analyzer::detect(&source.text);
        let sentences = analyzer::sentences(&source.text, language)
            .into_iter()
            .filter_map(|range| {
                let sentence = source.text.get(range.clone())?;
                let says = sentence.chars().any(char::is_alphanumeric);
                says.then(|| (range, Compared::new(table, sentence, language)))
            })
            .collect();
        let around = Compared::new(table, &source.title, language);
        Self { sentences, around, source, best: None }
    }

    /// Remembers which sentence fits the claims on this passage best.
    fn notice(&mut self, claim: &Compared) {
        for (place, (_, sentence)) in self.sentences.iter().enumerate() {
            let likeness = claim.likeness(sentence);
            if self.best.is_none_or(|(_, best)| likeness > best) {
                self.best = Some((place, likeness));
            }
        }
    }

    fn citation(&self) -> RunCitation {
        let source = &self.source;
        let range =
            self.best.and_then(|(place, _)| self.sentences.get(place)).map(|(range, _)| range.clone());
        let range = range.unwrap_or(0..source.text.len());
        let count =
            |text: Option<&str>| u32::try_from(text.unwrap_or_default().chars().count()).unwrap_or(u32::MAX);
        let start = source.span.start.saturating_add(count(source.text.get(..range.start)));
        let quote = source.text.get(range).unwrap_or_default().to_owned();
        let end = start.saturating_add(count(Some(&quote)));
        RunCitation {
            number: source.number,
            document_id: source.document_id,
            chunk_id: source.chunk_id,
            title: source.title.clone(),
            source: source.source.clone(),
            page: source.page,
            span: Span { start, end },
            quote,
        }
    }
}

/// From bytes to characters.
struct Places {
    starts: Vec<usize>,
}

impl Places {
    fn new(text: &str) -> Self {
        Self { starts: text.char_indices().map(|(at, _)| at).collect() }
    }

    fn span(&self, range: &std::ops::Range<usize>) -> Span {
        let place =
            |at: usize| u32::try_from(self.starts.partition_point(|start| *start < at)).unwrap_or(u32::MAX);
        Span { start: place(range.start), end: place(range.end) }
    }
}

#[cfg(test)]
mod tests {
    use quarry_core::{ChunkRef, CollectionName, DocumentId, Span};
    use quarry_models::StaticTable;

    use super::{Checked, check};
    use crate::agent::source::{Source, Sources};

    fn sources() -> Sources {
        let document = DocumentId::new();
        let source = |ordinal: u32, start: u32, text: &str| Source {
            number: 0,
            collection: CollectionName::fallback(),
            document_id: document,
            chunk_id: ChunkRef { document, version: 1, ordinal },
            title: "The Ostrava bridge".to_owned(),
            source: "bridge.txt".to_owned(),
            page: None,
            span: Span { start, end: start + u32::try_from(text.chars().count()).unwrap() },
            text: text.to_owned(),
        };
        let sources = Sources::default();
        sources.add(source(0, 0, "Br\u{fc}cke. It was opened in 1931 by the mayor. It is 240 metres long."));
        sources.add(source(1, 500, "The bridge was painted red in 1950."));
        sources
    }

    fn checked(text: &str) -> Checked {
        check(&StaticTable::new().unwrap(), text, &sources(), &["17 * 23 = 391".to_owned()])
    }

    #[test]
    fn a_number_leads_to_the_sentence_that_supports_it() {
        let checked = checked("The bridge was opened in 1931 [1]. It was painted red [2].");
        assert!(checked.answered);
        let quote = &checked.citations[0];
        assert_eq!((quote.number, quote.quote.as_str()), (1, "It was opened in 1931 by the mayor."));
        assert_eq!(quote.span, Span { start: 8, end: 43 });
        assert_eq!(checked.citations[1].span.start, 500);
        assert!(checked.sentences.iter().all(|sentence| sentence.supported), "{checked:?}");
        assert_eq!(checked.sentences[1].span, Span { start: 35, end: 58 });
    }

    #[test]
    fn numbers_that_were_not_retrieved_are_refused() {
        let checked = checked("The bridge was opened in 1931 [7].");
        assert_eq!(checked.text, "The bridge was opened in 1931.");
        assert!(checked.citations.is_empty() && !checked.sentences[0].supported && !checked.answered);
    }

    #[test]
    fn each_sentence_is_judged_by_what_it_cites() {
        let checked =
            checked("The bridge was opened in 1931 [2]. A whale lives below it [1]. It has four lanes.");
        let supported: Vec<bool> = checked.sentences.iter().map(|sentence| sentence.supported).collect();
        assert_eq!(supported, [false, false, false]);
        assert!(checked.answered, "it cites, even if badly; the sentences say so");
    }

    #[test]
    fn a_sentence_that_claims_nothing_needs_no_support() {
        let checked = checked("Hello! Here is what I found: Do you want more?");
        assert!(checked.sentences.iter().all(|sentence| sentence.supported), "{checked:?}");
    }

    #[test]
    fn what_a_tool_calculated_needs_no_number() {
        assert!(checked("The result is 391.").answered);
        assert!(!checked("The result is 392.").answered);
    }

    #[test]
    fn an_answer_that_says_there_is_none_is_none() {
        for text in [
            "The documents do not answer this. The date is missing.",
            "**The documents do not answer this** [1].",
        ] {
            assert!(!checked(text).answered, "{text}");
        }
        assert!(!checked("").answered);
    }
}
