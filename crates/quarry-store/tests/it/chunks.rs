use quarry_core::{DocumentStatus, PageRequest};

use crate::world::{ME, MODEL, ROOT, World, publication, stories};

async fn published_chunks_are_read_back(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a.txt", "text").await;
    let published = world.publish(ROOT, &added.document, 5).await;
    let outcome = published.documents[0].as_ref().unwrap();
    assert_eq!((published.sequence, outcome.had_chunks, outcome.keys.len()), (1, false, 5));
    let document = world.store.documents().get(ROOT, added.document.id).await.unwrap();
    assert_eq!((document.status, document.chunks), (DocumentStatus::Ready, 5));
    assert_eq!(document.updated_at, outcome.document.updated_at);
    assert_eq!((document.title.as_str(), document.language.as_deref()), ("Title of a.txt", Some("eng")));
    assert_eq!(
        world.store.documents().text(ROOT, document.id, 1).await.unwrap().as_deref(),
        Some("Text of a.txt 1")
    );
    assert_eq!(world.store.documents().text(ROOT, document.id, 2).await.unwrap(), None);

    let wanted = [outcome.keys[3], outcome.keys[1], 9_999_999];
    let mut rows = world.store.chunks().hydrate(ROOT, collection.id, None, &wanted).await.unwrap();
    rows.sort_by_key(|row| row.key);
    assert_eq!(rows.iter().map(|row| row.reference.ordinal).collect::<Vec<_>>(), [1, 3]);
    assert_eq!((rows[0].text.as_str(), rows[0].page), ("chunk \u{fc} 1", Some(2)));
    assert_eq!(
        (rows[0].headings.as_slice(), rows[0].span.start),
        (["Top".into(), "Part 1".into()].as_slice(), 10)
    );
    assert_eq!((rows[0].source.as_str(), rows[0].title.as_str()), ("a.txt", "Title of a.txt"));
    let ranking = world.store.chunks().for_ranking(ROOT, collection.id, &wanted).await.unwrap();
    assert_eq!(ranking.len(), 2);
    assert_eq!(ranking[0].terms, [1, 2, 3]);
    assert!(ranking[0].vector.is_some());

    let near = world.store.chunks().neighbours(ROOT, document.id, 1, 2..=9).await.unwrap();
    assert_eq!(near.iter().map(|row| row.reference.ordinal).collect::<Vec<_>>(), [2, 3, 4]);
    let page = world.store.chunks().list(ROOT, document.id, &PageRequest::new(Some(3), None)).await.unwrap();
    let rest = PageRequest::new(Some(3), page.next_cursor);
    assert_eq!(page.items.len(), 3);
    assert_eq!(world.store.chunks().list(ROOT, document.id, &rest).await.unwrap().items.len(), 2);
}

async fn a_new_version_replaces_the_chunks_of_the_one_before(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let first = world.put(&collection, "a", "one", 4).await;
    let old = world.store.chunks().keys(ROOT, collection.id).await.unwrap();
    let newer = world.add(&collection, "a", "two").await;
    assert_eq!(world.store.chunks().keys(ROOT, collection.id).await.unwrap(), old, "searchable until then");
    let published = world.publish(ROOT, &newer.document, 2).await;
    let outcome = published.documents[0].as_ref().unwrap();
    assert!(outcome.had_chunks);
    assert_eq!(world.store.chunks().keys(ROOT, collection.id).await.unwrap(), outcome.keys);
    assert!(outcome.keys.iter().all(|key| !old.contains(key)), "keys are never given again");
    let changes = world.store.chunks().changes_after(&collection.scope(), first.sequence, 100).await.unwrap();
    assert_eq!((changes[0].removed.as_slice(), changes[0].added.len()), ([first.id].as_slice(), 2));
    let all = world.store.chunks().list(ROOT, first.id, &PageRequest::default()).await.unwrap();
    assert!(all.items.iter().all(|row| row.reference.version == 2));
}

async fn publishing_what_was_removed_or_replaced_does_nothing(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let gone = world.add(&collection, "gone", "x").await;
    let old = world.add(&collection, "old", "x").await;
    let kept = world.add(&collection, "kept", "y").await;
    world.store.documents().remove(ROOT, gone.document.id, &ME).await.unwrap();
    let newer = world.add(&collection, "old", "newer").await;
    let batch: Vec<_> = [&gone, &old, &kept]
        .into_iter()
        .map(|added| {
            let mut publication = publication(ROOT, &added.document, 2);
            publication.job = added.job;
            publication
        })
        .collect();
    let published = world.store.chunks().publish(&batch).await.unwrap();
    let accepted: Vec<_> = published.documents.iter().map(Option::is_some).collect();
    assert_eq!(accepted, [false, false, true]);
    assert_eq!(world.store.chunks().keys(ROOT, collection.id).await.unwrap().len(), 2);
    let left = world.claim().await;
    assert_eq!(left.iter().map(|job| job.id).collect::<Vec<_>>(), [newer.job.unwrap()]);
    assert_eq!(world.store.documents().get(ROOT, old.document.id).await.unwrap().version, 2);
    let none = world.store.chunks().publish(&batch[..2]).await.unwrap();
    assert_eq!(none.sequence, 0, "nothing published takes no number");
}

async fn large_documents_go_through(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let document = world.put(&collection, "large", "x", 1_111).await;
    assert_eq!(document.chunks, 1_111);
    let keys = world.store.chunks().keys(ROOT, collection.id).await.unwrap();
    let rows = world.store.chunks().hydrate(ROOT, collection.id, None, &keys).await.unwrap();
    assert_eq!(rows.len(), 1_111);
    assert!(rows.iter().all(|row| row.page == Some(row.reference.ordinal + 1)));
}

async fn an_unchanged_chunk_keeps_its_vector(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let document = world.put(&collection, "a", "one", 3).await;
    let mut known = world.store.chunks().known_vectors(ROOT, document.id, MODEL).await.unwrap();
    known.sort_by_key(|known| known.content_hash);
    assert_eq!(known.len(), 3);
    assert_eq!((known[2].content_hash, known[2].vector.as_slice()), ([2; 16], [2; 8].as_slice()));
    let other = world.store.chunks().known_vectors(ROOT, document.id, ("mini", 384)).await.unwrap();
    assert!(other.is_empty(), "another embedder's vectors are of no use");
}

stories!(
    published_chunks_are_read_back,
    a_new_version_replaces_the_chunks_of_the_one_before,
    publishing_what_was_removed_or_replaced_does_nothing,
    large_documents_go_through,
    an_unchanged_chunk_keeps_its_vector,
);
