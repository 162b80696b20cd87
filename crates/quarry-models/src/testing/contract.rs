//! The contract of [`Embedder`], as a suite that each implementation runs.

use std::time::Duration;

use crate::{EmbedRequest, Embedder, Purpose};

/// Texts that tend to go wrong: empty, blank, long, other scripts, odd characters, equal ones.
const TEXTS: [&str; 9] = [
    "What is the capital of France?",
    "",
    "   \n\t ",
    "Paris is the capital and most populous city of France.",
    "Die Straße nach Zürich führt durch ein enges Tal.",
    "東京は日本の首都です。 ประเทศไทย العربية",
    "e\u{301}\u{200d}\u{fffd}\u{1f600} #1 c++",
    "What is the capital of France?",
    "0123456789 0123456789 0123456789 0123456789",
];

/// Checks that an embedder keeps the contract of the trait.
///
/// # Panics
/// When it does not, with what was found.
pub async fn embedder_contract(embedder: &dyn Embedder) {
    assert!(vectors(embedder, &[]).await.is_empty(), "no texts give no vectors");
    let long = "a long text about many things and more ".repeat(200);
    let texts: Vec<&str> = TEXTS.into_iter().chain([long.as_str()]).collect();
    let together = vectors(embedder, &texts).await;
    assert_eq!(together.len(), texts.len(), "one vector for each text");
    let dimension = embedder.info().dimension;
    assert!(dimension > 0, "the dimension is known after the first answer");
    for (text, vector) in texts.iter().zip(&together) {
        assert_eq!(vector.len(), dimension, "dimension of {text:?}");
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        let zero = vector.iter().all(|value| *value == 0.0);
        assert!(zero || (norm - 1.0).abs() < 1e-3, "length {norm} of {text:?}");
    }
    assert!(close(&together, &vectors(embedder, &texts).await), "the same texts give the same vectors");
    for (text, vector) in texts.iter().zip(&together) {
        let alone = vectors(embedder, &[text]).await;
        assert!(close(&alone, std::slice::from_ref(vector)), "alone and in a batch are alike: {text:?}");
    }
    // Dropped at an arbitrary point, a call must leave the embedder usable.
    let dropped = EmbedRequest { texts: &texts, purpose: Purpose::Document };
    drop(tokio::time::timeout(Duration::from_micros(50), embedder.embed(dropped)).await);
    assert!(close(&together, &vectors(embedder, &texts).await), "a dropped call changes nothing");
    assert!(
        embedder.count_tokens(&long) > embedder.count_tokens("a long text"),
        "longer texts have more tokens"
    );
    assert_eq!(embedder.count_tokens(""), 0, "no text has no tokens");
    let weight = embedder.info().dense_weight;
    assert!((0.0..=1.0).contains(&weight), "the weight {weight} is a share");
}

async fn vectors(embedder: &dyn Embedder, texts: &[&str]) -> Vec<Vec<f32>> {
    let result = embedder.embed(EmbedRequest { texts, purpose: Purpose::Document }).await;
    assert!(result.is_ok(), "embedding failed: {result:?}");
    result.unwrap_or_default()
}

fn close(left: &[Vec<f32>], right: &[Vec<f32>]) -> bool {
    let alike = |(left, right): (&Vec<f32>, &Vec<f32>)| {
        left.len() == right.len() && left.iter().zip(right).all(|(left, right)| (left - right).abs() < 1e-4)
    };
    left.len() == right.len() && left.iter().zip(right).all(alike)
}
