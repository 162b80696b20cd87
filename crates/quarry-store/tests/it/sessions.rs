//! Conversations and their messages.

use std::time::Duration;

use quarry_core::{AgentId, Clock as _, Cursor, Fault as _, PageRequest, RunId, SessionId, TenantId};
use quarry_store::{AuditFilter, NewMessage, SessionRow, StoreError};
use serde_json::json;

use crate::world::{ME, ROOT, World, stories};

async fn session(world: &World, tenant: TenantId, user: &str) -> SessionRow {
    let now = world.clock.now();
    let row = SessionRow {
        id: SessionId::new(),
        tenant,
        user: user.into(),
        agent_id: Some(AgentId::new()),
        title: "New".into(),
        summary: String::new(),
        summarised_through: 0,
        created_at: now,
        updated_at: now,
    };
    world.store.sessions().add(&ME, row.clone()).await.unwrap();
    row
}

fn message(world: &World, content: &str) -> NewMessage {
    NewMessage {
        role: "user".into(),
        content: content.into(),
        run_id: Some(RunId::new()),
        details: json!({"citations": [1]}),
        at: world.clock.now(),
    }
}

fn absent<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().code(), "session_not_found");
}

async fn sessions_are_listed_newest_first_and_renamed(world: &World) {
    let sessions = world.store.sessions();
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(session(world, ROOT, "me").await);
    }
    session(world, ROOT, "you").await;
    assert_eq!(sessions.get(ROOT, "me", all[0].id).await.unwrap(), all[0]);
    assert_eq!(sessions.add(&ME, all[0].clone()).await.unwrap_err().code(), "session_exists");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = sessions.list(ROOT, "me", &PageRequest::new(Some(2), after)).await.unwrap();
        seen.extend(page.items.into_iter().map(|item| item.id));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all.iter().rev().map(|item| item.id).collect::<Vec<_>>());
    let foreign = PageRequest::new(None, Some(Cursor("YQ".into())));
    assert_eq!(sessions.list(ROOT, "me", &foreign).await.unwrap_err().code(), "invalid_cursor");
    world.clock.advance(Duration::from_secs(9));
    let renamed = sessions.rename(&ME, ROOT, "me", all[1].id, "Trip").await.unwrap();
    assert_eq!((renamed.title.as_str(), renamed.updated_at), ("Trip", world.clock.now()));
    assert_eq!(sessions.get(ROOT, "me", all[1].id).await.unwrap(), renamed);
}

