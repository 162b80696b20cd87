//! Two tenants, every method: neither sees or changes anything of the other.

use std::time::Duration;

use quarry_core::{Clock as _, Collection, DocumentId, Fault as _, JobId, PageRequest, QueryId, TenantId};
use quarry_store::{
    AuditFilter, DocumentFilter, HistoryFilter, NewFields, NewHistory, Remembered, StoreError,
};

use crate::world::{DOWN, ME, MODEL, ROOT, World, publication, stories};

fn absent<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    let code = outcome.expect_err("another tenant's row").code();
    assert!(code.ends_with("_not_found"), "{code}");
}

async fn no_generations(world: &World, other: TenantId, mine: &Collection) {
    let generations = world.store.generations();
    let new = quarry_store::NewGeneration { embedder: "x".into(), dimension: 1, chunking: None };
    absent(generations.begin((other, mine.id), &new, &ME).await);
    absent(generations.begin_index(other, mine.id).await);
    absent(generations.resume((other, mine.id), 1, &ME).await);
    absent(generations.drop_one((other, mine.id), 1, &ME).await);
    absent(generations.get(other, mine.id, 1).await);
    assert!(generations.list(other, mine.id).await.unwrap().is_empty());
    assert!(generations.swap((other, mine.id), 1, mine.sequence).await.is_err());
}

async fn no_jobs(world: &World, other: TenantId, (job, document): (JobId, DocumentId)) {
    let all = PageRequest::default();
    let jobs = world.store.jobs();
    absent(jobs.cancel(other, job, &ME).await);
    absent(jobs.drop_dead(other, job, &ME).await);
    assert!(jobs.of_documents(other, &[document]).await.unwrap().is_empty());
    let any = quarry_store::DeadFilter::default();
    assert!(jobs.dead(other, &any, &all).await.unwrap().items.is_empty());
    absent(jobs.get(other, job).await);
    absent(jobs.revive(other, job, &ME).await);
    assert!(jobs.list(other, None, None, &all).await.unwrap().items.is_empty());
}

async fn tenants_never_see_each_other(world: &World) {
    let other = world.store.tenants().add(&ME, "other", quarry_core::Quotas::default()).await.unwrap().id;
    assert_eq!(world.store.tenants().every().await.unwrap().len(), 2);
    let mine = world.collection(ROOT, "same-name").await;
    let theirs = world.collection(other, "same-name").await;
    let document = world.put(&mine, "a", "mine", 2).await;
    let waiting = world.add(&mine, "b", "waits").await;
    let job = waiting.job.unwrap();
    let keys = world.store.chunks().keys(ROOT, mine.id).await.unwrap();
    let all = PageRequest::default();

    let collections = world.store.collections();
    assert_eq!(collections.get(other, &mine.name).await.unwrap().id, theirs.id);
    assert_eq!(collections.list(other, None, &all).await.unwrap().items.len(), 1);
    absent(collections.get_by_id(other, mine.id).await);
    absent(collections.describe(other, mine.id, "x", &ME).await);
    no_generations(world, other, &mine).await;
    absent(collections.document_counts(other, mine.id).await);
    absent(collections.remove(other, mine.id, &ME).await);

    let documents = world.store.documents();
    absent(documents.get(other, document.id).await);
    absent(documents.text(other, document.id, 1).await);
    absent(documents.published_version(other, document.id).await);
    absent(documents.remove(other, document.id, &ME).await);
    absent(
        documents
            .update_metadata(
                other,
                document.id,
                &NewFields { title: Some("x".into()), ..NewFields::default() },
                &ME,
            )
            .await,
    );
    absent(documents.fail(other, document.id, 1, Some(job), DOWN).await);
    assert!(documents.find_by_source(other, mine.id, "a").await.unwrap().is_none());
    assert!(documents.list(other, mine.id, DocumentFilter::default(), &all).await.unwrap().items.is_empty());
    let intruder = world.new_document(mine.id, "c", "c").await;
    absent(documents.add(other, vec![intruder], &ME).await);

    let chunks = world.store.chunks();
    assert!(chunks.hydrate(other, mine.id, None, &keys).await.unwrap().is_empty());
    assert!(chunks.hydrate(other, theirs.id, None, &keys).await.unwrap().is_empty());
    assert!(chunks.for_ranking(other, mine.id, &keys).await.unwrap().is_empty());
    assert!(chunks.neighbours(other, document.id, 1, 0..=9).await.unwrap().is_empty());
    assert!(chunks.list(other, document.id, &all).await.unwrap().items.is_empty());
    assert!(chunks.keys(other, mine.id).await.unwrap().is_empty());
    assert!(chunks.known_vectors(other, document.id, MODEL).await.unwrap().is_empty());
    let scope = quarry_core::Scope { tenant: other, ..mine.scope() };
    absent(chunks.changes_after(&scope, 0, 9).await);
    let refused = chunks.publish(&[publication(other, &waiting.document, 1)]).await.unwrap();
    assert!(refused.documents[0].is_none());

    no_jobs(world, other, (job, document.id)).await;

    let audit = world.store.audit().list(other, &AuditFilter::default(), &all).await.unwrap();
    assert!(audit.items.iter().all(|entry| entry.object == theirs.id.to_string()), "{audit:?}");

    assert_eq!(documents.get(ROOT, document.id).await.unwrap().title, "Title of a");
    assert_eq!(chunks.keys(ROOT, mine.id).await.unwrap(), keys);
}

async fn questions_and_kept_answers_belong_to_a_tenant(world: &World) {
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let entry = NewHistory {
        id: QueryId::new(),
        tenant: ROOT,
        collection: None,
        actor: "local".into(),
        kind: "search",
        question: "Who?".into(),
        answer: None,
        details: serde_json::json!({"hits": 3}).to_string(),
        micros: 900,
        created_at: world.clock.now(),
    };
    world.store.history().add(vec![entry.clone()]).await.unwrap();
    absent(world.store.history().get(other, entry.id).await);
    absent(world.store.history().erase(&ME, other, entry.id).await);
    assert!(
        world
            .store
            .history()
            .list(other, HistoryFilter::default(), &PageRequest::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );

    let answer = Remembered {
        fingerprint: "f".into(),
        status: 202,
        content_type: "application/json".into(),
        body: b"{}".to_vec(),
        created_at: world.clock.now(),
    };
    let kept = world.store.idempotency();
    assert!(kept.put(ROOT, "k", &answer).await.unwrap());
    assert!(kept.find(other, "k").await.unwrap().is_none());
    assert!(kept.put(other, "k", &answer).await.unwrap());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(kept.prune(world.clock.now()).await.unwrap(), 2);
}

stories!(tenants_never_see_each_other, questions_and_kept_answers_belong_to_a_tenant);
