//! The contract of [`Index`] as a suite that every engine runs.

// Reason: this is test code that other crates' tests call; a failed step is a failed test.
#![allow(clippy::expect_used)]

use std::sync::Arc;

use async_trait::async_trait;
use quarry_core::{CollectionId, DocumentId, Filter, Metadata, Scope, TenantId, Value, filter::Comparison};

use crate::{
    index::{Batch, Candidates, Change, Index, IndexChunk, IndexError, Search},
    terms::{Term, Terms},
    vector,
};

/// An engine under test.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The engine.
    fn index(&self) -> &dyn Index;

    /// Stops the engine without a commit and starts it again on the same data.
    async fn crash(&mut self);
}

/// A fresh scope.
#[must_use]
pub fn scope() -> Scope {
    Scope { tenant: TenantId::new(), collection: CollectionId::new(), generation: 1 }
}

/// A chunk with these stems, in one sentence.
#[must_use]
pub fn chunk(key: u64, document: DocumentId, stems: &[u32], numbers: Option<&[f32]>) -> IndexChunk {
    IndexChunk {
        key,
        document,
        terms: stems.iter().map(|&stem| Term::new(stem, stem as u16, 1, 0)).collect::<Terms>(),
        vector: numbers.and_then(vector::encode).map(Arc::from),
        metadata: Arc::new(Metadata::new()),
    }
}

/// The same with one metadata field.
#[must_use]
pub fn with_field(mut chunk: IndexChunk, field: &str, value: impl Into<Value>) -> IndexChunk {
    chunk.metadata = Arc::new(Metadata::from([(field.to_owned(), value.into())]));
    chunk
}

/// A batch of additions.
#[must_use]
pub fn adding(sequence: u64, chunks: Vec<IndexChunk>) -> Batch {
    Batch { changes: chunks.into_iter().map(Change::Add).collect(), sequence }
}

/// Keys of the candidates, sorted.
#[must_use]
pub fn keys(found: &Candidates) -> Vec<u64> {
    let mut keys: Vec<u64> = found.items.iter().map(|item| item.key).collect();
    keys.sort_unstable();
    keys
}

const EAST: [f32; 4] = [1.0, 0.0, 0.0, 0.0];
const NORTH: [f32; 4] = [0.0, 1.0, 0.0, 0.0];
const NORTH_EAST: [f32; 4] = [0.8, 0.6, 0.0, 0.0];

fn stems(stems: &[u32]) -> Search<'_> {
    Search { stems, vector: None, filter: None, depth: 10, terms: true }
}

async fn ask(index: &dyn Index, scope: &Scope, search: Search<'_>) -> Candidates {
    index.search(scope, search).await.expect("the search works")
}

async fn put(index: &dyn Index, scope: &Scope, batch: Batch) {
    let sequence = batch.sequence;
    index.apply(scope, batch).await.expect("the batch is taken");
    let reached = index.commit(scope).await.expect("the commit works");
    assert_eq!(reached, sequence, "a commit returns the sequence reached");
}

/// Runs the whole suite, each part on a fresh engine.
pub async fn index_contract(make: impl AsyncFn() -> Box<dyn Subject>) {
    an_unknown_scope_is_empty(make().await.index()).await;
    changes_wait_for_the_commit(make().await).await;
    replays_are_harmless(make().await.index()).await;
    scopes_are_apart(make().await.index()).await;
    removing_spares_what_comes_later(make().await.index()).await;
    both_legs_rank(make().await.index()).await;
    filters_apply_inside_the_legs(make().await.index()).await;
    another_dimension_is_refused(make().await.index()).await;
    a_discarded_scope_is_new(make().await).await;
}

async fn an_unknown_scope_is_empty(index: &dyn Index) {
    let scope = scope();
    let state = index.state(&scope, true).await.expect("state works");
    assert_eq!((state.sequence, state.chunks, state.keys), (0, 0, Vec::new()));
    let found = ask(index, &scope, Search { vector: Some(&EAST), ..stems(&[1, 2]) }).await;
    assert!(found.items.is_empty());
    assert_eq!(found.frequencies, [0, 0]);
    assert_eq!(index.commit(&scope).await.expect("an empty commit works"), 0);
    index.discard(&scope).await.expect("nothing is discarded without complaint");
}

