//! Deleted documents never come back: random sequences of add, replace, delete, crash and search, against a model.

use std::{collections::BTreeMap, time::Duration};

use proptest::{prelude::*, test_runner::Config};
use quarry_core::{DocumentId, DocumentStatus};
use quarry_engine::{Engine, generations::Change};

use crate::world::{World, access, collection, found, settle, stop, upload};

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Remove(u8),
    Crash,
    Search,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u8..6).prop_map(Step::Put),
        3 => (0_u8..6).prop_map(Step::Remove),
        1 => Just(Step::Crash),
        3 => Just(Step::Search),
    ];
    proptest::collection::vec(step, 4..24)
}

/// What must be there: the id and how often it was written.
type Model = BTreeMap<u8, (DocumentId, u32)>;

async fn check(engine: &Engine, model: &Model) {
    let mut sources = found(engine, "otters").await;
    sources.sort();
    // An engine that came back from a crash may still be catching up, so documents may be missing for a moment, but
    // nothing that was removed may ever be found.
    for source in &sources {
        assert!(model.keys().any(|key| format!("d{key}") == *source), "{source} came back");
    }
    let ids: Vec<_> = model.values().map(|(id, _)| *id).collect();
    let settled = engine.documents().settled(&access(), &ids, Duration::from_secs(30)).await.unwrap();
    assert!(settled.iter().all(|document| document.status == DocumentStatus::Ready), "{settled:?}");
    let mut sources = found(engine, "otters").await;
    sources.sort();
    let expected: Vec<String> = model.keys().map(|key| format!("d{key}")).collect();
    assert_eq!(sources, expected);
}

async fn play(steps: &[Step]) {
    let world = World::new();
    let mut engine = world.engine().await;
    let mut model = Model::new();
    engine.collections().add(&access(), &collection(), String::new(), Change::default()).await.unwrap();
    for step in steps {
        match step {
            Step::Put(key) => {
                let times = model.get(key).map_or(1, |(_, times)| times + 1);
                let next = upload(&format!("d{key}"), &format!("Text {times} of {key} about otters."));
                let added = engine.documents().add(&access(), &collection(), vec![next]).await.unwrap();
                model.insert(*key, (added[0].document.id, times));
            }
            Step::Remove(key) => {
                if let Some((id, _)) = model.remove(key) {
                    engine.documents().remove(&access(), id).await.unwrap();
                }
            }
            Step::Crash => {
                // Nothing is flushed or committed: what the database acknowledged has to do.
                engine.abandon().await;
                engine = world.engine().await;
            }
            Step::Search => check(&engine, &model).await,
        }
    }
    check(&engine, &model).await;
    let verified = engine.index().verify(&access(), &collection()).await.unwrap();
    assert!(verified.clean, "{verified:?}");
    stop(engine).await;
}

#[test]
fn deleted_documents_never_come_back() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    proptest!(Config { cases: 24, ..Config::default() }, |(steps in steps())| {
        runtime.block_on(play(&steps));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_documents_survive_a_crash_before_they_are_read() {
    let world = World::new();
    let engine = world.engine().await;
    let uploads = (0..50).map(|n| upload(&format!("d{n}"), &format!("Text {n} about otters."))).collect();
    let added = engine.documents().add(&access(), &collection(), uploads).await.unwrap();
    engine.abandon().await;
    let engine = world.engine().await;
    let settled = settle(&engine, &added).await;
    assert!(settled.iter().all(|document| document.status == DocumentStatus::Ready));
    assert_eq!(found(&engine, "otters").await.len(), 50);
    stop(engine).await;
}
