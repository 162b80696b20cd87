//! How well a passage supports a sentence, without a model: shared words, numbers that must match, meaning by the static
//! table, and whether one side denies what the other says.
//!
//! This catches what is made up and what is cited from elsewhere. It does not understand: a sentence that uses a
//! passage's words to say something else passes.

use std::collections::HashSet;

use quarry_index::analyzer::{self, ChunkText, Language};
use quarry_models::StaticTable;

/// The support from which a sentence counts as supported.
pub const ENOUGH: f32 = 0.5;
/// Most that a sentence with a number its passages do not have can reach.
const WRONG_NUMBER: f32 = 0.3;
/// What is left where one side denies.
const DENIED: f32 = 0.5;
/// Share of words; the rest is meaning.
const WORDS: f32 = 0.7;
/// Cosine of two sentences of English that have nothing to do with each other, and of two that say the same.
const COSINES: (f32, f32) = (0.15, 0.75);

const DENYING: [&str; 16] = [
    "not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "can't",
    "isn't", "wasn't", "don't", "doesn't", "didn't",
];

/// A text as it is compared.
pub(crate) struct Compared {
    stems: HashSet<u32>,
    numbers: HashSet<String>,
    denies: bool,
    /// Of a text that denies, its clauses: "it is long and carries no trains" denies one thing and says another.
    clauses: Vec<(HashSet<u32>, bool)>,
    vector: Option<Vec<f32>>,
}

impl Compared {
    pub(crate) fn new(table: &StaticTable, text: &str, language: Language) -> Self {
        let stems = |text: &str| -> HashSet<u32> {
            let chunk = ChunkText { title: "", headings: &[], text, language };
            analyzer::analyse_chunk(&chunk).iter().map(quarry_index::Term::stem).collect()
        };
        let denying = denies(text);
        // The table knows English only.
        let vector = (language.code() == "eng" || language == Language::UNKNOWN).then(|| {
            let mut vector = Vec::new();
            table.embed_into(text, &mut vector);
            vector
        });
        Self {
            stems: stems(text),
            numbers: numbers(text),
            denies: denying,
            clauses: if denying {
                clauses(text).map(|clause| (stems(clause), denies(clause))).collect()
            } else {
                Vec::new()
            },
            vector,
        }
    }

    /// Whether there is anything in it to support.
    pub(crate) fn claims(&self) -> bool {
        self.stems.len() > 1 || !self.numbers.is_empty()
    }

    fn cosine(&self, other: &Self) -> Option<f32> {
        let (one, two) = (self.vector.as_ref()?, other.vector.as_ref()?);
        Some(one.iter().zip(two).map(|(one, two)| one * two).sum())
    }

    fn share(&self, stems: &HashSet<u32>) -> f32 {
        if self.stems.is_empty() {
            return 1.0;
        }
        self.stems.intersection(stems).count() as f32 / self.stems.len() as f32
    }

    /// Whether it denies what a claim is about: the clause that shares most with the claim tells.
    fn denies_of(&self, claim: &Self) -> bool {
        let shared = |stems: &HashSet<u32>| stems.intersection(&claim.stems).count();
        self.clauses
            .iter()
            .max_by_key(|(stems, denies)| (shared(stems), *denies == claim.denies))
            .map_or(self.denies, |(_, denies)| *denies)
    }

    /// How alike a sentence is: what a quote is chosen by.
    pub(crate) fn likeness(&self, sentence: &Self) -> f32 {
        let meaning = self.cosine(sentence).map_or(0.0, meaning);
        let matched = self.numbers.intersection(&sentence.numbers).count() as f32 * 0.1;
        self.share(&sentence.stems) * WORDS + meaning * (1.0 - WORDS) + matched
    }
}

/// How well sentences of passages support a claim, 0 to 1. `around` are the words of the titles and headings, which
/// every sentence of a document is understood by.
pub(crate) fn support(claim: &Compared, sentences: &[&Compared], around: &Compared) -> f32 {
    let Some(best) = sentences.iter().max_by(|one, two| claim.likeness(one).total_cmp(&claim.likeness(two)))
    else {
        return 0.0;
    };
    let with_title: HashSet<u32> = best.stems.union(&around.stems).copied().collect();
    let all: HashSet<u32> = sentences
        .iter()
        .flat_map(|sentence| sentence.stems.iter().copied())
        .chain(around.stems.iter().copied())
        .collect();
    // A claim may draw on several sentences, but one of them should say most of it.
    let words = 0.6 * claim.share(&with_title) + 0.4 * claim.share(&all);
    let mut score = match claim.cosine(best) {
        Some(cosine) => WORDS * words + (1.0 - WORDS) * meaning(cosine),
        None => words,
    };
    if best.denies_of(claim) != claim.denies {
        score *= DENIED;
    }
    let known = |number: &String| {
        around.numbers.contains(number) || sentences.iter().any(|one| one.numbers.contains(number))
    };
    if !claim.numbers.iter().all(known) {
        score = score.min(WRONG_NUMBER);
    }
    score.clamp(0.0, 1.0)
}

fn meaning(cosine: f32) -> f32 {
    ((cosine - COSINES.0) / (COSINES.1 - COSINES.0)).clamp(0.0, 1.0)
}

/// The parts of a sentence that each say something of their own.
fn clauses(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', '—', '–']).flat_map(|part| part.split(", ")).flat_map(|part| {
        let joined = [" and ", " but ", " although ", " though ", " while ", " whereas "];
        let mut parts = vec![part];
        for word in joined {
            parts = parts.into_iter().flat_map(|part| part.split(word)).collect();
        }
        parts
    })
}

fn denies(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .any(|word| DENYING.contains(&word.to_lowercase().as_str()))
}

/// Numbers as they compare: without separators of thousands and zeros at the end.
fn numbers(text: &str) -> HashSet<String> {
    let belongs = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    text.split(|c| !belongs(c))
        .map(|number| number.trim_matches([',', '.']).replace(',', ""))
        .filter(|number| !number.is_empty())
        .map(|number| {
            if number.contains('.') {
                number.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                number
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use quarry_index::analyzer::Language;
    use quarry_models::StaticTable;

    use super::{Compared, ENOUGH, support};

    fn score(claim: &str, passage: &[&str]) -> f32 {
        let table = StaticTable::new().unwrap();
        let english = Language::from_code("eng").unwrap();
        let compared = |text: &str| Compared::new(&table, text, english);
        let sentences: Vec<Compared> = passage.iter().map(|text| compared(text)).collect();
        support(&compared(claim), &sentences.iter().collect::<Vec<_>>(), &compared("The Ostrava bridge"))
    }

    const BRIDGE: [&str; 3] = [
        "The Ostrava bridge is a road bridge.",
        "It was opened in 1931 by the mayor.",
        "Its length is 1,240 metres and it carries no trains.",
    ];

    #[test]
    fn what_a_passage_says_in_other_words_is_supported() {
        for claim in [
            "The Ostrava bridge was opened in 1931.",
            "The mayor opened the bridge in 1931.",
            "The bridge is 1240 metres long.",
            "The bridge carries no trains.",
        ] {
            let score = score(claim, &BRIDGE);
            assert!(score >= ENOUGH, "{claim}: {score}");
        }
    }

    #[test]
    fn what_it_does_not_say_is_not() {
        for claim in [
            "The bridge was opened in 1932.",
            "The bridge was designed by a French engineer.",
            "Tickets cost five euros on weekdays.",
            "The mayor never opened the bridge in 1931.",
        ] {
            let score = score(claim, &BRIDGE);
            assert!(score < ENOUGH, "{claim}: {score}");
        }
    }
}
