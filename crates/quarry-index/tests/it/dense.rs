//! The faster ways through the vectors find nearly what comparing all of them finds.

use std::{collections::HashSet, time::Duration};

use quarry_core::{DocumentId, Filter, Scope, filter::Comparison};
use quarry_index::{Index, IndexSettings, Search, testing::contract};

use crate::support::{Local, Random};

const DEPTH: usize = 100;

pub async fn fill(local: &Local, scope: &Scope, vectors: &[Vec<f32>], sequence: u64) {
    let document = DocumentId::new();
    let chunks = vectors.iter().enumerate().map(|(place, vector)| {
        let key = sequence * 1_000_000 + place as u64;
        let chunk = contract::chunk(key, document, &[1], Some(vector));
        contract::with_field(chunk, "part", if place % 3 == 0 { "third" } else { "rest" })
    });
    local.index.apply(scope, contract::adding(sequence, chunks.collect())).await.unwrap();
    local.index.commit(scope).await.unwrap();
}

async fn dense(local: &Local, scope: &Scope, vector: &[f32], filter: Option<&Filter>) -> HashSet<u64> {
    let search = Search { stems: &[], vector: Some(vector), filter, depth: DEPTH, terms: true };
    local.index.search(scope, search).await.unwrap().items.iter().map(|item| item.key).collect()
}

/// The share of the true best that is found, over all questions.
pub async fn recall(
    exact: &Local,
    fast: &Local,
    scope: &Scope,
    questions: &[Vec<f32>],
    filter: Option<&Filter>,
) -> f64 {
    let (mut found, mut all) = (0, 0);
    for question in questions {
        let truth = dense(exact, scope, question, filter).await;
        found += dense(fast, scope, question, filter).await.intersection(&truth).count();
        all += truth.len();
    }
    found as f64 / all as f64
}

/// Clustered, as texts are: topics, and texts around them.
fn texts(random: &mut Random, count: usize) -> Vec<Vec<f32>> {
    let topics: Vec<Vec<f32>> = (0..200).map(|_| random.vector(256)).collect();
    (0..count)
        .map(|_| {
            let topic = &topics[random.below(200) as usize];
            random.around(topic, 1.2)
        })
        .collect()
}

pub fn third() -> Filter {
    Filter::Eq(Comparison { field: "part".to_owned(), value: "third".into() })
}

#[tokio::test]
async fn the_screen_loses_little() {
    let (mut random, scope) = (Random(21), contract::scope());
    let vectors = texts(&mut random, 6_000);
    let questions: Vec<Vec<f32>> =
        vectors.iter().step_by(200).map(|vector| random.around(vector, 0.8)).collect();
    let exact = Local::new(IndexSettings::default());
    let fast = Local::new(IndexSettings { screen_from: 500, ..IndexSettings::default() });
    for local in [&exact, &fast] {
        for (sequence, part) in (1..).zip(vectors.chunks(2_500)) {
            fill(local, &scope, part, sequence).await;
        }
    }
    let all = recall(&exact, &fast, &scope, &questions, None).await;
    let some = recall(&exact, &fast, &scope, &questions, Some(&third())).await;
    assert!(all > 0.97 && some > 0.97, "recall {all:.3}, filtered {some:.3}");
}

#[tokio::test]
async fn the_graph_loses_little_and_newer_vectors_are_found() {
    let (mut random, scope) = (Random(22), contract::scope());
    let vectors = texts(&mut random, 4_000);
    let questions: Vec<Vec<f32>> =
        vectors.iter().step_by(150).map(|vector| random.around(vector, 0.8)).collect();
    let exact = Local::new(IndexSettings::default());
    let settings = IndexSettings { screen_from: 100, hnsw_from: 1_000, ..IndexSettings::default() };
    let mut fast = Local::new(settings);
    for local in [&exact, &fast] {
        fill(local, &scope, &vectors[..3_500], 1).await;
    }
    wait_for_graph(&fast, &scope).await;
    for local in [&exact, &fast] {
        fill(local, &scope, &vectors[3_500..], 2).await;
    }
    for reopened in [false, true] {
        if reopened {
            fast.reopen().await;
        }
        let all = recall(&exact, &fast, &scope, &questions, None).await;
        let some = recall(&exact, &fast, &scope, &questions, Some(&third())).await;
        assert!(all > 0.95 && some > 0.95, "recall {all:.3}, filtered {some:.3}, reopened: {reopened}");
        let newest = dense(&fast, &scope, &vectors[3_999], None).await;
        assert!(newest.contains(&2_000_499), "a vector that is not in the graph is found");
    }
}

#[tokio::test]
async fn without_its_graph_a_shard_answers_and_builds_it_again() {
    let (mut random, scope) = (Random(23), contract::scope());
    let vectors = texts(&mut random, 1_500);
    let settings = IndexSettings { screen_from: 100, hnsw_from: 1_000, ..IndexSettings::default() };
    let mut local = Local::new(settings);
    fill(&local, &scope, &vectors, 1).await;
    for damage in ["remove", "shorten"] {
        let graph = wait_for_graph(&local, &scope).await;
        local.index.close().await;
        if damage == "remove" {
            std::fs::remove_file(&graph).unwrap();
        } else {
            std::fs::OpenOptions::new().write(true).open(&graph).unwrap().set_len(5_000).unwrap();
        }
        local.reopen().await;
        let found = dense(&local, &scope, &vectors[7], None).await;
        assert!(found.contains(&1_000_007));
    }
    wait_for_graph(&local, &scope).await;
}

/// The graph is built by a thread of its own; its file is the sign that it is done.
async fn wait_for_graph(local: &Local, scope: &Scope) -> std::path::PathBuf {
    for _ in 0..3_000 {
        let found = std::fs::read_dir(local.shard(scope))
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|ending| ending == "graph"));
        if let Some(path) = found {
            // Saved and renamed; the shard takes it up right after.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return path;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no graph was built");
}
