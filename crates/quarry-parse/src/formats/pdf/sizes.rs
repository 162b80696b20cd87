//! Sizes of type: which one is running text, and which ones are headings of which level.

use std::collections::BTreeMap;

use super::{bookmarks, lines::Line};

/// Sizes in half points: different enough to see, equal enough to count.
pub(super) type Size = i32;

/// The size of running text and the sizes of headings.
pub(super) struct Sizes {
    pub body: Size,
    headings: Vec<Size>,
    /// The level of each size that bookmarks name lines of.
    known: BTreeMap<Size, u8>,
}

pub(super) fn half_points(line: &Line) -> Size {
    (line.size * 2.0).round() as Size
}

impl Sizes {
    pub fn of(pages: &[Vec<Line>]) -> Self {
        let mut letters: BTreeMap<Size, usize> = BTreeMap::new();
        for line in pages.iter().flatten() {
            *letters.entry(half_points(line)).or_default() += line.text.len();
        }
        let body = letters.iter().max_by_key(|(_, count)| **count).map_or(20, |(size, _)| *size);
        // A heading is clearly larger than the text.
        let headings = letters.into_keys().rev().filter(|size| *size * 100 >= body * 115).collect();
        Self { body, headings, known: bookmarks::levels(pages, half_points) }
    }

    /// The level of a heading from 1 to 6: what bookmarks say of its size or the next larger one, else the rank of its
    /// size, from 1 to 4.
    pub fn level(&self, line: &Line) -> Option<u8> {
        let size = half_points(line);
        let rank = self.headings.iter().position(|heading| *heading == size)?;
        if let Some((known, level)) = self.known.range(size..).next() {
            return Some(if *known == size { *level } else { (level + 1).min(6) });
        }
        let levels = self.headings.len().min(4);
        // Many sizes are squeezed into four levels.
        let level = if self.headings.len() <= 4 { rank } else { rank * levels / self.headings.len() };
        u8::try_from(level + 1).ok()
    }
}
