use quarry_core::Fault;

use crate::world::{World, access, collection, found, put, stop, upload};

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
    let rebuilt =
        engine.index().rebuild(&access(), &collection(), Some("negated"), &|_, _| {}).await.unwrap();
    assert_eq!((rebuilt.embedder.as_str(), rebuilt.generation > 1), ("negated", true));
    assert_eq!(found(&engine, "sea otters").await.len(), 10);
    put(&engine, vec![upload("later", "A later report about sea otters.")]).await;
    assert_eq!(found(&engine, "sea otters").await.len(), 11);
    assert!(engine.index().verify(&access(), &collection()).await.unwrap().clean);
    let error =
        engine.index().rebuild(&access(), &collection(), Some("nonsense"), &|_, _| {}).await.unwrap_err();
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
