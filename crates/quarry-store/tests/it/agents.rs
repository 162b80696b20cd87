//! Agents and their versions.

use quarry_core::{AgentId, Clock as _, Fault as _, PageRequest, TenantId};
use quarry_store::{AgentChange, AgentRow, AuditFilter, NewAgent, StoreError};
use serde_json::{Value, json};

use crate::world::{ME, ROOT, World, stories};

pub async fn agent(world: &World, tenant: TenantId, name: &str) -> Result<AgentRow, StoreError> {
    let new = NewAgent {
        tenant,
        id: AgentId::new(),
        name: name.into(),
        definition: json!({"instructions": name}),
        created_at: world.clock.now(),
    };
    world.store.agents().add(&ME, new).await
}

fn change(world: &World, expected: Option<u32>, name: Option<&str>, definition: Value) -> AgentChange {
    AgentChange {
        expected_version: expected,
        name: name.map(str::to_owned),
        definition,
        at: world.clock.now(),
    }
}

async fn every_change_of_an_agent_is_a_version(world: &World) {
    let agents = world.store.agents();
    let first = agent(world, ROOT, "helper").await.unwrap();
    assert_eq!((first.version, first.created_at), (1, world.clock.now()));
    assert_eq!(agents.get(ROOT, first.id).await.unwrap(), first);
    assert_eq!(agents.find_by_name(ROOT, "helper").await.unwrap().unwrap(), first);
    world.clock.advance(std::time::Duration::from_secs(5));
    let renamed = change(world, Some(1), Some("h\u{e9}lper"), json!({"n": 2}));
    let second = agents.update(&ME, ROOT, first.id, renamed).await.unwrap();
    assert_eq!((second.version, second.name.as_str()), (2, "h\u{e9}lper"));
    assert!(second.updated_at > second.created_at);
    assert_eq!(agents.get(ROOT, first.id).await.unwrap(), second);
    assert!(agents.find_by_name(ROOT, "helper").await.unwrap().is_none());

    let old = agents.version(ROOT, first.id, 1).await.unwrap();
    assert_eq!((old.name.as_str(), &old.definition), ("helper", &json!({"instructions": "helper"})));
    let third = agents.update(&ME, ROOT, first.id, change(world, None, None, json!({"n": 3}))).await.unwrap();
    assert_eq!((third.version, third.name.as_str()), (3, "h\u{e9}lper"));
    let page = agents.versions(ROOT, first.id, &PageRequest::new(Some(2), None)).await.unwrap();
    assert_eq!(page.items.iter().map(|item| item.version).collect::<Vec<_>>(), [3, 2]);
    let rest = agents.versions(ROOT, first.id, &PageRequest::new(Some(2), page.next_cursor)).await.unwrap();
    assert_eq!(rest.items, [old]);
    assert!(rest.next_cursor.is_none());

    let error = agents.version(ROOT, first.id, 4).await.unwrap_err();
    assert_eq!(error.code(), "agent_version_not_found");
    let error = agents.version(ROOT, AgentId::new(), 1).await.unwrap_err();
    assert_eq!(error.code(), "agent_not_found");
}

async fn an_agent_that_changed_meanwhile_is_a_conflict(world: &World) {
    let agents = world.store.agents();
    let row = agent(world, ROOT, "a").await.unwrap();
    let updates = (0..6).map(|number| {
        let change = change(world, Some(1), None, json!({"writer": number}));
        agents.update(&ME, ROOT, row.id, change)
    });
    let outcomes = futures::future::join_all(updates).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), "agent_changed");
        assert!(error.to_string().starts_with("the agent is at version 2, not 1"), "{error}");
    }
    assert_eq!(agents.get(ROOT, row.id).await.unwrap().version, 2, "a refused change leaves no trace");
    let all = PageRequest::default();
    assert_eq!(agents.versions(ROOT, row.id, &all).await.unwrap().items.len(), 2);
}

async fn names_of_agents_are_taken_once(world: &World) {
    let agents = world.store.agents();
    let added = futures::future::join_all((0..4).map(|_| agent(world, ROOT, "same"))).await;
    assert_eq!(added.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(added.iter().filter_map(|outcome| outcome.as_ref().err()).all(|e| e.code() == "agent_exists"));
    let other = agent(world, ROOT, "other").await.unwrap();
    let error =
        agents.update(&ME, ROOT, other.id, change(world, None, Some("same"), json!({}))).await.unwrap_err();
    assert_eq!(error.code(), "agent_exists");
    assert_eq!(agents.get(ROOT, other.id).await.unwrap(), other);
    let unknown = agent(world, TenantId::new(), "x").await.unwrap_err();
    assert_eq!(unknown.code(), "tenant_not_found");

    for name in ["b", "a", "B"] {
        agent(world, ROOT, name).await.unwrap();
    }
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = agents.list(ROOT, &PageRequest::new(Some(2), after)).await.unwrap();
        names.extend(page.items.into_iter().map(|item| item.name));
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["B", "a", "b", "other", "same"]);
}

async fn a_removed_agent_frees_its_name_and_leaves_its_versions(world: &World) {
    let agents = world.store.agents();
    let gone = agent(world, ROOT, "a").await.unwrap();
    agents.remove(&ME, ROOT, gone.id, world.clock.now()).await.unwrap();
    assert_eq!(agents.get(ROOT, gone.id).await.unwrap_err().code(), "agent_not_found");
    let again = agents.remove(&ME, ROOT, gone.id, world.clock.now()).await;
    assert_eq!(again.unwrap_err().code(), "agent_not_found");
    let update = agents.update(&ME, ROOT, gone.id, change(world, None, None, json!({}))).await;
    assert_eq!(update.unwrap_err().code(), "agent_not_found");
    assert_eq!(agents.version(ROOT, gone.id, 1).await.unwrap().name, "a");
    assert_eq!(agents.version(ROOT, gone.id, 2).await.unwrap_err().code(), "agent_version_not_found");
    assert_ne!(agent(world, ROOT, "a").await.unwrap().id, gone.id);

    let audit =
        world.store.audit().list(ROOT, &AuditFilter::default(), &PageRequest::default()).await.unwrap().items;
    let actions: Vec<_> = audit.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["agent.add", "agent.remove", "agent.add"]);
    assert_eq!(audit[1].details, json!({"name": "a", "version": 1}));
}

async fn agents_belong_to_a_tenant(world: &World) {
    let agents = world.store.agents();
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let mine = agent(world, ROOT, "same").await.unwrap();
    let theirs = agent(world, other, "same").await.unwrap();
    assert_eq!(agents.find_by_name(other, "same").await.unwrap().unwrap().id, theirs.id);
    assert_eq!(agents.list(other, &PageRequest::default()).await.unwrap().items, [theirs]);
    let now = world.clock.now();
    let refused = [
        agents.get(other, mine.id).await.err(),
        agents.version(other, mine.id, 1).await.err(),
        agents.versions(other, mine.id, &PageRequest::default()).await.err(),
        agents.update(&ME, other, mine.id, change(world, None, None, json!({}))).await.err(),
        agents.remove(&ME, other, mine.id, now).await.err(),
    ];
    assert!(refused.iter().all(|error| error.as_ref().unwrap().code() == "agent_not_found"), "{refused:?}");
    assert_eq!(agents.get(ROOT, mine.id).await.unwrap(), mine);
}

stories!(
    every_change_of_an_agent_is_a_version,
    an_agent_that_changed_meanwhile_is_a_conflict,
    names_of_agents_are_taken_once,
    a_removed_agent_frees_its_name_and_leaves_its_versions,
    agents_belong_to_a_tenant,
);
