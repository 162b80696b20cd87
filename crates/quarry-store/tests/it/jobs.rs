use std::{collections::HashSet, time::Duration};

use quarry_core::{DocumentStatus, Fault as _, PageRequest};
use quarry_store::JobStatus;

use crate::world::{LEASE, ME, ROOT, World, publication, stories};

async fn two_workers_never_get_one_job(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    for number in 0..40 {
        world.add(&collection, &format!("s{number}"), &number.to_string()).await;
    }
    let other = world.reopen().await;
    let workers = (0..8).map(|number| {
        let store = if number % 2 == 0 { &world.store } else { &other };
        async move {
            let mut mine = Vec::new();
            loop {
                let jobs = store.jobs().claim(&format!("w{number}"), 3, LEASE).await.unwrap();
                if jobs.is_empty() {
                    break mine;
                }
                mine.extend(jobs.into_iter().map(|job| job.id));
            }
        }
    });
    let claimed: Vec<_> = futures::future::join_all(workers).await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 40);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), 40);
    assert_eq!(world.store.jobs().stats().await.unwrap().running, 40);
    other.close().await;
}

async fn a_dead_workers_job_is_given_to_another(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "text").await;
    let job = world.store.jobs().claim("first", 10, LEASE).await.unwrap().remove(0);
    assert_eq!((job.document, job.attempt, job.name.as_str()), (added.document.id, 1, "a"));
    assert_eq!(job.content_hash, added.document.content_hash);
    assert_eq!(job.original.as_deref(), Some(b"text".as_slice()));
    let status = world.store.documents().get(ROOT, job.document).await.unwrap().status;
    assert_eq!(status, DocumentStatus::Processing);
    world.clock.advance(LEASE / 2);
    assert_eq!(world.store.jobs().heartbeat("first", &[job.id], LEASE).await.unwrap(), 1);
    world.clock.advance(LEASE / 2 + Duration::from_secs(1));
    assert!(world.claim().await.is_empty(), "the heartbeat kept it");
    world.clock.advance(LEASE);
    let again = world.store.jobs().claim("second", 10, LEASE).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempt), (job.id, 2));
    assert_eq!(world.store.jobs().heartbeat("first", &[job.id], LEASE).await.unwrap(), 0);
}

async fn a_job_that_kills_its_workers_ends_dead(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "bomb", "text").await;
    for attempt in 1..=5 {
        let jobs = world.claim().await;
        assert_eq!(jobs[0].attempt, attempt);
        world.clock.advance(LEASE + Duration::from_secs(1));
    }
    assert!(world.claim().await.is_empty());
    let document = world.store.documents().get(ROOT, added.document.id).await.unwrap();
    assert_eq!(document.status, DocumentStatus::Failed);
    assert!(document.error.unwrap().contains("given up after 5 attempts"));
    assert_eq!(world.store.jobs().stats().await.unwrap().dead, 1);
}

async fn a_job_waits_for_its_delay_and_is_given_up_after_its_last_attempt(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "text").await;
    let job = added.job.unwrap();
    for attempt in 1..=5 {
        assert_eq!(world.claim().await[0].attempt, attempt);
        let again = world.store.jobs().retry_later(job, "The embedder is down.", LEASE).await.unwrap();
        assert_eq!(again, attempt < 5);
        assert!(world.claim().await.is_empty(), "not before its delay");
        world.clock.advance(LEASE);
    }
    let dead = world.store.jobs().list(ROOT, Some(JobStatus::Dead), &PageRequest::default()).await.unwrap();
    assert_eq!(dead.items[0].error.as_deref(), Some("The embedder is down."));
    let revived = world.store.jobs().revive(ROOT, job, &ME).await.unwrap();
    assert_eq!((revived.status, revived.attempt), (JobStatus::Queued, 0));
    let status = world.store.documents().get(ROOT, added.document.id).await.unwrap().status;
    assert_eq!(status, DocumentStatus::Pending);
    let error = world.store.jobs().revive(ROOT, job, &ME).await.unwrap_err();
    assert_eq!(error.code(), "job_not_dead");
    assert_eq!(world.claim().await[0].attempt, 1);
}

async fn publishing_ends_the_job(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "text").await;
    world.clock.advance(Duration::from_secs(3));
    let stats = world.store.jobs().stats().await.unwrap();
    assert_eq!((stats.queued, stats.oldest_queued_age), (1, Duration::from_secs(3)));
    world.claim().await;
    let mut publication = publication(ROOT, &added.document, 1);
    publication.job = added.job;
    world.store.chunks().publish(&[publication]).await.unwrap();
    let job = world.store.jobs().get(ROOT, added.job.unwrap()).await.unwrap();
    assert_eq!((job.status, job.due_at), (JobStatus::Done, None));
    assert!(!world.store.jobs().retry_later(job.id, "Too late.", LEASE).await.unwrap());
    world.store.jobs().bury(job.id, "Too late.").await.unwrap();
    let status = world.store.documents().get(ROOT, added.document.id).await.unwrap().status;
    assert_eq!(status, DocumentStatus::Ready, "a job that is over changes nothing");
    world.clock.advance(LEASE);
    let now = quarry_core::Clock::now(&*world.clock);
    assert_eq!(world.store.jobs().prune(now).await.unwrap(), 1);
    assert_eq!(world.store.jobs().get(ROOT, job.id).await.unwrap_err().code(), "job_not_found");
}

async fn a_buried_job_fails_its_document_and_keeps_the_version_before(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let document = world.put(&collection, "a", "good", 2).await;
    let newer = world.add(&collection, "a", "bad").await;
    world.claim().await;
    world.store.jobs().bury(newer.job.unwrap(), "It is not a PDF.").await.unwrap();
    let after = world.store.documents().get(ROOT, document.id).await.unwrap();
    assert_eq!((after.status, after.version), (DocumentStatus::Failed, 2));
    assert_eq!(world.store.documents().published_version(ROOT, document.id).await.unwrap(), 1);
    assert_eq!(world.store.chunks().keys(ROOT, collection.id).await.unwrap().len(), 2);
}

stories!(
    two_workers_never_get_one_job,
    a_dead_workers_job_is_given_to_another,
    a_job_that_kills_its_workers_ends_dead,
    a_job_waits_for_its_delay_and_is_given_up_after_its_last_attempt,
    publishing_ends_the_job,
    a_buried_job_fails_its_document_and_keeps_the_version_before,
);
