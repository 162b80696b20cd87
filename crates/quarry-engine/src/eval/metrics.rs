//! The measures of the field, over one ranked list of document ids without repetitions.

use std::collections::HashMap;

/// Normalised discounted cumulative gain with linear gain, over the first `k`.
pub(super) fn ndcg(ranked: &[&str], gains: &HashMap<String, f64>, k: usize) -> f64 {
    let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let found: f64 = ranked
        .iter()
        .take(k)
        .enumerate()
        .map(|(place, id)| gains.get(*id).copied().unwrap_or(0.0) * discount(place))
        .sum();
    let mut ideal: Vec<f64> = gains.values().copied().collect();
    ideal.sort_by(|one, other| other.total_cmp(one));
    let best: f64 = ideal.iter().take(k).enumerate().map(|(place, gain)| gain * discount(place)).sum();
    if best > 0.0 { found / best } else { 0.0 }
}

/// Share of the relevant documents among the first `k`.
pub(super) fn recall(ranked: &[&str], gains: &HashMap<String, f64>, k: usize) -> f64 {
    let found = ranked.iter().take(k).filter(|id| gains.contains_key(**id)).count();
    if gains.is_empty() { 0.0 } else { found as f64 / gains.len() as f64 }
}

/// One over the place of the first relevant document among the first `k`, or 0.
pub(super) fn reciprocal_rank(ranked: &[&str], gains: &HashMap<String, f64>, k: usize) -> f64 {
    ranked
        .iter()
        .take(k)
        .position(|id| gains.contains_key(*id))
        .map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
}

/// Whether a text holds one of the gold answers, apart from case, punctuation and spacing.
pub(super) fn holds(text: &str, answers: &[String]) -> bool {
    let text = plain(text);
    answers
        .iter()
        .map(|answer| plain(answer))
        .any(|answer| !answer.trim().is_empty() && text.contains(&answer))
}

/// Lower case, with everything but letters and digits as one space, and a space at both ends, so that whole words
/// are compared.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    plain.push(' ');
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            plain.extend(letter.to_lowercase());
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    if !plain.ends_with(' ') {
        plain.push(' ');
    }
    plain
}

/// The value below which a share of the sorted values lies.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::{holds, ndcg, percentile, recall, reciprocal_rank};
    use std::collections::HashMap;

    fn gains(pairs: &[(&str, f64)]) -> HashMap<String, f64> {
        pairs.iter().map(|(id, gain)| ((*id).to_owned(), *gain)).collect()
    }

    #[test]
    fn measures_agree_with_hand_computed_values() {
        let gains = gains(&[("a", 2.0), ("b", 1.0)]);
        let ranked = ["x", "a", "b"];
        let expected = (2.0 / 3.0_f64.log2() + 1.0 / 4.0_f64.log2()) / (2.0 + 1.0 / 3.0_f64.log2());
        assert!((ndcg(&ranked, &gains, 10) - expected).abs() < 1e-12);
        assert!((ndcg(&["a", "b"], &gains, 10) - 1.0).abs() < 1e-12);
        assert!((recall(&ranked, &gains, 2) - 0.5).abs() < 1e-12);
        assert!((reciprocal_rank(&ranked, &gains, 10) - 0.5).abs() < 1e-12);
        assert!(reciprocal_rank(&ranked, &gains, 1).abs() < 1e-12);
    }

    #[test]
    fn an_answer_is_held_by_whole_words() {
        let answers = ["US$3".to_owned()];
        assert!(holds("it rose from us $3, per barrel", &answers));
        assert!(!holds("it rose from US$30", &answers));
        assert!(!holds("anything", &[String::new()]));
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        assert!((percentile(&[1.0, 2.0, 3.0, 4.0], 0.5) - 2.0).abs() < 1e-12);
        assert!((percentile(&[1.0, 2.0, 3.0, 4.0], 0.99) - 4.0).abs() < 1e-12);
        assert!(percentile(&[], 0.5).abs() < 1e-12);
    }
}
