//! Complaints about ingestion, each with what happens here.

use std::time::Duration;

use quarry_core::{Access, CollectionName, DocumentStatus, Fault, PageRequest};
use quarry_engine::{
    Engine, Upload,
    generations::Change,
    jobs::{DeadLetters, JobStatus},
};

use crate::world::{Mood, World, access, stop, upload};

fn moody() -> CollectionName {
    "moody".parse().unwrap()
}

async fn engine(world: &World) -> Engine {
    let engine = world.engine().await;
    let change = Change { embedder: Some("moody".to_owned()), chunking: None };
    engine.collections().add(&access(), &moody(), String::new(), change).await.unwrap();
    engine
}

async fn put(engine: &Engine, uploads: Vec<Upload>) -> Vec<quarry_core::DocumentId> {
    let added = engine.documents().add(&access(), &moody(), uploads).await.unwrap();
    added.into_iter().map(|added| added.document.id).collect()
}

async fn settled(engine: &Engine, ids: &[quarry_core::DocumentId]) -> Vec<quarry_core::Document> {
    engine.documents().settled(&access(), ids, Duration::from_secs(30)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_busy_costs_no_attempt_and_the_document_says_so() {
    let world = World::new();
    let engine = engine(&world).await;
    world.moods.will_be([Mood::Busy(1_500)]);
    let ids = put(&engine, vec![upload("a", "Otters sleep in kelp.")]).await;
    let waiting = loop {
        let document = engine.documents().get(&access(), ids[0]).await.unwrap();
        match document.ingestion {
            Some(ingestion) if ingestion.waits > 0 => break ingestion,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    assert!(waiting.detail.contains("too many requests"), "{waiting:?}");
    assert_eq!((waiting.attempt, waiting.code.as_deref()), (0, Some("embedder_unavailable")));
    assert!(waiting.due_at.is_some() && waiting.hint.is_some());
    let document = settled(&engine, &ids).await.remove(0);
    assert_eq!((document.status, document.ingestion), (DocumentStatus::Ready, None));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_text_that_the_embedder_refuses_costs_one_document() {
    let world = World::new();
    let engine = engine(&world).await;
    let mut uploads: Vec<_> = (0..5).map(|n| upload(&format!("d{n}"), "Otters sleep in kelp.")).collect();
    uploads.push(upload("bad", "Something unspeakable."));
    let ids = put(&engine, uploads).await;
    let documents = settled(&engine, &ids).await;
    let ready = documents.iter().filter(|document| document.status == DocumentStatus::Ready).count();
    assert_eq!(ready, 5);
    let failed = documents.iter().find(|document| document.source == "bad").unwrap();
    assert_eq!(failed.status, DocumentStatus::Failed);
    assert!(failed.error.as_ref().unwrap().contains("unspeakable"), "{failed:?}");
    let dead = engine.jobs().dead(&access(), &DeadLetters::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(dead.items.len(), 1);
    assert_eq!(dead.items[0].code.as_deref(), Some("embedder_rejected"));
    assert_eq!(dead.items[0].stage.as_str(), "chunked");
    assert!(dead.items[0].hint.is_some());
    // A failed document can be retried, and deleted.
    engine.jobs().retry(&access(), dead.items[0].id).await.unwrap();
    settled(&engine, &ids).await;
    engine.documents().remove(&access(), failed.id).await.unwrap();
    let dead = engine.jobs().dead(&access(), &DeadLetters::default(), &PageRequest::default()).await.unwrap();
    assert!(dead.items.is_empty(), "its letter goes with it");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_deleted_or_cancelled_in_the_middle_stays_so() {
    let world = World::new();
    let engine = engine(&world).await;
    world.moods.will_be([Mood::Slow(1_000)]);
    let ids = put(&engine, vec![upload("a", "Otters sleep in kelp."), upload("b", "Walruses do not.")]).await;
    let running = loop {
        let running = engine.jobs().list(&access(), Some(JobStatus::Running), &PageRequest::default()).await;
        let running = running.unwrap().items;
        if running.len() == 2 {
            break running;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    engine.documents().remove(&access(), ids[0]).await.unwrap();
    let of_b = running.iter().find(|job| job.document_id == ids[1]).unwrap();
    let cancelled = engine.jobs().cancel(&access(), of_b.id).await.unwrap();
    assert_eq!(cancelled.status, JobStatus::Cancelled);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(engine.documents().get(&access(), ids[0]).await.unwrap_err().code(), "document_not_found");
    let b = engine.documents().get(&access(), ids[1]).await.unwrap();
    assert_eq!((b.status, b.chunks), (DocumentStatus::Failed, 0));
    assert!(engine.index().verify(&access(), &moody()).await.unwrap().clean);
    engine.jobs().retry(&access(), of_b.id).await.unwrap();
    assert_eq!(settled(&engine, &ids[1..]).await[0].status, DocumentStatus::Ready);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_sent_twice_at_once_is_one_document() {
    let world = World::new();
    let engine = engine(&world).await;
    let twice =
        futures::future::join_all((0..8).map(|_| put(&engine, vec![upload("a", "Otters sleep in kelp.")])));
    let ids: std::collections::HashSet<_> = twice.await.into_iter().flatten().collect();
    assert_eq!(ids.len(), 1);
    let ids: Vec<_> = ids.into_iter().collect();
    let document = settled(&engine, &ids).await.remove(0);
    assert_eq!((document.version, document.status), (1, DocumentStatus::Ready));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_embedding_is_nothing_special() {
    let world = World::new();
    let engine = engine(&world).await;
    world.moods.will_be([Mood::Slow(60_000)]);
    let ids = put(&engine, vec![upload("a", "Otters sleep in kelp.")]).await;
    while engine
        .jobs()
        .list(&access(), Some(JobStatus::Running), &PageRequest::default())
        .await
        .unwrap()
        .items
        .is_empty()
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    engine.abandon().await;
    let engine = world.engine().await;
    let document = settled(&engine, &ids).await.remove(0);
    assert_eq!(document.status, DocumentStatus::Ready);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_watched_to_its_end() {
    use futures::StreamExt;
    let world = World::new();
    let engine = engine(&world).await;
    world.moods.will_be([Mood::Slow(300)]);
    let access: Access = access();
    let added = engine.documents().add(&access, &moody(), vec![upload("a", "Otters.")]).await.unwrap();
    let seen: Vec<_> = engine.watch_job(&access, added[0].job_id.unwrap()).await.unwrap().collect().await;
    assert_eq!(seen.last().unwrap().status, JobStatus::Done);
    assert!(seen.len() > 1, "{seen:?}");
    let mut progress = engine.watch_collection(&access, &moody()).await.unwrap();
    let first = progress.next().await.unwrap();
    assert_eq!(first.counts.documents.values().sum::<u64>(), 1);
    stop(engine).await;
}