async fn messages_are_numbered_without_gaps_by_many_writers(world: &World) {
    let sessions = world.store.sessions();
    let row = session(world, ROOT, "me").await;
    world.clock.advance(Duration::from_secs(1));
    let writers = (0..12).map(|writer| {
        let pair =
            vec![message(world, &format!("{writer} asks")), message(world, &format!("{writer} answers"))];
        sessions.append(ROOT, row.id, pair)
    });
    let mut numbers = Vec::new();
    for outcome in futures::future::join_all(writers).await {
        let pair = outcome.unwrap();
        assert_eq!(pair[0] + 1, pair[1], "one call's messages stand together");
        numbers.extend(pair);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
    assert_eq!(sessions.get(ROOT, "me", row.id).await.unwrap().updated_at, world.clock.now());

    let page = sessions.messages(ROOT, row.id, &PageRequest::new(Some(20), None)).await.unwrap();
    assert_eq!(page.items.len(), 20);
    let rest = sessions.messages(ROOT, row.id, &PageRequest::new(Some(20), page.next_cursor)).await.unwrap();
    assert_eq!(rest.items.iter().map(|item| item.number).collect::<Vec<_>>(), [21, 22, 23, 24]);
    assert!(rest.next_cursor.is_none());
    assert_eq!(sessions.after(ROOT, row.id, 20, 2).await.unwrap(), rest.items[..2]);
    assert_eq!(sessions.recent(ROOT, row.id, 3).await.unwrap(), rest.items[1..]);
    assert_eq!(rest.items[3].details, json!({"citations": [1]}));
    assert!(sessions.append(ROOT, row.id, Vec::new()).await.unwrap().is_empty());
    absent(sessions.append(ROOT, SessionId::new(), vec![message(world, "x")]).await);
}

async fn a_summary_only_moves_forward(world: &World) {
    let sessions = world.store.sessions();
    let row = session(world, ROOT, "me").await;
    assert!(!sessions.summarise(ROOT, row.id, "of nothing", 1).await.unwrap());
    let four = (0..4).map(|number| message(world, &number.to_string())).collect();
    sessions.append(ROOT, row.id, four).await.unwrap();
    assert!(sessions.summarise(ROOT, row.id, "three", 3).await.unwrap());
    for (late, through) in [("one", 1), ("another three", 3), ("five", 5)] {
        assert!(!sessions.summarise(ROOT, row.id, late, through).await.unwrap(), "{late}");
    }
    let kept = sessions.get(ROOT, "me", row.id).await.unwrap();
    assert_eq!((kept.summary.as_str(), kept.summarised_through), ("three", 3));
    absent(sessions.summarise(ROOT, SessionId::new(), "x", 1).await);
}

async fn sessions_belong_to_a_user_of_a_tenant(world: &World) {
    let sessions = world.store.sessions();
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let row = session(world, ROOT, "me").await;
    sessions.append(ROOT, row.id, vec![message(world, "secret")]).await.unwrap();
    let all = PageRequest::default();
    for (tenant, user) in [(ROOT, "you"), (other, "me"), (ROOT, "")] {
        absent(sessions.get(tenant, user, row.id).await);
        absent(sessions.rename(&ME, tenant, user, row.id, "x").await);
        absent(sessions.erase(&ME, tenant, user, row.id).await);
        assert!(sessions.list(tenant, user, &all).await.unwrap().items.is_empty());
    }
    absent(sessions.append(other, row.id, vec![message(world, "x")]).await);
    absent(sessions.summarise(other, row.id, "x", 1).await);
    assert!(sessions.messages(other, row.id, &all).await.unwrap().items.is_empty());
    assert!(sessions.after(other, row.id, 0, 9).await.unwrap().is_empty());
    assert!(sessions.recent(other, row.id, 9).await.unwrap().is_empty());
    // The same id in another tenant is another session.
    sessions.add(&ME, SessionRow { tenant: other, ..row.clone() }).await.unwrap();
    sessions.append(other, row.id, vec![message(world, "theirs")]).await.unwrap();
    sessions.erase(&ME, other, "me", row.id).await.unwrap();
    assert_eq!(sessions.get(ROOT, "me", row.id).await.unwrap().title, "New");
    assert_eq!(sessions.recent(ROOT, row.id, 9).await.unwrap()[0].content, "secret");
}

async fn an_erased_session_leaves_no_messages(world: &World) {
    let sessions = world.store.sessions();
    let row = session(world, ROOT, "me").await;
    sessions.append(ROOT, row.id, vec![message(world, "a\0b"), message(world, "c")]).await.unwrap();
    sessions.erase(&ME, ROOT, "me", row.id).await.unwrap();
    absent(sessions.get(ROOT, "me", row.id).await);
    absent(sessions.erase(&ME, ROOT, "me", row.id).await);
    sessions.add(&ME, row.clone()).await.unwrap();
    assert!(sessions.recent(ROOT, row.id, 9).await.unwrap().is_empty());
    let audit =
        world.store.audit().list(ROOT, &AuditFilter::default(), &PageRequest::default()).await.unwrap().items;
    assert_eq!(audit.len(), 2, "{audit:?}");
    assert_eq!((audit[0].action.as_str(), &audit[0].details), ("session.erase", &json!({"messages": 2})));
}

stories!(
    sessions_are_listed_newest_first_and_renamed,
    messages_are_numbered_without_gaps_by_many_writers,
    a_summary_only_moves_forward,
    sessions_belong_to_a_user_of_a_tenant,
    an_erased_session_leaves_no_messages,
);
