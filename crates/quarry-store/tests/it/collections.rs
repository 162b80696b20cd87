use quarry_core::{DocumentStatus, Fault as _, PageRequest};

use crate::world::{DOWN, ME, ROOT, World, stories};

async fn a_name_is_taken_once(world: &World) {
    let first = world.collection(ROOT, "reports").await;
    let new = quarry_store::NewCollection {
        name: first.name.clone(),
        description: String::new(),
        embedder: "other".into(),
        dimension: 8,
        chunking: None,
    };
    let error = world.store.collections().add(ROOT, new, &ME).await.unwrap_err();
    assert_eq!(error.code(), "collection_exists");
    assert_eq!(error.to_string(), "a collection named `reports` exists already");
    let missing = "absent".parse().unwrap();
    assert_eq!(
        world.store.collections().get(ROOT, &missing).await.unwrap_err().code(),
        "collection_not_found"
    );
}

async fn pages_cover_each_collection_once_in_byte_order(world: &World) {
    let names = ["zeta", "a-b", "a_b", "alpha", "0day", "ab"];
    for name in names {
        world.collection(ROOT, name).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(Some(2), after);
        let page = world.store.collections().list(ROOT, None, &request).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.name.to_string()));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["0day", "a-b", "a_b", "ab", "alpha", "zeta"]);
}

async fn counts_say_where_documents_are(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    world.put(&collection, "ready", "a", 3).await;
    world.add(&collection, "pending", "b").await;
    let failed = world.add(&collection, "failed", "c").await;
    world.store.documents().fail(ROOT, failed.document.id, 1, failed.job, DOWN).await.unwrap();
    let counts = world.store.collections().document_counts(ROOT, collection.id).await.unwrap();
    assert_eq!((counts.ready, counts.pending, counts.failed, counts.chunks), (1, 1, 1, 3));
    assert_eq!(counts.total(), 3);
    let page = world
        .store
        .documents()
        .list(
            ROOT,
            collection.id,
            quarry_store::DocumentFilter { status: Some(DocumentStatus::Failed), readers: None },
            &PageRequest::default(),
        )
        .await
        .unwrap();
    assert_eq!(page.items[0].error.as_deref(), Some(DOWN.reason));
}

async fn a_removed_collection_takes_everything_along(world: &World) {
    let (gone, kept) = (world.collection(ROOT, "gone").await, world.collection(ROOT, "kept").await);
    let (both, only) = ("both have this".repeat(4_000), "only here".repeat(9_000));
    let shared = world.put(&gone, "shared", &both, 2).await;
    let own = world.put(&gone, "own", &only, 2).await;
    world.put(&gone, "few", "few bytes", 2).await;
    let other = world.put(&kept, "shared", &both, 2).await;
    world.store.collections().remove(ROOT, gone.id, &ME).await.unwrap();
    assert!(world.store.collections().find(ROOT, &gone.name).await.unwrap().is_none());
    assert_eq!(world.store.documents().get(ROOT, own.id).await.unwrap_err().code(), "document_not_found");
    assert!(world.store.chunks().keys(ROOT, gone.id).await.unwrap().is_empty());
    assert_eq!(world.store.chunks().keys(ROOT, kept.id).await.unwrap().len(), 2);
    assert_eq!(world.store.blobs().get(&own.content_hash).await.unwrap_err().code(), "blob_not_found");
    assert_eq!(world.store.blobs().get(&shared.content_hash).await.unwrap(), both);
    assert_eq!(other.content_hash, shared.content_hash);
    let again = world.store.collections().remove(ROOT, gone.id, &ME).await.unwrap_err();
    assert_eq!(again.code(), "collection_not_found");
}

stories!(
    a_name_is_taken_once,
    pages_cover_each_collection_once_in_byte_order,
    counts_say_where_documents_are,
    a_removed_collection_takes_everything_along,
);
