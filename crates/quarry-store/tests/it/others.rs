use quarry_core::{Clock as _, Fault as _, PageRequest, QueryId};
use quarry_store::{HistoryFilter, NewHistory, Remembered};

use crate::world::{ME, ROOT, World, stories};

async fn questions_are_kept_newest_first_until_erased(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let entries: Vec<_> = (0..7)
        .map(|number| NewHistory {
            id: QueryId::new(),
            tenant: ROOT,
            collection: (number % 2 == 0).then_some(collection.id),
            actor: "key:reader".into(),
            kind: "query",
            question: format!("Question {number}?"),
            answer: Some("Yes.".into()),
            details: serde_json::json!({"citations": [number]}).to_string(),
            micros: 1_200,
            created_at: world.clock.now(),
        })
        .collect();
    world.store.history().add(entries.clone()).await.unwrap();
    let history = world.store.history();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page =
            history.list(ROOT, HistoryFilter::default(), &PageRequest::new(Some(3), after)).await.unwrap();
        seen.extend(page.items.into_iter().map(|entry| entry.id));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, entries.iter().rev().map(|entry| entry.id).collect::<Vec<_>>());
    let of_one = history
        .list(ROOT, HistoryFilter { collection: Some(collection.id), actor: None }, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(of_one.items.len(), 4);
    let one = history.get(ROOT, entries[3].id).await.unwrap();
    assert_eq!((one.question.as_str(), one.details.to_string()), ("Question 3?", entries[3].details.clone()));
    history.erase(&ME, ROOT, one.id).await.unwrap();
    assert_eq!(history.get(ROOT, one.id).await.unwrap_err().code(), "history_not_found");
}

async fn the_first_kept_answer_stays(world: &World) {
    let answer = |body: &str| Remembered {
        fingerprint: "f".into(),
        status: 202,
        content_type: "application/json".into(),
        body: body.as_bytes().to_vec(),
        created_at: world.clock.now(),
    };
    let kept = world.store.idempotency();
    assert!(kept.put(ROOT, "k", &answer("first")).await.unwrap());
    assert!(!kept.put(ROOT, "k", &answer("second")).await.unwrap());
    assert_eq!(kept.find(ROOT, "k").await.unwrap().unwrap(), answer("first"));
    assert_eq!(kept.prune(world.clock.now()).await.unwrap(), 0);
}

async fn text_with_a_zero_character_keeps_its_positions(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let added = world.add(&collection, "a", "x").await;
    let mut publication = crate::world::publication(ROOT, &added.document, 1);
    publication.text = "a\0b".into();
    publication.chunks[0].text = "a\0b".into();
    let published = world.store.chunks().publish(&[publication]).await.unwrap();
    let keys = &published.documents[0].as_ref().unwrap().keys;
    let row = world.store.chunks().hydrate(ROOT, collection.id, keys).await.unwrap().remove(0);
    assert_eq!(row.text.chars().count(), 3);
    assert!(row.text.starts_with('a') && row.text.ends_with('b'));
}

stories!(
    questions_are_kept_newest_first_until_erased,
    the_first_kept_answer_stays,
    text_with_a_zero_character_keeps_its_positions,
);