async fn changes_wait_for_the_commit(mut subject: Box<dyn Subject>) {
    let (scope, document) = (scope(), DocumentId::new());
    put(subject.index(), &scope, adding(1, vec![chunk(1, document, &[7], None)])).await;
    subject.index().apply(&scope, adding(2, vec![chunk(2, document, &[7], None)])).await.expect("applied");
    let found = ask(subject.index(), &scope, stems(&[7])).await;
    assert_eq!(keys(&found), [1], "what is applied is not found before the commit");
    assert_eq!(subject.index().state(&scope, false).await.expect("state works").sequence, 1);
    subject.crash().await;
    let state = subject.index().state(&scope, true).await.expect("state works");
    let durable = state.sequence;
    assert!(durable <= 1, "what was not committed is lost");
    if durable == 1 {
        assert_eq!(state.keys, [1]);
        put(subject.index(), &scope, adding(2, vec![chunk(2, document, &[7], None)])).await;
        assert_eq!(keys(&ask(subject.index(), &scope, stems(&[7])).await), [1, 2]);
    }
}

async fn replays_are_harmless(index: &dyn Index) {
    let (scope, document) = (scope(), DocumentId::new());
    put(index, &scope, adding(5, vec![chunk(1, document, &[7], None)])).await;
    for sequence in [1, 5] {
        index.apply(&scope, adding(sequence, vec![chunk(1, document, &[7], None)])).await.expect("ignored");
    }
    index
        .apply(&scope, Batch { changes: vec![Change::Remove(document)], sequence: 4 })
        .await
        .expect("ignored");
    assert_eq!(index.commit(&scope).await.expect("the commit works"), 5);
    assert_eq!(keys(&ask(index, &scope, stems(&[7])).await), [1]);
    assert_eq!(index.state(&scope, true).await.expect("state works").keys, [1]);
    put(index, &scope, Batch { changes: Vec::new(), sequence: 9 }).await;
    assert_eq!(
        index.state(&scope, false).await.expect("state works").sequence,
        9,
        "empty batches move on too"
    );
}

async fn scopes_are_apart(index: &dyn Index) {
    let one = scope();
    let others = [
        Scope { tenant: TenantId::new(), ..one },
        Scope { collection: CollectionId::new(), ..one },
        Scope { generation: 2, ..one },
    ];
    put(index, &one, adding(1, vec![chunk(1, DocumentId::new(), &[7], Some(&EAST))])).await;
    for other in others {
        let found = ask(index, &other, Search { vector: Some(&EAST), ..stems(&[7]) }).await;
        assert!(found.items.is_empty(), "{other:?} sees the chunk of {one:?}");
        put(index, &other, adding(1, vec![chunk(2, DocumentId::new(), &[7], Some(&EAST))])).await;
        index.discard(&other).await.expect("discarding works");
    }
    assert_eq!(keys(&ask(index, &one, stems(&[7])).await), [1]);
}

async fn removing_spares_what_comes_later(index: &dyn Index) {
    let (scope, document, other) = (scope(), DocumentId::new(), DocumentId::new());
    put(index, &scope, adding(1, vec![chunk(1, document, &[7], None), chunk(2, other, &[7], None)])).await;
    let changes = vec![
        Change::Add(chunk(3, document, &[7], None)),
        Change::Remove(document),
        Change::Add(chunk(4, document, &[7], None)),
    ];
    put(index, &scope, Batch { changes, sequence: 2 }).await;
    assert_eq!(keys(&ask(index, &scope, stems(&[7])).await), [2, 4]);
    let state = index.state(&scope, true).await.expect("state works");
    assert_eq!((state.chunks, state.keys), (2, vec![2, 4]));
}

