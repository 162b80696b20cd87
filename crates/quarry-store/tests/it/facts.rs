//! What is remembered about users.

use std::time::Duration;

use quarry_core::{Clock as _, FactId, Fault as _, PageRequest, SessionId, TenantId};
use quarry_store::{AuditFilter, FactChange, FactRow, MAX_FACTS, StoreError};
use serde_json::json;

use crate::world::{ME, ROOT, World, stories};

fn fact(world: &World, tenant: TenantId, user: &str, text: &str) -> FactRow {
    let now = world.clock.now();
    FactRow {
        id: FactId::new(),
        tenant,
        user: user.into(),
        text: text.into(),
        vector: vec![0.25, -1.5, f32::MIN_POSITIVE],
        embedder: "static-en-256".into(),
        session_id: Some(SessionId::new()),
        created_at: now,
        updated_at: now,
    }
}

fn change(world: &World, text: &str) -> FactChange {
    FactChange { text: text.into(), vector: vec![9.0], embedder: "other".into(), at: world.clock.now() }
}

fn absent<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().code(), "fact_not_found");
}

async fn facts_are_kept_changed_and_erased(world: &World) {
    let facts = world.store.facts();
    let mut rows = Vec::new();
    for text in ["likes tea", "lives in Oslo", "is an engineer"] {
        rows.push(fact(world, ROOT, "me", text));
        facts.add(&ME, rows[rows.len() - 1].clone()).await.unwrap();
    }
    assert_eq!(facts.get(ROOT, "me", rows[0].id).await.unwrap(), rows[0]);
    assert_eq!(facts.all(ROOT, "me").await.unwrap(), rows);
    let page = facts.list(ROOT, "me", &PageRequest::new(Some(2), None)).await.unwrap();
    assert_eq!(page.items, [rows[2].clone(), rows[1].clone()]);
    let rest = facts.list(ROOT, "me", &PageRequest::new(Some(2), page.next_cursor)).await.unwrap();
    assert_eq!((rest.items.len(), rest.next_cursor.is_none()), (1, true));

    world.clock.advance(Duration::from_secs(3));
    let changed = facts.update(&ME, ROOT, "me", rows[1].id, change(world, "lives in Bergen")).await.unwrap();
    assert_eq!((changed.text.as_str(), changed.vector.as_slice()), ("lives in Bergen", &[9.0][..]));
    assert!(changed.updated_at > changed.created_at);
    assert_eq!(facts.get(ROOT, "me", rows[1].id).await.unwrap(), changed);

    facts.erase(&ME, ROOT, "me", rows[0].id).await.unwrap();
    absent(facts.get(ROOT, "me", rows[0].id).await);
    absent(facts.erase(&ME, ROOT, "me", rows[0].id).await);
    absent(facts.update(&ME, ROOT, "me", rows[0].id, change(world, "x")).await);
    assert_eq!(facts.erase_all(&ME, ROOT, "me").await.unwrap(), 2);
    assert_eq!(facts.erase_all(&ME, ROOT, "me").await.unwrap(), 0);
    assert!(facts.all(ROOT, "me").await.unwrap().is_empty());
    let audit =
        world.store.audit().list(ROOT, &AuditFilter::default(), &PageRequest::default()).await.unwrap().items;
    let actions: Vec<_> = audit
        .iter()
        .rev()
        .filter(|entry| entry.action.starts_with("fact.erase"))
        .map(|entry| (entry.action.as_str(), &entry.details))
        .collect();
    assert_eq!(
        actions,
        [
            ("fact.erase", &json!({})),
            ("fact.erase_all", &json!({"facts": 2})),
            ("fact.erase_all", &json!({"facts": 0})),
        ]
    );
}

async fn facts_belong_to_a_user_of_a_tenant(world: &World) {
    let facts = world.store.facts();
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let mine = fact(world, ROOT, "me", "secret");
    facts.add(&ME, mine.clone()).await.unwrap();
    for (tenant, user) in [(ROOT, "you"), (other, "me"), (ROOT, "")] {
        absent(facts.get(tenant, user, mine.id).await);
        absent(facts.update(&ME, tenant, user, mine.id, change(world, "x")).await);
        absent(facts.erase(&ME, tenant, user, mine.id).await);
        assert_eq!(facts.erase_all(&ME, tenant, user).await.unwrap(), 0);
        assert!(facts.all(tenant, user).await.unwrap().is_empty());
        assert!(facts.list(tenant, user, &PageRequest::default()).await.unwrap().items.is_empty());
    }
    assert_eq!(facts.all(ROOT, "me").await.unwrap(), [mine]);
}

async fn a_user_has_so_many_facts_at_most(world: &World) {
    let facts = world.store.facts();
    let most = MAX_FACTS as usize;
    for _ in 0..most - 2 {
        facts.add(&ME, fact(world, ROOT, "me", "x")).await.unwrap();
    }
    let last = futures::future::join_all((0..6).map(|_| facts.add(&ME, fact(world, ROOT, "me", "x")))).await;
    assert_eq!(last.iter().filter(|outcome| outcome.is_ok()).count(), 2);
    for error in last.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), "too_many_facts");
        assert!(error.to_string().starts_with("1000 facts are remembered"), "{error}");
    }
    let all = facts.all(ROOT, "me").await.unwrap();
    assert_eq!(all.len(), most);
    facts.add(&ME, fact(world, ROOT, "you", "others have room")).await.unwrap();
    facts.erase(&ME, ROOT, "me", all[7].id).await.unwrap();
    absent(facts.erase(&ME, ROOT, "me", all[7].id).await);
    facts.add(&ME, fact(world, ROOT, "me", "one went, one comes")).await.unwrap();
    assert_eq!(facts.add(&ME, fact(world, ROOT, "me", "x")).await.unwrap_err().code(), "too_many_facts");
    facts.erase_all(&ME, ROOT, "me").await.unwrap();
    facts.add(&ME, fact(world, ROOT, "me", "room again")).await.unwrap();
}

stories!(
    facts_are_kept_changed_and_erased,
    facts_belong_to_a_user_of_a_tenant,
    a_user_has_so_many_facts_at_most,
);
