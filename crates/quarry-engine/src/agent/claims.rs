//! The sentences of an answer and the numbers that each cites.

use std::ops::Range;

use quarry_index::analyzer;

/// A mark in an answer, `[1]`, `[1, 2]` or `[1-3]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Where it stands, in bytes.
    pub(crate) range: Range<usize>,
    /// The numbers, in order.
    pub(crate) numbers: Vec<u32>,
}

/// A sentence of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Where it stands, in bytes, its marks included.
    pub(crate) range: Range<usize>,
    /// The numbers it cites, each once.
    pub(crate) numbers: Vec<u32>,
}

/// Most numbers that one range stands for: `[1-900]` is no citation.
const WIDEST: u32 = 20;

/// Every mark of a text. Code and links are passed over.
pub(crate) fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut fence: Option<&str> = None;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(tick) = ["```", "`"].into_iter().find(|tick| rest.starts_with(tick)) {
            fence = match fence {
                Some(open) if open == tick => None,
                Some(open) => Some(open),
                // A single back tick that is never closed is no code.
                None if rest.get(tick.len()..).is_some_and(|after| after.contains(tick)) => Some(tick),
                None => None,
            };
            at += tick.len();
            continue;
        }
        if fence.is_none()
            && let Some(length) = bracket(rest)
            && let Some(numbers) = rest.get(1..length - 1).and_then(numbers)
        {
            found.push(Mark { range: at..at + length, numbers });
            at += length;
            continue;
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    found
}

/// The length of a bracket with something short in it, which is no link.
fn bracket(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('[')?;
    let end = inside.find(']').filter(|end| *end <= 64)?;
    let linked = inside.get(end + 1..).is_some_and(|after| after.starts_with('('));
    if linked { None } else { Some(end + 2) }
}

fn numbers(inside: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in inside.split([',', ';']) {
        let part = part.trim().trim_start_matches('^');
        match part.split_once(['-', '\u{2013}']) {
            None => numbers.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first || last - first >= WIDEST {
                    return None;
                }
                numbers.extend(first..=last);
            }
        }
    }
    Some(numbers)
}

fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let plain = !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// A text without the numbers that `known` refuses; a mark that has none left goes with the space before it.
pub(crate) fn cleaned(text: &str, known: impl Fn(u32) -> bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut end = 0;
    for mark in marks(text) {
        clean.push_str(text.get(end..mark.range.start).unwrap_or_default());
        let kept: Vec<String> =
            mark.numbers.iter().filter(|number| known(**number)).map(ToString::to_string).collect();
        if kept.len() == mark.numbers.len() {
            clean.push_str(text.get(mark.range.clone()).unwrap_or_default());
        } else if kept.is_empty() {
            clean.truncate(clean.trim_end_matches(' ').len());
        } else {
            clean.push('[');
            clean.push_str(&kept.join(", "));
            clean.push(']');
        }
        end = mark.range.end;
    }
    clean.push_str(text.get(end..).unwrap_or_default());
    clean.trim().to_owned()
}

/// The sentences of an answer. A mark that stands behind a sentence's full stop belongs to that sentence.
pub(crate) fn claims(text: &str) -> Vec<Claim> {
    let marks = marks(text);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for mut range in analyzer::sentences(text, analyzer::detect(text)) {
        loop {
            let sentence = text.get(range.clone()).unwrap_or_default();
            range.start += sentence.len() - sentence.trim_start().len();
            let Some(mark) = marks.iter().find(|mark| mark.range.start == range.start) else { break };
            let Some(before) = ranges.last_mut() else { break };
            let between = text.get(before.end..mark.range.start).unwrap_or_default();
            if between.contains('\n') {
                break;
            }
            before.end = mark.range.end;
            range.start = mark.range.end.min(range.end);
        }
        let says = text.get(range.clone()).unwrap_or_default().chars().any(char::is_alphanumeric);
        if says {
            ranges.push(range);
        }
    }
    let cited = |range: Range<usize>| {
        let mut numbers: Vec<u32> = Vec::new();
        for mark in marks.iter().filter(|mark| range.contains(&mark.range.start)) {
            numbers.extend(
                mark.numbers.iter().filter(|number| !numbers.contains(number)).copied().collect::<Vec<_>>(),
            );
        }
        Claim { range, numbers }
    };
    ranges.into_iter().map(cited).collect()
}

/// A claim's words without its marks.
pub(crate) fn words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut end = 0;
    for mark in marks(text) {
        plain.push_str(text.get(end..mark.range.start).unwrap_or_default());
        end = mark.range.end;
    }
    plain.push_str(text.get(end..).unwrap_or_default());
    plain
}

#[cfg(test)]
mod tests {
    use super::{claims, cleaned, marks, words};

    #[test]
    fn marks_are_read_in_every_form() {
        let numbers = |text: &str| marks(text).into_iter().map(|mark| mark.numbers).collect::<Vec<_>>();
        assert_eq!(
            numbers("a [1]. b[2][3] c [4, 5;6] d [1-3] e [7\u{2013}8]"),
            [vec![1], vec![2], vec![3], vec![4, 5, 6], vec![1, 2, 3], vec![7, 8]]
        );
        for text in [
            "[a]",
            "[]",
            "[1](http://x)",
            "`x[0]`",
            "```\nx[1]\n```",
            "[1-900]",
            "[3-1]",
            "[1 2]",
            "[-1]",
            "[",
        ] {
            assert_eq!(numbers(text), Vec::<Vec<u32>>::new(), "{text}");
        }
        assert_eq!(numbers("an open ` tick [1]"), [vec![1]]);
    }

    #[test]
    fn numbers_that_were_not_retrieved_are_taken_out() {
        let known = |number: u32| number <= 2;
        assert_eq!(
            cleaned("One [1]. Two [9]. Three [2, 9]. Four [1-3].", known),
            "One [1]. Two. Three [2]. Four [1, 2]."
        );
        assert_eq!(cleaned("All [7]", known), "All");
    }

    #[test]
    fn a_mark_behind_the_full_stop_belongs_to_its_sentence() {
        let text = "One thing is so. [1] Another is not [2]. A third.\n- [3] listed item\n";
        let found: Vec<_> =
            claims(text).into_iter().map(|claim| (text[claim.range].to_owned(), claim.numbers)).collect();
        let expected = [
            ("One thing is so. [1]".to_owned(), vec![1]),
            ("Another is not [2].".to_owned(), vec![2]),
            ("A third.".to_owned(), vec![]),
            ("- [3] listed item".to_owned(), vec![3]),
        ];
        assert_eq!(found, expected);
        assert_eq!(words("One [1] and two [2]."), "One  and two .");
    }
}
