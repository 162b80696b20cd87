//! The best few of many scores.

use std::cmp::Ordering;

/// Keeps the `depth` highest scores; of equal ones those that came first.
///
/// It buffers a quarter more and throws the lowest away when full, which costs less than a heap and keeps the threshold,
/// by which the lexical leg passes over whole blocks, nearly as high.
#[derive(Debug)]
pub struct Top {
    depth: usize,
    threshold: f32,
    buffer: Vec<(f32, u32)>,
}

fn order(left: &(f32, u32), right: &(f32, u32)) -> Ordering {
    right.0.total_cmp(&left.0).then(left.1.cmp(&right.1))
}

impl Top {
    /// Room for `depth` scores, at least one.
    pub fn new(depth: usize) -> Self {
        let depth = depth.max(1);
        // A caller's depth is not trusted with memory; the buffer grows to what is really there.
        Self {
            depth,
            threshold: f32::NEG_INFINITY,
            buffer: Vec::with_capacity((depth + depth / 4 + 8).min(4_096)),
        }
    }

    /// Scores up to this one are not among the best.
    #[inline]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Takes a score in.
    #[inline]
    pub fn push(&mut self, score: f32, slot: u32) {
        if score > self.threshold {
            self.buffer.push((score, slot));
            if self.buffer.len() >= self.depth.saturating_add(self.depth / 4 + 8) {
                self.shrink();
            }
        }
    }

    #[cold]
    fn shrink(&mut self) {
        let (_, last, _) = self.buffer.select_nth_unstable_by(self.depth - 1, order);
        self.threshold = last.0;
        self.buffer.truncate(self.depth);
    }

    /// The best, highest first.
    pub fn into_sorted(mut self) -> Vec<(f32, u32)> {
        self.buffer.sort_unstable_by(order);
        self.buffer.truncate(self.depth);
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::Top;

    #[test]
    fn the_highest_stay_in_order() {
        let scores: Vec<f32> = (0..1_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) % 97) as f32).collect();
        for depth in [1, 3, 10, 2_000] {
            let mut top = Top::new(depth);
            for (slot, &score) in scores.iter().enumerate() {
                top.push(score, slot as u32);
            }
            let mut expected: Vec<(f32, u32)> = scores.iter().copied().zip(0..).collect();
            expected.sort_by(super::order);
            expected.truncate(depth);
            assert_eq!(top.into_sorted(), expected, "{depth}");
        }
    }
}
