//! An index that only ever reads `changes_after` ends with exactly the collection's chunks.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use quarry_core::{Collection, DocumentId, Metadata, Value};
use quarry_store::{NewFields, Store};

use crate::world::{ME, ROOT, World, new_document, publication, stories};

/// What an index does with changes.
#[derive(Default)]
struct Follower {
    applied: u64,
    chunks: BTreeMap<u64, (DocumentId, Metadata)>,
}

impl Follower {
    /// Applies one batch; true when there was something.
    async fn step(&mut self, store: &Store, collection: &Collection, limit: u32) -> bool {
        let changes = store.chunks().changes_after(&collection.scope(), self.applied, limit).await.unwrap();
        for change in &changes {
            assert!(change.sequence > self.applied, "numbers rise");
            self.chunks.retain(|_, (document, _)| !change.removed.contains(document));
            for chunk in &change.added {
                self.chunks.insert(chunk.key, (chunk.document, (*chunk.metadata).clone()));
            }
            self.applied = change.sequence;
        }
        !changes.is_empty()
    }

    async fn catch_up(&mut self, store: &Store, collection: &Collection, limit: u32) {
        while self.step(store, collection, limit).await {}
        let now = store.collections().get_by_id(ROOT, collection.id).await.unwrap();
        assert_eq!(self.applied, now.sequence);
        let keys: Vec<u64> = self.chunks.keys().copied().collect();
        assert_eq!(keys, store.chunks().keys(ROOT, collection.id).await.unwrap());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put { source: u8, body: u8, chunks: usize },
    Remove { source: u8 },
    Describe { source: u8, year: u8 },
    Follow { limit: u32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u8, any::<u8>(), 0..4_usize)
            .prop_map(|(source, body, chunks)| Step::Put { source, body, chunks }),
        2 => (0..4_u8).prop_map(|source| Step::Remove { source }),
        1 => (0..4_u8, any::<u8>()).prop_map(|(source, year)| Step::Describe { source, year }),
        2 => (1..5_u32).prop_map(|limit| Step::Follow { limit }),
    ];
    proptest::collection::vec(step, 1..25)
}

async fn told(world: &World, steps: Vec<Step>) {
    let name = format!("c{}", uuid::Uuid::now_v7().simple());
    let collection = world.collection(ROOT, &name).await;
    let mut follower = Follower::default();
    for step in steps {
        match step {
            Step::Put { source, body, chunks } => {
                let added = world.add(&collection, &source.to_string(), &body.to_string()).await;
                world.publish(ROOT, &added.document, chunks).await;
            }
            Step::Remove { source } => {
                if let Some(id) = find(world, &collection, source).await {
                    world.store.documents().remove(ROOT, id, &ME).await.unwrap();
                }
            }
            Step::Describe { source, year } => {
                if let Some(id) = find(world, &collection, source).await {
                    let metadata = Metadata::from([("year".to_owned(), Value::from(f64::from(year)))]);
                    let documents = world.store.documents();
                    documents
                        .update_metadata(
                            ROOT,
                            id,
                            &NewFields { metadata: Some(metadata), ..NewFields::default() },
                            &ME,
                        )
                        .await
                        .unwrap();
                }
            }
            Step::Follow { limit } => {
                follower.step(&world.store, &collection, limit).await;
            }
        }
    }
    follower.catch_up(&world.store, &collection, 2).await;
    for (document, metadata) in follower.chunks.values() {
        let now = world.store.documents().get(ROOT, *document).await.unwrap();
        assert_eq!(*metadata, now.metadata);
    }
    let mut fresh = Follower::default();
    fresh.catch_up(&world.store, &collection, 3).await;
    assert_eq!(fresh.chunks, follower.chunks, "a new index ends as one that followed");
}

async fn find(world: &World, collection: &Collection, source: u8) -> Option<DocumentId> {
    let documents = world.store.documents();
    documents.find_by_source(ROOT, collection.id, &source.to_string()).await.unwrap().map(|found| found.id)
}

fn any_story(world: impl Future<Output = Option<World>>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Some(world) = runtime.block_on(world) else { return };
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(told(&world, steps));
        Ok(())
    });
    runtime.block_on(world.end());
    outcome.unwrap();
}

#[test]
fn any_order_of_changes_replays_to_the_same_chunks_on_sqlite() {
    any_story(async { Some(World::on_sqlite().await) });
}

#[test]
fn any_order_of_changes_replays_to_the_same_chunks_on_postgres() {
    any_story(World::on_postgres());
}

/// Writers publish, replace and remove at once while an index follows: no change hides behind a later number.
async fn numbers_come_in_the_order_of_commits(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let other = world.reopen().await;
    let done = AtomicBool::new(false);
    let writers = async {
        let writers = (0..6).map(|writer| {
            let store = if writer % 2 == 0 { &world.store } else { &other };
            let collection = &collection;
            async move {
                for round in 0..12 {
                    let source = format!("w{writer}-{}", round % 4);
                    let new = new_document(store, collection.id, &source, &round.to_string()).await;
                    let added = store.documents().add(ROOT, vec![new], &ME).await.unwrap().remove(0);
                    store.chunks().publish(&[publication(ROOT, &added.document, 3)]).await.unwrap();
                    if round % 5 == 4 {
                        store.documents().remove(ROOT, added.document.id, &ME).await.unwrap();
                    }
                }
            }
        });
        futures::future::join_all(writers).await;
        done.store(true, Ordering::SeqCst);
    };
    let follow = async {
        let mut follower = Follower::default();
        while !done.load(Ordering::SeqCst) {
            follower.step(&world.store, &collection, 4).await;
        }
        follower
    };
    let ((), mut follower) = futures::join!(writers, follow);
    follower.catch_up(&world.store, &collection, 50).await;
    assert!(!follower.chunks.is_empty());
    other.close().await;
}

stories!(numbers_come_in_the_order_of_commits);
