//! Running heads, feet and page numbers: lines at the edge of page after page that say the same.

use std::collections::HashMap;

use super::lines::Line;

/// Drops lines that stand among the outermost of their page and say the same, apart from numbers, on a third of all
/// pages, or on page after page of a part: the heads of chapters change.
pub(super) fn remove(pages: &mut [Vec<Line>]) {
    // Fewer pages show no pattern.
    const FEWEST: usize = 4;
    let written = pages.iter().filter(|lines| lines.len() > 3).count();
    if written < FEWEST {
        return;
    }
    let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
    for (page, lines) in pages.iter().enumerate() {
        for index in edges(lines) {
            seen.entry(lines.get(index).map(shape).unwrap_or_default()).or_default().push(page);
        }
    }
    for (page, lines) in pages.iter_mut().enumerate() {
        let mut drop: Vec<usize> = edges(lines)
            .filter(|index| {
                let places = lines.get(*index).and_then(|line| seen.get(&shape(line)));
                places.is_some_and(|places| places.len() * 3 >= written || runs_on(places, page))
            })
            .collect();
        drop.sort_unstable();
        drop.dedup();
        for index in drop.into_iter().rev() {
            lines.remove(index);
        }
    }
}

/// Whether a line that stands on these pages runs over the pages around one: several times, with no more than a few
/// pages without it between.
fn runs_on(places: &[usize], page: usize) -> bool {
    const FEWEST: usize = 4;
    // Left and right pages have heads of their own, and a picture may fill a page.
    const FAR: usize = 4;
    let at = places.partition_point(|place| *place < page);
    let before = places.get(..at).unwrap_or_default();
    let behind = places.get(at..).unwrap_or_default();
    let close = |pair: &[usize]| matches!(pair, [a, b] if a.abs_diff(*b) <= FAR);
    let near = |place: Option<&usize>| place.is_some_and(|place| place.abs_diff(page) <= FAR);
    let after =
        if near(behind.first()) { 1 + behind.windows(2).take_while(|pair| close(pair)).count() } else { 0 };
    let ahead = if near(before.last()) {
        1 + before.windows(2).rev().take_while(|pair| close(pair)).count()
    } else {
        0
    };
    after + ahead >= FEWEST
}

/// The places of the two highest and two lowest lines.
fn edges(lines: &[Line]) -> impl Iterator<Item = usize> + use<> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let base = |index: &usize| lines.get(*index).map_or(0.0, |line| line.base);
    order.sort_by(|a, b| base(b).total_cmp(&base(a)));
    let count = order.len();
    // Short pages would lose what they have to say.
    let each = if count > 3 { 2.min(count / 3) } else { 0 };
    order
        .into_iter()
        .enumerate()
        .filter(move |(rank, _)| *rank < each || *rank + each >= count)
        .map(|(_, index)| index)
}

/// A line with its numbers blotted out, Roman ones only when they stand alone.
fn shape(line: &Line) -> String {
    let roman = !line.text.is_empty() && line.text.chars().all(|letter| "ivxlcIVXLC".contains(letter));
    if roman {
        return "#".to_owned();
    }
    let mut shape = String::new();
    for letter in line.text.chars() {
        match letter {
            '0'..='9' if shape.ends_with('#') => {}
            '0'..='9' => shape.push('#'),
            _ => shape.push(letter),
        }
    }
    shape
}
