//! The reading order of a page: rows from the top, except where text stands in columns.

use pdf_oxide::layout::TextSpan;

/// Spans on about the same baseline, from the left.
pub(super) type Row = Vec<TextSpan>;

/// Spans as rows in reading order.
pub(super) fn rows(spans: Vec<TextSpan>) -> Vec<Row> {
    // Columns inside columns: a newspaper page has three or four side by side.
    const DEEPEST: usize = 3;
    order(by_baseline(spans), DEEPEST)
}

fn by_baseline(mut spans: Vec<TextSpan>) -> Vec<Row> {
    spans.sort_by(|a, b| b.bbox.y.total_cmp(&a.bbox.y));
    let mut top = f32::INFINITY;
    let mut rows: Vec<Row> = Vec::new();
    for span in spans {
        if span.bbox.y < top - span.font_size.max(1.0) * 0.5 || rows.is_empty() {
            top = span.bbox.y;
            rows.push(Row::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push(span);
        }
    }
    rows.iter_mut().for_each(|row| row.sort_by(|a, b| a.bbox.x.total_cmp(&b.bbox.x)));
    rows
}

/// A part of a row without wide gaps.
struct Segment {
    left: f32,
    right: f32,
    letters: usize,
}

fn segments(row: &Row) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for span in row.iter().filter(|span| !span.text.trim().is_empty()) {
        let (left, right) = (span.bbox.x, span.bbox.x + span.bbox.width);
        let letters = span.text.chars().filter(|letter| letter.is_alphabetic()).count();
        match segments.last_mut() {
            Some(last) if left - last.right < span.font_size.max(1.0) * 0.9 => {
                last.right = last.right.max(right);
                last.letters += letters;
            }
            _ => segments.push(Segment { left, right, letters }),
        }
    }
    segments
}

/// Which side of a gutter a row is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Both,
    /// Text runs across the gutter.
    Across,
}

fn side(segments: &[Segment], gutter: f32) -> Side {
    let left = segments.iter().any(|segment| segment.left < gutter);
    let right = segments.iter().any(|segment| segment.right > gutter);
    if segments.iter().any(|segment| segment.left < gutter - 1.0 && segment.right > gutter + 1.0) {
        Side::Across
    } else if left && right {
        Side::Both
    } else if left {
        Side::Left
    } else {
        Side::Right
    }
}

fn order(rows: Vec<Row>, depth: usize) -> Vec<Row> {
    let Some(gutter) = gutter(&rows).filter(|_| depth > 0) else { return rows };
    let mut ordered = Vec::with_capacity(rows.len());
    let mut band: Vec<Row> = Vec::new();
    for row in rows {
        if side(&segments(&row), gutter) == Side::Across {
            flush(&mut band, gutter, depth, &mut ordered);
            ordered.push(row);
        } else {
            band.push(row);
        }
    }
    flush(&mut band, gutter, depth, &mut ordered);
    ordered
}

/// The fewest rows on each side that make columns.
const FEWEST: usize = 3;

/// Writes the rows between two that run across: the left column, then the right one.
fn flush(band: &mut Vec<Row>, gutter: f32, depth: usize, ordered: &mut Vec<Row>) {
    let rows = std::mem::take(band);
    let count = |wanted: Side| {
        rows.iter()
            .filter(
                |row| matches!(side(&segments(row), gutter), found if found == wanted || found == Side::Both),
            )
            .count()
    };
    if count(Side::Left) < FEWEST || count(Side::Right) < FEWEST {
        ordered.extend(rows);
        return;
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in rows {
        let (a, b): (Row, Row) =
            row.into_iter().partition(|span| span.bbox.x + span.bbox.width / 2.0 < gutter);
        left.extend(Some(a).filter(|row| !row.is_empty()));
        right.extend(Some(b).filter(|row| !row.is_empty()));
    }
    ordered.extend(order(left, depth - 1));
    ordered.extend(order(right, depth - 1));
}

/// The left edge of the right column, where there is one: many rows start there and little runs across, and both
/// sides are running text. Cells of tables are shorter.
fn gutter(rows: &[Row]) -> Option<f32> {
    const ROWS: usize = 5;
    if rows.len() < ROWS {
        return None;
    }
    let rows: Vec<Vec<Segment>> = rows.iter().map(segments).collect();
    // Edges that differ by less than this many points are one.
    const BIN: f32 = 3.0;
    let mut starts: std::collections::BTreeMap<i32, usize> = std::collections::BTreeMap::new();
    for segment in rows.iter().flatten() {
        *starts.entry((segment.left / BIN).floor() as i32).or_default() += 1;
    }
    let edges =
        starts.iter().filter(|(bin, count)| **count + starts.get(&(**bin + 1)).copied().unwrap_or(0) >= ROWS);
    edges
        .map(|(bin, _)| *bin as f32 * BIN - 1.0)
        .map(|edge| (columns(&rows, edge), edge))
        .filter(|(score, _)| *score >= ROWS)
        .max_by_key(|(score, _)| *score)
        .map(|(_, edge)| edge)
}

/// How many rows of running text stand side by side at an edge.
fn columns(rows: &[Vec<Segment>], edge: f32) -> usize {
    const LETTERS: usize = 12;
    let mut score = 0;
    for band in rows.split(|row| side(row, edge) == Side::Across) {
        let mut counts = [(0_usize, 0_usize, 0_usize); 2];
        for row in band {
            for (index, count) in counts.iter_mut().enumerate() {
                let mut here =
                    row.iter().filter(|segment| (segment.left >= edge - 1.0) == (index == 1)).peekable();
                count.0 += usize::from(here.peek().is_some());
                for segment in here {
                    count.1 += 1;
                    count.2 += segment.letters;
                }
            }
        }
        let prose =
            counts.iter().all(|(rows, segments, letters)| *rows >= FEWEST && *letters >= segments * LETTERS);
        if prose {
            score += counts.iter().map(|(rows, ..)| *rows).min().unwrap_or_default();
        }
    }
    score
}
