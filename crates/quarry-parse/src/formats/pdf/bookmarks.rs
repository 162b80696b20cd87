//! Bookmarks as headings: the lines whose text a bookmark repeats.

use std::collections::BTreeMap;

use super::{lines::Line, outline::Bookmark};

/// Marks the lines that bookmarks name. Each is looked for on the page it leads to and the one behind it, since some
/// lead to the end of the page before; without a page, behind the bookmark before it.
pub(super) fn mark(pages: &mut [Vec<Line>], bookmarks: &[Bookmark]) {
    // A page that thousands of bookmarks lead to is an attack; an honest file needs a thousandth of this.
    const COMPARISONS: usize = 20_000_000;
    // Without a page, the next place is near the last one.
    const NEAR: usize = 50;
    let plain: Vec<Vec<String>> =
        pages.iter().map(|lines| lines.iter().map(|line| letters(&line.text)).collect()).collect();
    let (mut last, mut compared) = (0, 0);
    for (number, bookmark) in bookmarks.iter().enumerate() {
        let title = letters(&bookmark.title);
        if title.is_empty() {
            continue;
        }
        let places = match bookmark.page {
            Some(page) => page..page + 2,
            None => last..last + NEAR,
        };
        for page in places {
            let (Some(lines), Some(plain)) = (pages.get_mut(page), plain.get(page)) else { break };
            compared += lines.len();
            if compared > COMPARISONS {
                return;
            }
            let range = find(lines, plain, &title).or_else(|| numbered_otherwise(lines, &bookmark.title));
            if let Some(range) = range {
                for line in lines.get_mut(range).unwrap_or_default() {
                    line.heading = Some((bookmark.level.min(6), number));
                }
                last = page;
                break;
            }
        }
    }
}

/// Up to three lines that together say the title, and are no heading yet.
fn find(lines: &[Line], plain: &[String], title: &str) -> Option<std::ops::Range<usize>> {
    const LINES: usize = 3;
    (0..lines.len()).find_map(|start| {
        let mut said = String::new();
        for (length, (line, letters)) in lines.iter().zip(plain).skip(start).take(LINES).enumerate() {
            if line.heading.is_some() {
                return None;
            }
            said.push_str(letters);
            let number = said.len().checked_sub(title.len()).and_then(|at| said.get(..at));
            // "1.2 Methods" is named "Methods" in many outlines, "Chapter 1: Start" is "Start".
            let numbered = number.is_some_and(|number| {
                number.len() < 12 && (number.is_empty() || number.bytes().any(|byte| byte.is_ascii_digit()))
            });
            if said == title
                || (said.ends_with(title) && numbered)
                || (title.ends_with(&said) && is_number(title, &said))
            {
                return Some(start..start + length + 1);
            }
            if !title.contains(&said) {
                return None;
            }
        }
        None
    })
}

/// A line that says the title behind another way to write its number: "CHAPTER ONE: Creators" is named
/// "Chapter 1: Creators" or "1: Creators".
fn numbered_otherwise(lines: &[Line], title: &str) -> Option<std::ops::Range<usize>> {
    let title = bare(title)?;
    let at = lines
        .iter()
        .position(|line| line.heading.is_none() && bare(&line.text).is_some_and(|text| text == title))?;
    Some(at..at + 1)
}

/// What stands behind the colon of a short beginning.
fn bare(text: &str) -> Option<String> {
    const LONGEST_NUMBER: usize = 20;
    let (number, rest) = text.split_once(':')?;
    let rest = letters(rest);
    (number.len() <= LONGEST_NUMBER && !rest.is_empty()).then_some(rest)
}

/// Whether a title is a text with nothing but a number before it.
fn is_number(title: &str, said: &str) -> bool {
    let number = title.get(..title.len() - said.len()).unwrap_or_default();
    said.len() > 3 && number.len() < 6 && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The letters and digits of a text, all small: how bookmarks and pages agree.
fn letters(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The level that the bookmarks give each size of type, in half points; the highest where they differ.
pub(super) fn levels(pages: &[Vec<Line>], size: impl Fn(&Line) -> i32) -> BTreeMap<i32, u8> {
    let mut levels: BTreeMap<i32, u8> = BTreeMap::new();
    for line in pages.iter().flatten() {
        if let Some((level, _)) = line.heading {
            levels.entry(size(line)).and_modify(|known| *known = level.min(*known)).or_insert(level);
        }
    }
    levels
}
