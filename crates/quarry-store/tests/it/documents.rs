use std::collections::HashSet;

use quarry_core::{CollectionId, DocumentStatus, Fault as _, Metadata, PageRequest, Value};
use quarry_store::{AuditFilter, Outcome};

use crate::world::{DOWN, ME, ROOT, World, new_document, stories};

async fn an_upload_is_a_document_a_job_and_an_audit_row(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a.txt", "hello").await;
    assert_eq!(added.outcome, Outcome::Created);
    let document = world.store.documents().get(ROOT, added.document.id).await.unwrap();
    assert_eq!((document.version, document.status, document.bytes), (1, DocumentStatus::Pending, 5));
    assert_eq!(world.store.blobs().get(&document.content_hash).await.unwrap(), "hello");
    let job = world.store.jobs().get(ROOT, added.job.unwrap()).await.unwrap();
    assert_eq!((job.document, job.version), (document.id, 1));
    let audit =
        world.store.audit().list(ROOT, &AuditFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(audit.items[0].action, "document.add");
    assert_eq!(audit.items[0].object, document.id.to_string());
    let found = world.store.documents().find_by_source(ROOT, collection.id, "a.txt").await.unwrap();
    assert_eq!(found.unwrap().id, document.id);
}

async fn the_same_upload_again_changes_nothing(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let first = world.put(&collection, "a.txt", "hello", 2).await;
    let again = world.add(&collection, "a.txt", "hello").await;
    assert_eq!((again.outcome, again.job, again.document.id), (Outcome::Unchanged, None, first.id));
    assert_eq!(again.document.status, DocumentStatus::Ready);

    let mut with_metadata = world.new_document(collection.id, "a.txt", "hello").await;
    with_metadata.metadata.insert("year".into(), Value::from(2024.0));
    let newer = world.store.documents().add(ROOT, vec![with_metadata.clone()], &ME).await.unwrap().remove(0);
    assert_eq!((newer.outcome, newer.document.version), (Outcome::NewVersion, 2));
    let same = world.store.documents().add(ROOT, vec![with_metadata], &ME).await.unwrap().remove(0);
    assert_eq!(same.outcome, Outcome::Unchanged);

    let job = newer.job.unwrap();
    world.store.documents().fail(ROOT, first.id, 2, Some(job), DOWN).await.unwrap();
    let retried = world.new_document(collection.id, "a.txt", "hello").await;
    let retried = world.store.documents().add(ROOT, vec![retried], &ME).await.unwrap().remove(0);
    assert_eq!((retried.outcome, retried.document.version), (Outcome::NewVersion, 3));
    assert_eq!(retried.document.error, None);
}

async fn a_batch_with_one_source_twice_makes_two_versions(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let batch = vec![
        world.new_document(collection.id, "a", "one").await,
        world.new_document(collection.id, "b", "two").await,
        world.new_document(collection.id, "a", "three").await,
        world.new_document(collection.id, "a", "three").await,
    ];
    let added = world.store.documents().add(ROOT, batch, &ME).await.unwrap();
    let outcomes: Vec<_> = added.iter().map(|added| added.outcome).collect();
    assert_eq!(outcomes, [Outcome::Created, Outcome::Created, Outcome::NewVersion, Outcome::Unchanged]);
    let jobs = world.claim().await;
    assert_eq!(jobs.len(), 2, "the first version's job is over");
    assert!(jobs.iter().any(|job| job.version == 2 && job.name == "a"));
}

async fn a_batch_is_added_whole_or_not_at_all(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let batch = vec![
        world.new_document(collection.id, "a", "one").await,
        world.new_document(CollectionId::new(), "b", "two").await,
    ];
    let error = world.store.documents().add(ROOT, batch, &ME).await.unwrap_err();
    assert_eq!(error.code(), "collection_not_found");
    assert!(world.store.documents().find_by_source(ROOT, collection.id, "a").await.unwrap().is_none());
    let mut long = world.new_document(collection.id, "a", "one").await;
    long.source = "x".repeat(3_000);
    let error = world.store.documents().add(ROOT, vec![long], &ME).await.unwrap_err();
    assert_eq!(error.to_string(), "the source is 3000 bytes long; at most 2048 are allowed");
}

async fn calls_at_the_same_time_each_get_their_own_answer(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let calls = (0..60).map(|number| {
        let collection = collection.clone();
        async move {
            if number % 10 == 9 {
                let new = world.new_document(CollectionId::new(), "x", "x").await;
                let error = world.store.documents().add(ROOT, vec![new], &ME).await.unwrap_err();
                assert_eq!(error.code(), "collection_not_found");
                None
            } else {
                let source = format!("s{number}");
                let added = world.add(&collection, &source, &source).await;
                assert_eq!(added.document.source, source);
                Some(added.document.id)
            }
        }
    });
    let ids: HashSet<_> = futures::future::join_all(calls).await.into_iter().flatten().collect();
    assert_eq!(ids.len(), 54);
    let counts = world.store.collections().document_counts(ROOT, collection.id).await.unwrap();
    assert_eq!(counts.pending, 54);
}

async fn one_source_added_by_many_at_once_is_one_document(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let other = world.reopen().await;
    let calls = (0..20).map(|number| {
        let store = if number % 2 == 0 { &world.store } else { &other };
        async move {
            let new = new_document(store, collection.id, "same", "same").await;
            store.documents().add(ROOT, vec![new], &ME).await.unwrap().remove(0)
        }
    });
    let added = futures::future::join_all(calls).await;
    assert_eq!(added.iter().filter(|added| added.outcome == Outcome::Created).count(), 1);
    assert_eq!(added.iter().map(|added| added.document.id).collect::<HashSet<_>>().len(), 1);
    other.close().await;
}

async fn pages_cover_each_document_once_newest_first(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let mut expected = Vec::new();
    for number in 0..23 {
        expected.push(world.add(&collection, &format!("s{number}"), "x").await.document.id);
    }
    expected.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(Some(5), after);
        let page = world.store.documents().list(ROOT, collection.id, None, &request).await.unwrap();
        assert!(page.items.len() <= 5);
        seen.extend(page.items.iter().map(|document| document.id));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    let wrong = PageRequest::new(None, Some(quarry_core::Cursor("bm8".into())));
    let error = world.store.documents().list(ROOT, collection.id, None, &wrong).await.unwrap_err();
    assert_eq!(error.code(), "invalid_cursor");
}

async fn a_removed_document_leaves_nothing(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let document = world.put(&collection, "a", "only here", 3).await;
    world.add(&collection, "a", "second version").await;
    let sequence = world.store.documents().remove(ROOT, document.id, &ME).await.unwrap();
    assert_eq!(sequence, document.sequence + 1);
    assert!(world.store.chunks().keys(ROOT, collection.id).await.unwrap().is_empty());
    assert!(world.claim().await.is_empty());
    assert_eq!(world.store.blobs().get(&document.content_hash).await.unwrap_err().code(), "blob_not_found");
    let error = world.store.documents().remove(ROOT, document.id, &ME).await.unwrap_err();
    assert_eq!(error.to_string(), format!("there is no document `{}`", document.id));
    let error = world.store.documents().text(ROOT, document.id, 1).await.unwrap_err();
    assert_eq!(error.code(), "document_not_found");
}

async fn bytes_that_somebody_is_about_to_add_stay(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    for body in ["few".to_owned(), "many".repeat(20_000)] {
        let document = world.put(&collection, "a", &body, 1).await;
        // Put for a second document whose row is not there yet.
        let second = world.new_document(collection.id, "b", &body).await;
        world.store.documents().remove(ROOT, document.id, &ME).await.unwrap();
        let added = world.store.documents().add(ROOT, vec![second], &ME).await.unwrap().remove(0);
        assert_eq!(world.store.blobs().get(&added.document.content_hash).await.unwrap(), body);
        world.store.documents().remove(ROOT, added.document.id, &ME).await.unwrap();
        assert!(world.store.blobs().get(&added.document.content_hash).await.is_err());
    }
}

async fn a_document_without_its_bytes_is_refused(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let mut new = world.new_document(collection.id, "a", "some").await;
    new.content_hash = "0".repeat(64);
    let error = world.store.documents().add(ROOT, vec![new], &ME).await.unwrap_err();
    assert_eq!(error.code(), "blob_not_found");
}

async fn new_metadata_reaches_the_index_by_a_new_sequence_number(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let document = world.put(&collection, "a", "text", 2).await;
    let keys = world.store.chunks().keys(ROOT, collection.id).await.unwrap();
    let metadata = Metadata::from([("year".to_owned(), Value::from(2024.0))]);
    let updated = world
        .store
        .documents()
        .update_metadata(ROOT, document.id, Some("Other".into()), Some(metadata.clone()), &ME)
        .await
        .unwrap();
    assert_eq!((updated.title.as_str(), updated.sequence), ("Other", document.sequence + 1));
    let changes =
        world.store.chunks().changes_after(&collection.scope(), document.sequence, 100).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].removed, [document.id]);
    assert_eq!(changes[0].added.iter().map(|chunk| chunk.key).collect::<Vec<_>>(), keys);
    assert!(
        changes[0].added.iter().all(|chunk| *chunk.metadata == metadata && &*chunk.model == "static-en-256")
    );
    let untouched =
        world.store.documents().update_metadata(ROOT, document.id, None, None, &ME).await.unwrap();
    assert_eq!((untouched.title.as_str(), untouched.metadata), ("Other", metadata));
}

