//! Running heads, feet and page numbers: lines at the edge of page after page that say the same.

use std::collections::HashMap;

use super::lines::Line;

/// Drops lines that stand among the outermost of their page and, apart from numbers, on a third of all pages.
pub(super) fn remove(pages: &mut [Vec<Line>]) {
    // Fewer pages show no pattern.
    const FEWEST: usize = 4;
    let written = pages.iter().filter(|lines| lines.len() > 3).count();
    if written < FEWEST {
        return;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for lines in pages.iter() {
        for index in edges(lines) {
            *seen.entry(lines.get(index).map(shape).unwrap_or_default()).or_default() += 1;
        }
    }
    for lines in pages.iter_mut() {
        let mut drop: Vec<usize> = edges(lines)
            .filter(|index| {
                lines
                    .get(*index)
                    .is_some_and(|line| seen.get(&shape(line)).is_some_and(|times| times * 3 >= written))
            })
            .collect();
        drop.sort_unstable();
        drop.dedup();
        for index in drop.into_iter().rev() {
            lines.remove(index);
        }
    }
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
