//! Sentences: where one ends.

use std::ops::Range;

use super::language::Language;

/// Byte ranges of a text's sentences, in order, without the white space around them. Every character that is not white
/// space is in exactly one. Lines of code, list items and rows are sentences of their own.
#[must_use]
pub fn sentences(text: &str, language: Language) -> Vec<Range<usize>> {
    let mut found = Vec::with_capacity(text.len() / 80 + 1);
    let thai = matches!(&language.letters(), b"tha" | b"lao" | b"khm" | b"mya");
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut line = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let end = match byte {
            b'\n' => {
                let ends = line_ends(text, line, at);
                line = at + 1;
                if ends { Some(at + 1) } else { None }
            }
            b'.' | b'!' | b'?' => stop_ends(text, start, at, language),
            b' ' if thai && at > start + 120 => {
                let around = !bytes.get(at + 1).is_none_or(u8::is_ascii)
                    && !bytes.get(at - 1).is_none_or(u8::is_ascii);
                if around { Some(at + 1) } else { None }
            }
            0xC2..=0xEF => wide_stop(text, at),
            _ => None,
        };
        match end {
            Some(end) => {
                push(text, start, end, &mut found);
                start = end;
                at = end;
                line = line.max(if byte == b'\n' { end } else { line });
            }
            None => at += 1,
        }
    }
    push(text, start, text.len(), &mut found);
    found
}

fn push(text: &str, start: usize, end: usize, found: &mut Vec<Range<usize>>) {
    let piece = text.get(start..end).unwrap_or_default();
    let trimmed = piece.trim_start();
    let from = end - trimmed.len();
    let to = from + trimmed.trim_end().len();
    if from < to {
        found.push(from..to);
    }
}

/// Whether the line break at `at` ends a sentence; the line began at `line`.
fn line_ends(text: &str, line: usize, at: usize) -> bool {
    let current = text.get(line..at).unwrap_or_default().trim();
    let rest = text.get(at + 1..).unwrap_or_default();
    let next = rest.split('\n').next().unwrap_or_default();
    let trimmed = next.trim_start();
    if current.is_empty() || trimmed.is_empty() || starts_item(trimmed) || starts_item(current) {
        return true;
    }
    let code = |line: &str| line.ends_with(['{', '}', ';', ')', ',', '(', ':']) || line.starts_with("//");
    if code(current)
        && (next.starts_with([' ', '\t']) || code(trimmed.trim_end()) || current.ends_with([';', '{', '}']))
    {
        return true;
    }
    // A short line was not wrapped: a title, an address, a verse.
    current.chars().take(46).count() < 45 || (next.starts_with("    ") || next.starts_with('\t'))
}

/// Whether a line starts a list item, a table row, a heading or a quoted line.
fn starts_item(line: &str) -> bool {
    let mut chars = line.chars();
    match chars.next() {
        Some('•' | '◦' | '‣' | '▪' | '●' | '○' | '|' | '#' | '>') => true,
        Some('-' | '*' | '+' | '–' | '—') => chars.next() == Some(' '),
        Some('0'..='9') => {
            let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
            line.len() - rest.len() <= 3 && (rest.starts_with(". ") || rest.starts_with(") "))
        }
        _ => false,
    }
}

/// Where the sentence ends if the `.`, `!` or `?` at `at` ends it.
fn stop_ends(text: &str, start: usize, at: usize, language: Language) -> Option<usize> {
    let rest = text.get(at + 1..)?;
    let mut end = at + 1;
    for c in rest.chars() {
        match c {
            '.' | '!' | '?' | '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '“' => end += c.len_utf8(),
            _ => break,
        }
    }
    let after = text.get(end..)?;
    match after.chars().next() {
        None => return Some(end),
        Some(c) if c.is_whitespace() => {}
        // `[12]` after a full stop is a footnote; `word.Next` is a name or a number.
        Some(_) => return None,
    }
    let next = after.trim_start().chars().next();
    if text.as_bytes().get(at) != Some(&b'.') {
        // `"Really?" she asked.` goes on.
        let quoted = end > at + 1 && !after.starts_with('\n');
        return if quoted && next.is_some_and(char::is_lowercase) { None } else { Some(end) };
    }
    let before = text.get(start..at)?;
    // Tokenised text has its stops alone between spaces, and often no capitals.
    if before.ends_with(' ') {
        return Some(end);
    }
    if next.is_some_and(char::is_lowercase) {
        return None;
    }
    let word = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '“' | '\'' | '-'))
        .next()?;
    if is_abbreviation(word, before.len() == word.len(), language) { None } else { Some(end) }
}

/// Whether the full stop after `word` belongs to it.
fn is_abbreviation(word: &str, first: bool, language: Language) -> bool {
    let mut chars = word.chars();
    let (Some(initial), rest) = (chars.next(), chars.as_str()) else { return false };
    if initial.is_ascii_digit() {
        // `1.` starts a list item; German ordinals end with a full stop.
        let number = word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() <= 2;
        return number
            && (first || matches!(&language.letters(), b"deu" | b"dan" | b"nob" | b"fin" | b"ces" | b"pol"));
    }
    // Initials (`J.`) and inner stops (`U.S`, `e.g`).
    if rest.is_empty() && initial.is_alphabetic() {
        return true;
    }
    if word.contains('.') && word.split('.').all(|part| part.chars().count() <= 2) {
        return true;
    }
    let lower = word.to_lowercase();
    ABBREVIATIONS.contains(&lower.as_str())
}

/// Words that carry a full stop and are followed by a capital or a number.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "mt", "gen", "col", "capt", "lt", "sgt", "rev", "hon",
    "gov", "sen", "rep", "pres", "vs", "etc", "inc", "ltd", "co", "corp", "dept", "univ", "assn", "bros",
    "fig", "figs", "eq", "eqs", "sec", "ch", "vol", "no", "nos", "pp", "ed", "eds", "al", "cf", "ca",
    "approx", "resp", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    "bzw", "usw", "nr", "abs", "art", "hr", "fr", "str", "bspw", "vgl", "evtl", "ggf", "inkl", "mio", "mrd",
    "sog", "dipl", "ing", "mme", "mlle", "av", "env", "cie", "p.ej", "sra", "srta", "ud", "uds", "dott",
    "sig", "avv", "ecc", "núm", "tel", "г", "ул", "им", "т.д", "т.п", "т.е", "рис", "стр", "руб", "др", "пр",
];

/// Where the sentence ends if a stop of another script stands at `at`: it needs no space after it.
fn wide_stop(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let c = rest.chars().next()?;
    let open = matches!(
        c,
        '。' | '！'
            | '？'
            | '．'
            | '｡'
            | '؟'
            | '۔'
            | '।'
            | '॥'
            | '។'
            | '៕'
            | '။'
            | '։'
            | '።'
            | '…'
            | '‼'
            | '⁇'
    );
    if !open {
        return None;
    }
    if c == '…' && !rest.get(c.len_utf8()..)?.starts_with(|next: char| next.is_whitespace()) {
        return None;
    }
    let mut end = at + c.len_utf8();
    for c in text.get(end..)?.chars() {
        match c {
            '。' | '！' | '？' | '」' | '』' | '”' | '’' | '）' | '》' | '"' | '\'' | ')' => {
                end += c.len_utf8()
            }
            _ => break,
        }
    }
    Some(end)
}