async fn both_legs_rank(index: &dyn Index) {
    let (scope, document) = (scope(), DocumentId::new());
    let chunks = vec![
        chunk(1, document, &[7, 8], Some(&EAST)),
        chunk(2, document, &[7, 9, 9, 9], Some(&NORTH)),
        chunk(3, document, &[9, 9], None),
        chunk(4, document, &[10, 11], Some(&NORTH_EAST)),
    ];
    put(index, &scope, adding(1, chunks)).await;
    let found = ask(index, &scope, Search { vector: Some(&EAST), ..stems(&[7, 8, 99]) }).await;
    assert_eq!(found.frequencies, [2, 1, 0]);
    assert_eq!(found.chunks, 4);
    assert!((found.average_length - 2.5).abs() < 1e-6, "{}", found.average_length);
    let item = |key: u64| found.items.iter().find(|item| item.key == key).expect("the chunk is a candidate");
    let ranks = |key| (item(key).lexical.map(|leg| leg.rank), item(key).dense.map(|leg| leg.rank));
    assert_eq!(ranks(1), (Some(1), Some(1)));
    assert_eq!(ranks(2), (Some(2), Some(3)));
    assert_eq!(ranks(4), (None, Some(2)));
    assert!((item(1).cosine - 1.0).abs() < 0.01 && (item(4).cosine - 0.8).abs() < 0.01);
    let of = |key| {
        found.terms.get(item(key).terms.clone()).map(|terms| terms.iter().map(|term| term >> 32).collect())
    };
    assert_eq!(of(2), Some(vec![7, 9, 9, 9]), "candidates carry their terms");
    let bare = ask(index, &scope, Search { terms: false, vector: Some(&EAST), ..stems(&[7, 8, 99]) }).await;
    assert!(bare.terms.is_empty() && keys(&bare) == keys(&found), "but not where nobody reads them");
    let lexical = ask(index, &scope, Search { depth: 1, ..stems(&[9]) }).await;
    assert_eq!(keys(&lexical), [3], "the shorter chunk with the more frequent stem is the best");
    let dense = ask(index, &scope, Search { vector: Some(&NORTH), depth: 1, ..stems(&[]) }).await;
    assert_eq!(keys(&dense), [2]);
    let nearer = ask(index, &scope, Search { vector: Some(&EAST), depth: 1, ..stems(&[9]) }).await;
    let lexical_only = nearer.items.iter().find(|item| item.key == 3).expect("the lexical leg's best");
    assert!(lexical_only.dense.is_none() && lexical_only.cosine == 0.0);
}

async fn filters_apply_inside_the_legs(index: &dyn Index) {
    let (scope, document) = (scope(), DocumentId::new());
    let mut chunks: Vec<IndexChunk> =
        (1..=20).map(|key| with_field(chunk(key, document, &[7], Some(&EAST)), "kind", "common")).collect();
    chunks.push(with_field(chunk(21, document, &[7, 8, 9, 10], Some(&NORTH_EAST)), "kind", "rare"));
    put(index, &scope, adding(1, chunks)).await;
    let filter = Filter::Eq(Comparison { field: "kind".to_owned(), value: "rare".into() });
    for search in [stems(&[7]), Search { vector: Some(&EAST), ..stems(&[]) }] {
        let found = ask(index, &scope, Search { filter: Some(&filter), depth: 2, ..search }).await;
        assert_eq!(keys(&found), [21], "the filter is applied before the best are chosen");
        let leg =
            found.items.first().and_then(|item| item.lexical.or(item.dense)).expect("a leg proposed it");
        assert_eq!(leg.rank, 1);
    }
}

async fn another_dimension_is_refused(index: &dyn Index) {
    let (scope, document) = (scope(), DocumentId::new());
    put(index, &scope, adding(1, vec![chunk(1, document, &[7], Some(&EAST))])).await;
    let mixed = vec![chunk(2, document, &[7], Some(&EAST)), chunk(3, document, &[7], Some(&[1.0, 0.0]))];
    let refused = index.apply(&scope, adding(2, mixed)).await.expect_err("the batch is refused");
    assert!(matches!(refused, IndexError::Dimension { expected: 4, found: 2 }), "{refused}");
    let search = Search { vector: Some(&[1.0, 0.0]), ..stems(&[]) };
    let refused = index.search(&scope, search).await.expect_err("the search is refused");
    assert!(matches!(refused, IndexError::Dimension { expected: 4, found: 2 }), "{refused}");
    put(index, &scope, adding(2, vec![chunk(4, document, &[7], None)])).await;
    assert_eq!(
        keys(&ask(index, &scope, stems(&[7])).await),
        [1, 4],
        "nothing of the refused batch was taken"
    );
}

async fn a_discarded_scope_is_new(mut subject: Box<dyn Subject>) {
    let (scope, document) = (scope(), DocumentId::new());
    put(subject.index(), &scope, adding(3, vec![chunk(1, document, &[7], Some(&EAST))])).await;
    subject.index().discard(&scope).await.expect("discarding works");
    for crash in [false, true] {
        if crash {
            subject.crash().await;
        }
        let state = subject.index().state(&scope, true).await.expect("state works");
        assert_eq!((state.sequence, state.chunks), (0, 0));
        assert!(ask(subject.index(), &scope, stems(&[7])).await.items.is_empty());
    }
    put(subject.index(), &scope, adding(1, vec![chunk(9, document, &[7], Some(&[1.0, 0.0]))])).await;
    assert_eq!(keys(&ask(subject.index(), &scope, stems(&[7])).await), [9]);
}
