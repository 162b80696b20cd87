//! Maximal marginal relevance: passages that say something new come before repetitions.

use std::collections::HashSet;

/// A ranked passage: its score, brought to 0..1 by the caller, and the stems it holds.
pub(super) struct Passage {
    pub(super) score: f32,
    pub(super) stems: HashSet<u32>,
}

/// The order in which to show the passages: each next one has the best balance of its score and its unlikeness to
/// those already chosen (Carbonell and Goldstein 1998, with the Jaccard index of stems as likeness). At most `k`.
pub(super) fn order(passages: &[Passage], diversity: f32, k: usize) -> Vec<usize> {
    let mut likeness = vec![0.0_f32; passages.len()];
    let mut left: Vec<usize> = (0..passages.len()).collect();
    let mut chosen = Vec::with_capacity(k.min(passages.len()));
    while chosen.len() < k && !left.is_empty() {
        let value = |position: usize| {
            let relevance = passages.get(position).map_or(0.0, |passage| passage.score);
            let like = likeness.get(position).copied().unwrap_or(0.0);
            (1.0 - diversity) * relevance - diversity * like
        };
        let mut best = 0;
        for (place, &position) in left.iter().enumerate() {
            if left.get(best).is_some_and(|&leader| value(position) > value(leader)) {
                best = place;
            }
        }
        let next = left.remove(best);
        chosen.push(next);
        for &position in &left {
            if let (Some(one), Some(other), Some(like)) =
                (passages.get(position), passages.get(next), likeness.get_mut(position))
            {
                *like = like.max(jaccard(&one.stems, &other.stems));
            }
        }
    }
    chosen
}

fn jaccard(one: &HashSet<u32>, other: &HashSet<u32>) -> f32 {
    let shared = one.intersection(other).count();
    let all = one.len() + other.len() - shared;
    if all == 0 { 0.0 } else { shared as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use super::{Passage, order};

    fn passage(score: f32, stems: &[u32]) -> Passage {
        Passage { score, stems: stems.iter().copied().collect() }
    }

    #[test]
    fn a_repetition_falls_behind_something_new() {
        let passages = [passage(1.0, &[1, 2, 3]), passage(0.95, &[1, 2, 3]), passage(0.7, &[7, 8, 9])];
        assert_eq!(order(&passages, 0.5, 3), [0, 2, 1]);
    }

    #[test]
    fn without_diversity_the_order_is_kept() {
        let passages = [passage(1.0, &[1]), passage(0.9, &[1]), passage(0.1, &[2])];
        assert_eq!(order(&passages, 0.0, 2), [0, 1]);
    }
}
