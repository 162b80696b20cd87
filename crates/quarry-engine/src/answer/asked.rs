//! What kind of thing a question asks for, and whether a sentence holds one.
//!
//! English only: other languages get `Asked::Anything`, which asks nothing of a sentence.

use std::collections::HashSet;

/// The kind of thing asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A person or organisation.
    Who,
    /// A moment or period.
    When,
    /// A place.
    Where,
    /// A number or amount.
    Number,
    /// A reason or purpose.
    Why,
    /// What something is.
    Definition,
    /// None of these.
    Anything,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const NUMBER_WORDS: [&str; 24] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "twenty", "thirty", "forty", "fifty", "hundred", "thousand", "million", "billion", "half", "third",
    "quarter", "dozen",
];
const PERIODS: [&str; 12] =
    ["century", "decade", "year", "years", "month", "months", "week", "weeks", "day", "days", "today", "era"];
const REASONS: [&str; 14] = [
    "because",
    "due",
    "since",
    "therefore",
    "cause",
    "caused",
    "causes",
    "reason",
    "so",
    "order",
    "result",
    "led",
    "prevent",
    "avoid",
];

/// Reads what a question asks for from its words.
pub(crate) fn of(question: &str, language: &str) -> Asked {
    if language != "eng" {
        return Asked::Anything;
    }
    let text = question.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |wanted: &str| words.contains(&wanted);
    let pair = |first: &str, second: &[&str]| {
        words
            .windows(2)
            .any(|pair| pair.first() == Some(&first) && pair.get(1).is_some_and(|word| second.contains(word)))
    };
    let amounts =
        ["many", "much", "long", "old", "far", "large", "big", "tall", "high", "often", "fast", "deep"];
    if pair("how", &amounts)
        || has("percentage")
        || has("percent")
        || has("population")
        || pair("what", &["number"])
    {
        Asked::Number
    } else if has("when")
        || ["year", "date", "century", "decade", "month", "day"]
            .iter()
            .any(|unit| pair("what", &[unit]) || pair("which", &[unit]))
    {
        Asked::When
    } else if has("who") || has("whom") || has("whose") {
        Asked::Who
    } else if has("where") || pair("what", PLACES) || pair("which", PLACES) {
        Asked::Where
    } else if has("why") || has("purpose") || has("reason") {
        Asked::Why
    } else if text.starts_with("what is ") || text.starts_with("what are ") || has("define") || has("mean") {
        Asked::Definition
    } else {
        Asked::Anything
    }
}

const PLACES: &[&str] =
    &["city", "country", "state", "place", "town", "region", "continent", "river", "county"];

/// How well a sentence holds what is asked for, 0 to 1. Things that the question names itself do not count.
pub(crate) fn fits(asked: Asked, sentence: &str, question: &HashSet<String>) -> f32 {
    let words = || sentence.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == ',' || c == '%'));
    let fresh = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        !word.is_empty() && !question.contains(&word)
    };
    let digits = || words().any(|word| word.bytes().any(|byte| byte.is_ascii_digit()) && fresh(word));
    let listed = |list: &[&str]| {
        words().any(|word| {
            list.contains(&word.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric())) && fresh(word)
        })
    };
    let graded = |strong: bool, weak: bool| {
        if strong {
            1.0
        } else if weak {
            0.5
        } else {
            0.0
        }
    };
    match asked {
        Asked::Number => graded(digits(), listed(&NUMBER_WORDS)),
        Asked::When => graded(years(sentence, question) || listed(&MONTHS), digits() || listed(&PERIODS)),
        Asked::Who | Asked::Where => names(sentence, question),
        Asked::Why => graded(listed(&REASONS), false),
        Asked::Definition => {
            let lower = sentence.to_lowercase();
            let defines =
                [" is a", " are ", " is the", " refers to", " means ", " called ", " known as", " defined "];
            graded(defines.iter().any(|mark| lower.contains(mark)), false)
        }
        Asked::Anything => 0.0,
    }
}

fn years(sentence: &str, question: &HashSet<String>) -> bool {
    sentence.split(|c: char| !c.is_alphanumeric()).any(|word| {
        word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) && !question.contains(word)
    })
}

/// Capitalised words that the question does not name: 0.5 for one, 1 for more. The first word is capitalised anyway.
fn names(sentence: &str, question: &HashSet<String>) -> f32 {
    let named = sentence
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .skip(1)
        .filter(|word| {
            word.chars().next().is_some_and(char::is_uppercase) && !question.contains(&word.to_lowercase())
        })
        .count();
    match named {
        0 => 0.0,
        1 => 0.5,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, fits, of};
    use std::collections::HashSet;

    #[test]
    fn questions_ask_for_kinds_of_things() {
        let cases = [
            ("How many people live there?", Asked::Number),
            ("When was the bridge built?", Asked::When),
            ("What year did it open?", Asked::When),
            ("Who wrote it?", Asked::Who),
            ("In which city was he born?", Asked::Where),
            ("Why did it fail?", Asked::Why),
            ("What is osmosis?", Asked::Definition),
            ("Describe the engine", Asked::Anything),
        ];
        for (question, expected) in cases {
            assert_eq!(of(question, "eng"), expected, "{question}");
        }
        assert_eq!(of("Wer schrieb es?", "deu"), Asked::Anything);
    }

    #[test]
    fn what_the_question_names_itself_does_not_fit() {
        let question: HashSet<String> = ["when", "did", "1990", "open"].map(String::from).into();
        assert!(fits(Asked::When, "It opened in 1990.", &question) < 1.0);
        assert!(fits(Asked::When, "It opened in 1991.", &question) > 0.9);
        assert!(fits(Asked::Who, "It was built by Ada Byron.", &question) > 0.9);
        assert!(fits(Asked::Number, "It has 17 rooms.", &question) > 0.9);
    }
}
