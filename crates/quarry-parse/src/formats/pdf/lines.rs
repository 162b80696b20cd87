//! Spans of text to lines.

use pdf_oxide::layout::TextSpan;

use super::{columns, glyphs};

/// One line of a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub text: String,
    /// Parts between wide gaps: more than two make a table row.
    pub cells: Vec<String>,
    pub left: f32,
    pub right: f32,
    /// The baseline, in points from the bottom of the page.
    pub base: f32,
    pub size: f32,
    pub bold: bool,
    pub mono: bool,
    /// The level and number of the bookmark that names it.
    pub heading: Option<(u8, usize)>,
}

/// Joins the spans of a page to lines in reading order.
pub(super) fn join(mut spans: Vec<TextSpan>) -> Vec<Line> {
    spans.retain(|span| !span.text.is_empty() && span.bbox.x.is_finite() && span.bbox.y.is_finite());
    let mut spans = glyphs::split(spans);
    upright(&mut spans);
    unreverse(&mut spans);
    columns::rows(spans).into_iter().filter_map(line).collect()
}

/// Turns the places of spans that are written up, down or upside down, when they are most of the page. A span's
/// width is along its writing already.
fn upright(spans: &mut [TextSpan]) {
    let quarter = |degrees: f32| (degrees / 90.0).round() as i32 & 3;
    let mut counts = [0_usize; 4];
    for span in spans.iter() {
        if let Some(count) = counts.get_mut(quarter(span.rotation_degrees) as usize) {
            *count += span.text.len();
        }
    }
    let most = (0..4).max_by_key(|turn| counts.get(*turn).copied().unwrap_or_default()).unwrap_or(0);
    for span in spans.iter_mut() {
        let (x, y) = (span.bbox.x, span.bbox.y);
        (span.bbox.x, span.bbox.y) = match most {
            1 => (y, -x),
            2 => (-x, -y),
            3 => (-y, x),
            _ => (x, y),
        };
    }
}

/// Arabic and Hebrew spans that a producer stored in the order of the glyphs on the page are turned round. Their
/// words give them away: the article at the end, or a letter that only ends words at the start.
fn unreverse(spans: &mut [TextSpan]) {
    for span in spans.iter_mut().filter(|span| is_rtl(&span.text)) {
        let balance: i32 = span
            .text
            .split(|letter: char| !letter.is_alphabetic())
            .map(|word| {
                let finals = ['ة', 'ى', 'ך', 'ם', 'ן', 'ף', 'ץ'];
                let wrong = word.starts_with(finals) || word.ends_with("لا");
                let right = word.ends_with(finals) || word.starts_with("ال");
                i32::from(wrong) - i32::from(right)
            })
            .sum();
        if balance > 0 {
            span.text = reversed(&span.text);
        }
    }
}

/// A text from its end, apart from numbers and Latin words, which stay as they are.
fn reversed(text: &str) -> String {
    let mut out: Vec<char> = text.chars().rev().collect();
    for run in out.chunk_by_mut(|a, b| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric()) {
        if run.first().is_some_and(char::is_ascii_alphanumeric) {
            run.reverse();
        }
    }
    out.into_iter().collect()
}

fn line(mut spans: Vec<TextSpan>) -> Option<Line> {
    let first = spans.first()?;
    let letters = |wanted: fn(&TextSpan) -> bool| -> usize {
        spans.iter().filter(|span| wanted(span)).map(|span| span.text.trim().len()).sum()
    };
    let (all, bold, mono) =
        (letters(|_| true), letters(|span| span.font_weight.is_bold()), letters(|span| span.is_monospace));
    if all == 0 {
        return None;
    }
    let mut line = Line {
        left: first.bbox.x,
        base: first.bbox.y,
        size: size(&spans),
        bold: bold * 10 > all * 9,
        mono: mono * 10 > all * 9,
        ..Line::default()
    };
    let rtl = spans.iter().map(|span| rtl_balance(&span.text)).sum::<isize>() > 0;
    if rtl {
        right_to_left(&mut spans);
    }
    let mut cell = String::new();
    let mut last: Option<&TextSpan> = None;
    for span in &spans {
        line.left = line.left.min(span.bbox.x);
        line.right = line.right.max(span.bbox.x + span.bbox.width);
        if let Some(last) = last {
            let gap = if rtl {
                last.bbox.x - span.bbox.x - span.bbox.width
            } else {
                span.bbox.x - last.bbox.x - last.bbox.width
            };
            if gap > line.size * 1.6 {
                line.cells.push(std::mem::take(&mut cell).trim().to_owned());
            } else if gap > line.size * 0.15 && !cell.ends_with(' ') && !span.text.starts_with(' ') {
                cell.push(' ');
            }
        }
        cell.push_str(&span.text);
        last = Some(span);
    }
    line.cells.push(cell.trim().to_owned());
    line.cells = line.cells.into_iter().map(glyphs::plain).map(glyphs::spoken).collect();
    line.cells.retain(|cell| !cell.is_empty());
    line.text = line.cells.join(" ");
    (!line.text.is_empty()).then_some(line)
}

/// The size most letters of a line have.
fn size(spans: &[TextSpan]) -> f32 {
    spans.iter().max_by_key(|span| span.text.trim().len()).map_or(1.0, |span| span.font_size.max(1.0))
}

/// Puts the spans of a right-to-left line into the order they are read: from the right, with numbers and Latin
/// words among them from the left.
fn right_to_left(spans: &mut [TextSpan]) {
    spans.sort_by(|a, b| b.bbox.x.total_cmp(&a.bbox.x));
    let mut start = 0;
    while start < spans.len() {
        let ltr = |span: &TextSpan| is_ltr(&span.text);
        let length = spans.get(start..).unwrap_or_default().iter().take_while(|span| ltr(span)).count();
        if let Some(run) = spans.get_mut(start..start + length) {
            run.reverse();
        }
        start += length.max(1);
    }
}

fn rtl_balance(text: &str) -> isize {
    text.chars()
        .map(|letter| match letter {
            '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => 1,
            _ if letter.is_alphabetic() => -1,
            _ => 0,
        })
        .sum()
}

fn is_rtl(text: &str) -> bool {
    rtl_balance(text) > 0
}

fn is_ltr(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric) && rtl_balance(text) <= 0
}
