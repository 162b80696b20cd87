//! Vertical writing: each column is a line, and the columns go from the right to the left.

use pdf_oxide::layout::{TextChar, TextSpan};

use super::{glyphs::plain, lines::Line};

/// Whether most of a page is written downwards.
pub(super) fn is_vertical(spans: &[TextSpan]) -> bool {
    spans.iter().filter(|span| span.wmode == 1).count() * 2 > spans.len()
}

/// The lines of a page from its characters. Its spans are of no use: the reader takes their length for a width and
/// loses those that would reach over the edge.
pub(super) fn lines(mut letters: Vec<TextChar>) -> Vec<Line> {
    letters.retain(|letter| {
        letter.bbox.x.is_finite() && letter.bbox.y.is_finite() && !letter.char.is_whitespace()
    });
    letters.sort_by(|a, b| b.bbox.y.total_cmp(&a.bbox.y));
    let mut lines = Vec::new();
    let mut rest = letters.as_slice();
    while let Some(first) = rest.first() {
        // A strip without any letter across the page ends a band; what is below is read after it.
        let gap = first.font_size.max(1.0) * 2.5;
        let length = 1 + rest
            .windows(2)
            .take_while(|pair| matches!(pair, [a, b] if a.bbox.y - b.bbox.y < gap))
            .count();
        let (band, below) = rest.split_at(length.min(rest.len()));
        lines.extend(columns(band));
        rest = below;
    }
    lines
}

fn columns(band: &[TextChar]) -> Vec<Line> {
    let mut letters: Vec<&TextChar> = band.iter().collect();
    letters.sort_by(|a, b| b.bbox.x.total_cmp(&a.bbox.x));
    let mut columns: Vec<Vec<&TextChar>> = Vec::new();
    let mut place = f32::INFINITY;
    for letter in letters {
        let near = (place - letter.bbox.x).abs() < letter.font_size.max(1.0) * 0.5;
        match columns.last_mut().filter(|_| near) {
            Some(column) => column.push(letter),
            None => {
                place = letter.bbox.x;
                columns.push(vec![letter]);
            }
        }
    }
    columns.into_iter().map(|column| line(column)).collect()
}

fn line(mut column: Vec<&TextChar>) -> Line {
    column.sort_by(|a, b| b.bbox.y.total_cmp(&a.bbox.y));
    let text: String = column.iter().map(|letter| letter.char).collect();
    let text = plain(text);
    let (base, size) = column.first().map_or((0.0, 1.0), |first| (first.bbox.x, first.font_size.max(1.0)));
    // Seen with the head turned: columns are lines below each other.
    Line { cells: vec![text.clone()], text, base, size, right: 100.0, ..Line::default() }
}
