use std::{collections::HashSet, time::Duration};

use quarry_core::{DocumentStatus, Fault as _, JobId, PageRequest};
use quarry_store::{DeadFilter, Heartbeat, JobFailure, JobStage, JobStatus, Lane};

use crate::world::{DOWN, LEASE, ME, ROOT, World, publication, stories};

fn beat(id: JobId) -> [Heartbeat; 1] {
    [Heartbeat { id, stage: JobStage::Parsed, done: 3, total: 9 }]
}

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
                let jobs = store.jobs().claim(&format!("w{number}"), Lane::Small, 3, LEASE).await.unwrap();
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
    let job = world.store.jobs().claim("first", Lane::Small, 10, LEASE).await.unwrap().remove(0);
    assert_eq!((job.document, job.attempt, job.name.as_str()), (added.document.id, 1, "a"));
    assert_eq!(job.content_hash, added.document.content_hash);
    assert_eq!(job.original.as_deref(), Some(b"text".as_slice()));
    let status = world.store.documents().get(ROOT, job.document).await.unwrap().status;
    assert_eq!(status, DocumentStatus::Processing);
    world.clock.advance(LEASE / 2);
    assert_eq!(world.store.jobs().heartbeat("first", &beat(job.id), LEASE).await.unwrap(), [job.id]);
    world.clock.advance(LEASE / 2 + Duration::from_secs(1));
    assert!(world.claim().await.is_empty(), "the heartbeat kept it");
    world.clock.advance(LEASE);
    let again = world.store.jobs().claim("second", Lane::Small, 10, LEASE).await.unwrap().remove(0);
    assert_eq!((again.id, again.attempt), (job.id, 2));
    assert_eq!(world.store.jobs().heartbeat("first", &beat(job.id), LEASE).await.unwrap(), []);
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
        let again = world.store.jobs().retry_later(job, DOWN, LEASE).await.unwrap();
        assert_eq!(again, attempt < 5);
        assert!(world.claim().await.is_empty(), "not before its delay");
        world.clock.advance(LEASE);
    }
    let dead =
        world.store.jobs().list(ROOT, None, Some(JobStatus::Dead), &PageRequest::default()).await.unwrap();
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
    assert!(!world.store.jobs().retry_later(job.id, DOWN, LEASE).await.unwrap());
    world.store.jobs().bury(job.id, DOWN).await.unwrap();
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
    world.store.jobs().bury(newer.job.unwrap(), DOWN).await.unwrap();
    let after = world.store.documents().get(ROOT, document.id).await.unwrap();
    assert_eq!((after.status, after.version), (DocumentStatus::Failed, 2));
    assert_eq!(world.store.documents().published_version(ROOT, document.id).await.unwrap(), 1);
    assert_eq!(world.store.chunks().keys(ROOT, collection.id).await.unwrap().len(), 2);
}

async fn a_failure_that_passes_costs_no_attempt_until_patience_ends(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "text").await;
    let job = added.job.unwrap();
    let patience = Duration::from_secs(3_600);
    for waits in 0..20 {
        let leased = world.claim().await.remove(0);
        assert_eq!((leased.attempt, leased.waits), (1, waits));
        assert!(world.store.jobs().wait(job, DOWN, (LEASE, patience)).await.unwrap());
        assert!(world.claim().await.is_empty(), "not before its delay");
        world.clock.advance(LEASE);
    }
    let waiting = world.store.jobs().get(ROOT, job).await.unwrap();
    assert_eq!(
        (waiting.status, waiting.attempt, waiting.code.as_deref()),
        (JobStatus::Queued, 0, Some(DOWN.code))
    );
    world.clock.advance(patience);
    world.claim().await;
    assert!(!world.store.jobs().wait(job, DOWN, (LEASE, patience)).await.unwrap());
    let document = world.store.documents().get(ROOT, added.document.id).await.unwrap();
    assert_eq!((document.status, document.error.as_deref()), (DocumentStatus::Failed, Some(DOWN.reason)));
}

