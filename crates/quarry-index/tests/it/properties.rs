//! Random histories: the local engine ends where the obvious one does, through commits, crashes and reopenings.

use proptest::prelude::*;
use quarry_core::DocumentId;
use quarry_index::{
    Batch, Candidates, Change, Index, IndexSettings, Search,
    testing::{MemoryIndex, contract},
};

use crate::support::{Local, Random};

#[derive(Clone, Debug)]
enum Step {
    /// Add this many chunks of a document.
    Add(usize, usize),
    Remove(usize),
    /// Remove and add in one batch.
    Replace(usize, usize),
    Commit,
    Crash,
    Tidy,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_usize, 1..5_usize).prop_map(|(document, count)| Step::Add(document, count)),
        2 => (0..6_usize).prop_map(Step::Remove),
        2 => (0..6_usize, 1..5_usize).prop_map(|(document, count)| Step::Replace(document, count)),
        3 => Just(Step::Commit),
        1 => Just(Step::Crash),
        1 => Just(Step::Tidy),
    ];
    prop::collection::vec(step, 1..40)
}

/// What the database would be: every change with its number.
#[derive(Default)]
struct History {
    batches: Vec<Batch>,
    key: u64,
}

impl History {
    fn batch(&mut self, random: &mut Random, documents: &[DocumentId], step: &Step) -> Option<Batch> {
        let (remove, add) = match step {
            Step::Add(document, count) => (None, Some((*document, *count))),
            Step::Remove(document) => (Some(*document), None),
            Step::Replace(document, count) => (Some(*document), Some((*document, *count))),
            _ => return None,
        };
        let mut changes: Vec<Change> =
            remove.map(|document| Change::Remove(documents[document])).into_iter().collect();
        if let Some((document, count)) = add {
            for _ in 0..count {
                self.key += 1 + random.below(3);
                // All of one length, so that rounding lengths does not change the order of scores.
                let stems: Vec<u32> = (0..8).map(|_| random.below(12) as u32).collect();
                let vector = (random.below(8) > 0).then(|| random.vector(16));
                changes.push(Change::Add(contract::chunk(
                    self.key,
                    documents[document],
                    &stems,
                    vector.as_deref(),
                )));
            }
        }
        let batch = Batch { changes, sequence: self.batches.len() as u64 + 1 };
        self.batches.push(batch.clone());
        Some(batch)
    }
}

fn compare(local: &Candidates, memory: &Candidates) -> Result<(), TestCaseError> {
    prop_assert_eq!(contract::keys(local), contract::keys(memory));
    prop_assert_eq!(local.chunks, memory.chunks);
    prop_assert!((local.average_length - memory.average_length).abs() < 1e-4);
    for item in &memory.items {
        let other = local.items.iter().find(|other| other.key == item.key).unwrap();
        prop_assert_eq!(&local.terms[other.terms.clone()], &memory.terms[item.terms.clone()]);
        prop_assert!((other.cosine - item.cosine).abs() < 2e-3, "{} {}", other.cosine, item.cosine);
        prop_assert_eq!(other.lexical.is_some(), item.lexical.is_some());
        prop_assert_eq!(other.dense.is_some(), item.dense.is_some());
    }
    Ok(())
}

async fn same(local: &Local, memory: &MemoryIndex, scope: &quarry_core::Scope) -> Result<(), TestCaseError> {
    let mut random = Random(9);
    let (here, there) =
        (local.index.state(scope, true).await.unwrap(), memory.state(scope, true).await.unwrap());
    prop_assert_eq!((here.sequence, here.chunks, here.keys), (there.sequence, there.chunks, there.keys));
    for _ in 0..4 {
        let stems = [random.below(12) as u32, 12, random.below(6) as u32 + 20];
        let vector = random.vector(16);
        let search = Search { stems: &stems, vector: Some(&vector), filter: None, depth: 1_000, terms: true };
        let (here, there) =
            (local.index.search(scope, search.clone()).await, memory.search(scope, search).await);
        compare(&here.unwrap(), &there.unwrap())?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_end_alike(steps in steps(), seed in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut random = Random(seed);
            let settings = IndexSettings { idle_writer_seconds: 0, screen_from: 8, ..IndexSettings::default() };
            let (mut local, memory) = (Local::new(settings), MemoryIndex::new());
            let (scope, mut history) = (contract::scope(), History::default());
            let documents: Vec<DocumentId> = (0..6).map(|_| DocumentId::new()).collect();
            for step in &steps {
                if let Some(batch) = history.batch(&mut random, &documents, step) {
                    local.index.apply(&scope, batch.clone()).await.unwrap();
                    memory.apply(&scope, batch).await.unwrap();
                    continue;
                }
                match step {
                    Step::Crash => {
                        local.reopen().await;
                        memory.crash();
                        same(&local, &memory, &scope).await?;
                        let reached = local.index.state(&scope, false).await.unwrap().sequence as usize;
                        for batch in &history.batches[reached..] {
                            local.index.apply(&scope, batch.clone()).await.unwrap();
                            memory.apply(&scope, batch.clone()).await.unwrap();
                        }
                    }
                    Step::Tidy => local.index.close_idle().await,
                    _ => {
                        let reached = local.index.commit(&scope).await.unwrap();
                        prop_assert_eq!(reached, memory.commit(&scope).await.unwrap());
                        same(&local, &memory, &scope).await?;
                    }
                }
            }
            prop_assert_eq!(local.index.commit(&scope).await.unwrap(), memory.commit(&scope).await.unwrap());
            same(&local, &memory, &scope).await
        })?;
    }
}

#[tokio::test]
async fn compacting_keeps_every_answer() {
    let (mut local, memory) = (Local::new(IndexSettings::default()), MemoryIndex::new());
    let (scope, mut random) = (contract::scope(), Random(3));
    let documents: Vec<DocumentId> = (0..4).map(|_| DocumentId::new()).collect();
    let mut sequence = 0;
    let (mut largest, mut last) = (0, 0);
    for round in 0..8_u64 {
        for (place, document) in documents.iter().enumerate() {
            sequence += 1;
            let mut changes = vec![Change::Remove(*document)];
            for number in 0..200 {
                let key = (round * 4 + place as u64) * 1_000 + number;
                let stems: Vec<u32> = (0..8).map(|_| random.below(50) as u32).collect();
                changes.push(Change::Add(contract::chunk(key, *document, &stems, Some(&random.vector(16)))));
            }
            let batch = Batch { changes, sequence };
            local.index.apply(&scope, batch.clone()).await.unwrap();
            memory.apply(&scope, batch).await.unwrap();
        }
        local.index.commit(&scope).await.unwrap();
        memory.commit(&scope).await.unwrap();
        same(&local, &memory, &scope).await.unwrap();
        last = slots(&local, &scope);
        largest = largest.max(last);
    }
    assert!(largest < 8 * 800 && last <= 3 * 800, "dead slots are given back: {largest}, {last}");
    local.reopen().await;
    same(&local, &memory, &scope).await.unwrap();
}

/// Slots in the file of slots; there is one after a compaction.
fn slots(local: &Local, scope: &quarry_core::Scope) -> u64 {
    let files: Vec<_> = std::fs::read_dir(local.shard(scope))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "slots"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::metadata(&files[0]).unwrap().len() / 24
}
