use quarry_core::{ChunkStrategy, Chunking, Fault};
use quarry_engine::generations::{Change, GenerationState};

use crate::world::{World, access, collection, found, put, stop, upload};

fn to(embedder: &str) -> Change {
    Change { embedder: Some(embedder.to_owned()), chunking: None }
}

fn fixed() -> Change {
    let chunking = Chunking { strategy: ChunkStrategy::Fixed, max_tokens: Some(16), overlap_tokens: Some(0) };
    Change { embedder: None, chunking: Some(chunking) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_shard_is_replayed_from_the_database() {
    let world = World::new();
    let engine = world.engine().await;
    put(
        &engine,
        (0..20).map(|n| upload(&format!("d{n}"), &format!("Document {n} is about otters."))).collect(),
    )
    .await;
    stop(engine).await;
    std::fs::remove_dir_all(world.path("index")).unwrap();
    let engine = world.engine().await;
    let verified = engine.index().verify(&access(), &collection()).await.unwrap();
    assert!(verified.clean, "{verified:?}");
    assert_eq!(found(&engine, "otters").await.len(), 20);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_embedder_comes_in_by_a_rebuild_only() {
    let world = World::new();
    let engine = world.engine().await;
    put(
        &engine,
        (0..10).map(|n| upload(&format!("d{n}"), &format!("Report {n} about sea otters."))).collect(),
    )
    .await;
    let rebuilt = engine.index().rebuild(&access(), &collection(), to("negated"), &|_, _| {}).await.unwrap();
    assert_eq!((rebuilt.embedder.as_str(), rebuilt.generation > 1), ("negated", true));
    assert_eq!(found(&engine, "sea otters").await.len(), 10);
    put(&engine, vec![upload("later", "A later report about sea otters.")]).await;
    assert_eq!(found(&engine, "sea otters").await.len(), 11);
    assert!(engine.index().verify(&access(), &collection()).await.unwrap().clean);
    let error =
        engine.index().rebuild(&access(), &collection(), to("nonsense"), &|_, _| {}).await.unwrap_err();
    assert_eq!(error.code(), "unknown_embedder");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repair_of_a_sound_index_changes_nothing() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("a", "Sound as a bell.")]).await;
    let repair = engine.index().repair(&access(), &collection()).await.unwrap();
    assert!(!repair.rebuilt && repair.after.clean);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_of_cutting_is_built_beside_and_can_be_swapped_back() {
    let world = World::new();
    let engine = world.engine().await;
    let text =
        "Sea otters sleep in kelp. They hold hands so that they do not drift apart in the night. ".repeat(4);
    put(&engine, (0..70).map(|n| upload(&format!("d{n}"), &format!("Report {n}. {text}"))).collect()).await;
    let before = engine.collections().counts(&access(), &collection()).await.unwrap().chunks;
    let generations = engine.generations();
    let next = generations.begin(&access(), &collection(), fixed()).await.unwrap();
    assert_eq!((next.number, next.state, next.total), (2, GenerationState::Building, 70));
    // Added and removed meanwhile: both are seen in both generations.
    let added = put(&engine, vec![upload("meanwhile", &format!("Meanwhile. {text}"))]).await;
    assert!(found(&engine, "sea otters").await.len() > 5, "questions are answered all the time");
    let swapped = generations.built(&access(), &collection(), 2, &|_, _| {}).await.unwrap();
    assert_eq!((swapped.generation, swapped.chunking), (2, fixed().chunking));
    let after = engine.collections().counts(&access(), &collection()).await.unwrap().chunks;
    assert!(after > before * 2, "{before} {after}");
    let id = added[0].id;
    let chunks =
        engine.documents().chunks(&access(), id, &quarry_core::PageRequest::default()).await.unwrap();
    assert!(chunks.items.len() > 2, "{chunks:?}");
    assert!(engine.index().verify(&access(), &collection()).await.unwrap().clean);

    // Back again, with what changed since.
    engine.documents().remove(&access(), id).await.unwrap();
    put(&engine, vec![upload("d1", "Report 1 is about walruses now.")]).await;
    let held = generations.get(&access(), &collection(), 1).await.unwrap();
    assert_eq!((held.done, held.total), (69, 70), "{held:?}");
    let back = generations.activate(&access(), &collection(), 1).await.unwrap();
    assert_eq!((back.state, back.total - back.done), (GenerationState::Building, 1));
    generations.built(&access(), &collection(), 1, &|_, _| {}).await.unwrap();
    assert!(engine.index().verify(&access(), &collection()).await.unwrap().clean);
    assert_eq!(found(&engine, "walruses").await[0], "d1");
    let states: Vec<_> = generations.list(&access(), &collection()).await.unwrap();
    let states: Vec<_> = states.iter().map(|one| (one.number, one.state)).collect();
    assert_eq!(states, [(2, GenerationState::Kept), (1, GenerationState::Live)]);
    generations.remove(&access(), &collection(), 2).await.unwrap();
    assert_eq!(generations.remove(&access(), &collection(), 1).await.unwrap_err().code(), "generation_busy");
    assert_eq!(engine.collections().counts(&access(), &collection()).await.unwrap().chunks, before);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_goes_on_after_a_crash() {
    let world = World::new();
    let engine = world.engine().await;
    put(
        &engine,
        (0..200).map(|n| upload(&format!("d{n}"), &format!("Report {n} about sea otters."))).collect(),
    )
    .await;
    engine.generations().begin(&access(), &collection(), to("negated")).await.unwrap();
    let busy = engine.generations().begin(&access(), &collection(), fixed()).await.unwrap_err();
    assert_eq!(busy.code(), "generation_busy");
    engine.abandon().await;
    let engine = world.engine().await;
    let swapped = engine.generations().built(&access(), &collection(), 2, &|_, _| {}).await.unwrap();
    assert_eq!(swapped.embedder, "negated");
    let verified = engine.index().verify(&access(), &collection()).await.unwrap();
    assert!(verified.clean, "{verified:?}");
    assert_eq!(verified.database_chunks, 200);
    stop(engine).await;
}