async fn signs_of_life_say_how_far_a_job_is_and_learn_what_is_not_wanted(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    world.add(&collection, "a", "text").await;
    let gone = world.add(&collection, "b", "text").await;
    let cancelled = world.add(&collection, "c", "text").await;
    let jobs: Vec<_> = world.claim().await.into_iter().map(|job| job.id).collect();
    world.store.documents().remove(ROOT, gone.document.id, &ME).await.unwrap();
    let ended = world.store.jobs().cancel(ROOT, cancelled.job.unwrap(), &ME).await.unwrap();
    assert_eq!((ended.status, ended.due_at), (JobStatus::Cancelled, None));
    let beats: Vec<_> = jobs.iter().flat_map(|id| beat(*id)).collect();
    let held = world.store.jobs().heartbeat("worker", &beats, LEASE).await.unwrap();
    assert_eq!(held, jobs[..1]);
    let seen = world.store.jobs().get(ROOT, held[0]).await.unwrap();
    assert_eq!((seen.stage, seen.done, seen.total), (JobStage::Parsed, 3, 9));
    // What it publishes of a cancelled job is not taken.
    let mut late = publication(ROOT, &cancelled.document, 1);
    late.job = cancelled.job;
    let published = world.store.chunks().publish(&[late]).await.unwrap();
    assert!(published.documents[0].is_none());
    let status = world.store.documents().get(ROOT, cancelled.document.id).await.unwrap().status;
    assert_eq!(status, DocumentStatus::Failed);
    let again = world.store.jobs().cancel(ROOT, cancelled.job.unwrap(), &ME).await.unwrap_err();
    assert_eq!(again.code(), "job_over");
    let revived = world.store.jobs().revive(ROOT, cancelled.job.unwrap(), &ME).await.unwrap();
    assert_eq!(revived.status, JobStatus::Queued);
}

async fn tenants_take_turns_whatever_either_queues(world: &World) {
    let ours = world.collection(ROOT, "c").await;
    for number in 0..30 {
        world.add(&ours, &format!("s{number}"), &number.to_string()).await;
    }
    for _ in 0..5 {
        world.store.jobs().claim("w", Lane::Small, 2, LEASE).await.unwrap();
    }
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let theirs = world.collection(other, "c").await;
    for number in 0..5 {
        world.add(&theirs, &format!("s{number}"), &number.to_string()).await;
    }
    let mut served = Vec::new();
    for _ in 0..10 {
        let job = world.store.jobs().claim("w", Lane::Small, 1, LEASE).await.unwrap().remove(0);
        served.push(job.tenant);
    }
    let of_other = served.iter().filter(|tenant| **tenant == other).count();
    assert_eq!(of_other, 5, "they share with whoever queued before: {served:?}");
    assert!(served[..4].contains(&other) && served[..4].contains(&ROOT), "{served:?}");
}

async fn the_urgent_come_first_and_the_large_stand_elsewhere(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let mut fresh = Vec::new();
    for (source, priority, bytes) in
        [("usual", None, 1), ("urgent", Some(0), 1), ("late", Some(9), 1), ("large", Some(0), 1 << 20)]
    {
        let mut new = world.new_document(collection.id, source, source).await;
        (new.priority, new.bytes) = (priority, bytes);
        if bytes > 1 {
            let body = "x".repeat(1 << 20);
            new = quarry_store::NewDocument {
                priority,
                ..world.new_document(collection.id, source, &body).await
            };
        }
        fresh.push(new);
    }
    world.store.documents().add(ROOT, fresh, &ME).await.unwrap();
    let sources: Vec<_> = world.claim().await.into_iter().map(|job| job.source).collect();
    assert_eq!(sources, ["urgent", "usual", "late"]);
    let large = world.store.jobs().claim("l", Lane::Large, 5, LEASE).await.unwrap();
    assert_eq!(large.iter().map(|job| job.source.as_str()).collect::<Vec<_>>(), ["large"]);
}

