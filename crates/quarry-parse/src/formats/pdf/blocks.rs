//! Lines to blocks: headings by their size, rows of tables by their gaps, list items by their marks, paragraphs.

use super::{
    lines::Line,
    notes::Note,
    sizes::{Sizes, half_points},
    write_notes,
};
use crate::{BlockKind, ParseError, writer::Writer};

/// Writes all pages, each with its notes behind it.
pub(super) fn write(
    pages: &[Vec<Line>],
    notes: &[Vec<Note>],
    writer: &mut Writer<'_>,
) -> Result<(), ParseError> {
    let sizes = Sizes::of(pages);
    for (index, lines) in pages.iter().enumerate() {
        writer.page = u32::try_from(index + 1).ok();
        page(lines, &sizes, writer)?;
        write_notes(notes.get(index).map(Vec::as_slice).unwrap_or_default(), writer)?;
    }
    Ok(())
}

fn page(lines: &[Line], sizes: &Sizes, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        let rows = rest.iter().take_while(|line| line.cells.len() > 2).count();
        if rows > 1 {
            let table = writer.next_table();
            let members = rest.get(..rows).unwrap_or_default();
            let header = members.first().is_some_and(|line| super::super::table::is_header(&line.cells));
            for (index, line) in members.iter().enumerate() {
                writer.row(table, header && index == 0, &line.cells)?;
            }
            at += rows;
            continue;
        }
        let length = 1 + rest
            .windows(2)
            .take_while(|pair| matches!(pair, [a, b] if goes_on(a, b, line, sizes)))
            .count();
        let members = rest.get(..length).unwrap_or_default();
        writer.push(kind(members, sizes), &paragraph(members))?;
        at += length;
    }
    Ok(())
}

/// Whether `next` belongs to the paragraph of `last`, which began with `first`.
fn goes_on(last: &Line, next: &Line, first: &Line, sizes: &Sizes) -> bool {
    if last.heading != next.heading {
        return false;
    }
    if last.heading.is_some() {
        return true;
    }
    if half_points(last) != half_points(next) || last.mono != next.mono {
        return false;
    }
    if next.cells.len() > 2 || is_item(&next.text) {
        return false;
    }
    let heading = sizes.level(last).is_some();
    if !heading && last.bold != next.bold && last.text.len() < 80 {
        return false;
    }
    let step = last.base - next.base;
    let upwards = step < -last.size;
    if upwards {
        // The text goes on in the next column when its sentence does.
        return !heading
            && !ends_sentence(&last.text)
            && next.text.chars().next().is_some_and(char::is_lowercase);
    }
    if step > last.size * 1.9 {
        return false;
    }
    let indented = next.left > last.left + last.size * 0.9 && next.left > first.left + last.size * 0.9;
    let short = last.right < next.right - (next.right - next.left) * 0.25 && ends_sentence(&last.text);
    heading || !((indented && !is_item(&first.text)) || short)
}

fn kind(lines: &[Line], sizes: &Sizes) -> BlockKind {
    let Some(first) = lines.first() else { return BlockKind::Paragraph };
    if let Some((level, _)) = first.heading {
        return BlockKind::Heading(level);
    }
    let length: usize = lines.iter().map(|line| line.text.len()).sum();
    let speaks =
        lines.iter().any(|line| line.text.chars().filter(|letter| letter.is_alphabetic()).count() > 2);
    if speaks && length < 200 && first.cells.len() < 3 {
        if let Some(level) = sizes.level(first) {
            return BlockKind::Heading(level);
        }
        let alone = lines.len() == 1 && length < 100 && !first.text.ends_with(['.', ',', ';', ':']);
        if alone && first.bold && !is_bullet(&first.text) && half_points(first) >= sizes.body {
            return BlockKind::Heading(5);
        }
    }
    if is_item(&first.text) {
        BlockKind::ListItem
    } else if lines.iter().all(|line| line.mono) && lines.len() > 1 {
        BlockKind::Code
    } else {
        BlockKind::Paragraph
    }
}

/// The text of a paragraph: a word that was cut at the end of a line is one word again.
fn paragraph(lines: &[Line]) -> String {
    let mono = lines.iter().all(|line| line.mono);
    let mut text = String::new();
    for line in lines {
        let next = line.text.chars().next();
        if text.is_empty() {
        } else if mono {
            text.push('\n');
        } else if cut_word(&text, next) {
            text.pop();
        } else if !joins_directly(text.chars().next_back(), next) {
            text.push(' ');
        }
        text.push_str(&line.text);
    }
    text
}

fn cut_word(text: &str, next: Option<char>) -> bool {
    let mut last = text.chars().rev();
    let mark = last.next().is_some_and(|letter| matches!(letter, '-' | '\u{ad}' | '\u{2010}'));
    mark && last.next().is_some_and(char::is_lowercase) && next.is_some_and(char::is_lowercase)
}

/// Chinese, Japanese and Thai put no space between lines.
fn joins_directly(last: Option<char>, next: Option<char>) -> bool {
    let close = |letter: char| matches!(letter, '\u{e00}'..='\u{e7f}' | '\u{3000}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    last.is_some_and(close) && next.is_some_and(close)
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['"', '\u{201d}', '\'', '\u{2019}', ')', ']'])
        .ends_with(['.', '!', '?', ':', '。', '！', '？', '؟'])
}

fn is_bullet(text: &str) -> bool {
    text.starts_with(['•', '▪', '●', '◦', '■', '□', '‣', '∙', '·', '➢', '\u{f0b7}', '\u{f0a7}'])
        || text.starts_with("- ")
        || text.starts_with("– ")
        || text.starts_with("* ")
}

/// A bullet, or a short number or letter with a point or bracket: `3.`, `(b)`, `iv)`.
fn is_item(text: &str) -> bool {
    if is_bullet(text) {
        return true;
    }
    let Some((mark, rest)) = text.split_once(' ') else { return false };
    let inner = mark.trim_start_matches('(').trim_end_matches([')', '.']);
    let short = inner.len() <= 3 && inner != mark && !rest.is_empty();
    short
        && !inner.is_empty()
        && (inner.bytes().all(|byte| byte.is_ascii_digit())
            || (inner.len() == 1 && inner.bytes().all(|byte| byte.is_ascii_lowercase())))
}