async fn old_versions_are_forgotten_beyond_the_newest(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let large = |number: u32| format!("{number}").repeat(100_000);
    let first = world.put(&collection, "a", &large(0), 1).await.content_hash;
    for number in 1..5 {
        world.put(&collection, "a", &large(number), 1).await;
    }
    let document = world.put(&collection, "b", "short", 1).await;
    let documents = world.store.documents();
    assert_eq!(documents.prune_versions(3, 100).await.unwrap(), 2);
    assert_eq!(documents.prune_versions(3, 100).await.unwrap(), 0);
    assert!(
        world.store.blobs().get(&first).await.is_err(),
        "its bytes go with the last version that has them"
    );
    assert!(documents.text(ROOT, document.id, 1).await.unwrap().is_some());
    let a = documents.find_by_source(ROOT, collection.id, "a").await.unwrap().unwrap();
    assert!(documents.text(ROOT, a.id, 2).await.unwrap().is_none());
    assert!(documents.text(ROOT, a.id, 5).await.unwrap().is_some());
}

stories!(
    old_versions_are_forgotten_beyond_the_newest,
    an_upload_is_a_document_a_job_and_an_audit_row,
    the_same_upload_again_changes_nothing,
    a_batch_with_one_source_twice_makes_two_versions,
    a_batch_is_added_whole_or_not_at_all,
    calls_at_the_same_time_each_get_their_own_answer,
    one_source_added_by_many_at_once_is_one_document,
    pages_cover_each_document_once_newest_first,
    a_removed_document_leaves_nothing,
    bytes_that_somebody_is_about_to_add_stay,
    a_document_without_its_bytes_is_refused,
    new_metadata_reaches_the_index_by_a_new_sequence_number,
);