async fn expired_leases_are_seen_as_waiting(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "text").await;
    world.claim().await;
    assert_eq!(world.store.jobs().reap().await.unwrap(), 0);
    world.clock.advance(LEASE + Duration::from_secs(1));
    assert_eq!(world.store.jobs().reap().await.unwrap(), 1);
    let job = world.store.jobs().get(ROOT, added.job.unwrap()).await.unwrap();
    assert_eq!((job.status, job.attempt), (JobStatus::Queued, 1));
    assert!(world.claim().await.is_empty(), "what may have ended its worker is not among others again");
    let document = world.store.documents().get(ROOT, added.document.id).await.unwrap();
    assert_eq!(document.status, DocumentStatus::Pending);
    let due = world.store.jobs().next_due(Lane::Large).await.unwrap().unwrap();
    assert!(due <= quarry_core::Clock::now(&*world.clock));
    assert_eq!(world.store.jobs().next_due(Lane::Small).await.unwrap(), None);
    world.store.jobs().claim("alone", Lane::Large, 1, LEASE).await.unwrap();
    assert_eq!(world.store.jobs().give_back_all().await.unwrap(), 1);
}

async fn checkpoints_stay_until_the_job_is_done(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "text").await;
    let id = added.job.unwrap();
    let jobs = world.store.jobs();
    assert!(!jobs.keep((id, "worker"), JobStage::Parsed, ("parsed", b"1")).await.unwrap(), "nobody has it");
    world.claim().await;
    assert!(jobs.keep((id, "worker"), JobStage::Parsed, ("parsed", b"1")).await.unwrap());
    assert!(jobs.keep((id, "worker"), JobStage::Parsed, ("parsed", b"22")).await.unwrap());
    assert!(!jobs.keep((id, "other"), JobStage::Parsed, ("parsed", b"3")).await.unwrap());
    jobs.bury(id, DOWN).await.unwrap();
    assert_eq!(jobs.kept(id).await.unwrap(), [("parsed".to_owned(), b"22".to_vec())]);
    jobs.revive(ROOT, id, &ME).await.unwrap();
    assert_eq!(world.claim().await[0].stage, JobStage::Parsed);
    let mut publication = publication(ROOT, &added.document, 1);
    publication.job = Some(id);
    world.store.chunks().publish(&[publication]).await.unwrap();
    assert!(jobs.kept(id).await.unwrap().is_empty());
}

async fn dead_letters_are_retried_and_dropped_many_at_once(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let other =
        JobFailure { code: "damaged_document", reason: "It is damaged.", stage: Some(JobStage::Parsed) };
    for number in 0..6 {
        let added = world.add(&collection, &format!("s{number}"), &number.to_string()).await;
        world.claim().await;
        world.store.jobs().bury(added.job.unwrap(), if number < 4 { DOWN } else { other }).await.unwrap();
    }
    let jobs = world.store.jobs();
    let of = |code: &str| DeadFilter { code: Some(code.to_owned()), ..DeadFilter::default() };
    let damaged = jobs.dead(ROOT, &of("damaged_document"), &PageRequest::default()).await.unwrap();
    assert_eq!(damaged.items.len(), 2);
    assert_eq!(damaged.items[0].error.as_deref(), Some("It is damaged."));
    assert_eq!(damaged.items[0].stage, JobStage::Parsed);
    assert_eq!(jobs.revive_all(ROOT, &of(DOWN.code), &ME).await.unwrap(), 4);
    assert_eq!(jobs.drop_all_dead(ROOT, &DeadFilter::default(), &ME).await.unwrap(), 2);
    let left = jobs.stats().await.unwrap();
    assert_eq!((left.dead, left.queued), (0, 4));
    let (failed, page) = (Some(DocumentStatus::Failed), PageRequest::default());
    let failed = world.store.documents().list(ROOT, collection.id, failed, &page).await.unwrap();
    assert_eq!(failed.items.len(), 2, "dropping a letter leaves the document as it is");
}

stories!(
    a_failure_that_passes_costs_no_attempt_until_patience_ends,
    signs_of_life_say_how_far_a_job_is_and_learn_what_is_not_wanted,
    tenants_take_turns_whatever_either_queues,
    the_urgent_come_first_and_the_large_stand_elsewhere,
    expired_leases_are_seen_as_waiting,
    checkpoints_stay_until_the_job_is_done,
    dead_letters_are_retried_and_dropped_many_at_once,
    two_workers_never_get_one_job,
    a_dead_workers_job_is_given_to_another,
    a_job_that_kills_its_workers_ends_dead,
    a_job_waits_for_its_delay_and_is_given_up_after_its_last_attempt,
    publishing_ends_the_job,
    a_buried_job_fails_its_document_and_keeps_the_version_before,
);
