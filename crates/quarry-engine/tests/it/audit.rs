//! The audit log: each verb that changes something writes one row, with who did it, to what, and in which request.

use std::time::Duration;

use quarry_core::{Access, AuditAction, AuditOutcome, Fault as _, Origin, PageRequest, TenantId};
use quarry_engine::{
    Engine, EngineSettings,
    agent::{AgentDefinition, NewAgent},
    audit::{AuditEntry, AuditFilter, AuditMark, Refusal},
    generations::Change,
    jobs::DeadLetters,
    sources::{NewSource, UpdateSource},
    webhooks::NewWebhook,
};
use serde_json::json;

use crate::{
    pages::Pages,
    world::{World, access, collection, found, put, stop, upload},
};

/// Looks at what each verb writes.
struct Log<'a> {
    engine: &'a Engine,
    seen: u64,
}

impl Log<'_> {
    async fn fresh(&mut self) -> Vec<AuditEntry> {
        let rows = self.engine.audit().export(&access(), self.seen + 1, None).await.unwrap();
        self.seen += rows.len() as u64;
        rows
    }

    /// That exactly one row was written since the last look.
    #[track_caller]
    fn one(&mut self, action: &'static str, object: String) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let rows = self.fresh().await;
            assert_eq!(rows.len(), 1, "{action} at {place}: {rows:?}");
            let row = &rows[0];
            assert_eq!((row.action.as_str(), row.object.clone()), (action, object), "at {place}");
            assert_eq!((row.actor.as_str(), row.outcome.as_str()), ("local", "allowed"), "{row:?}");
            assert_eq!(row.request_id.as_deref(), Some("r-1"), "{row:?}");
        }
    }
}

fn me() -> Access {
    access().with_origin(Origin { request_id: Some("r-1".to_owned()), ..Origin::default() })
}

fn settings() -> EngineSettings {
    let mut settings = EngineSettings::default();
    settings.ingest.commit_interval_ms = 5;
    settings.sources.scheduler = false;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_documents_and_collections_is_one_row() {
    let world = World::new();
    let engine = world.engine_with(settings()).await;
    let mut log = Log { engine: &engine, seen: 0 };
    let name = "notes".parse().unwrap();
    let made = engine.collections().add(&me(), &name, String::new(), Change::default()).await.unwrap();
    log.one("collection.add", made.id.to_string()).await;
    engine.collections().describe(&me(), &name, "Notes".to_owned()).await.unwrap();
    log.one("collection.describe", made.id.to_string()).await;
    let documents = engine.documents();
    let added = documents.add(&me(), &name, vec![upload("a", "Otters swim.")]).await.unwrap().remove(0);
    let id = added.document.id;
    log.one("document.add", id.to_string()).await;
    documents.add(&me(), &name, vec![upload("a", "Otters swim.")]).await.unwrap();
    assert!(log.fresh().await.is_empty(), "nothing changed");
    let two = vec![upload("b", "Seals bark."), upload("c", "Terns dive.")];
    let two = documents.add(&me(), &name, two).await.unwrap();
    log.one("document.add_many", made.id.to_string()).await;
    let all: Vec<_> = two.iter().map(|added| added.document.id).chain([id]).collect();
    documents.settled(&access(), &all, Duration::from_secs(30)).await.unwrap();
    assert!(log.fresh().await.is_empty(), "background work is no change that somebody made");
    documents.update(&me(), id, Some("Otters".to_owned()), None).await.unwrap();
    log.one("document.update", id.to_string()).await;
    documents.rename(&me(), id, "otters").await.unwrap();
    log.one("document.rename", id.to_string()).await;
    documents.remove(&me(), id).await.unwrap();
    log.one("document.remove", id.to_string()).await;
    assert_eq!(documents.remove(&me(), id).await.unwrap_err().code(), "document_not_found");
    assert!(log.fresh().await.is_empty(), "nothing changed");
    engine.index().rebuild(&me(), &name, Change::default(), &|_, _| {}).await.unwrap();
    log.one("collection.index", made.id.to_string()).await;
    assert!(!engine.index().repair(&me(), &name).await.unwrap().rebuilt);
    assert!(log.fresh().await.is_empty(), "nothing was mended");
    let change = Change { embedder: Some("negated".to_owned()), chunking: None };
    engine.index().rebuild(&me(), &name, change, &|_, _| {}).await.unwrap();
    let rows = log.fresh().await;
    let actions: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.actor.as_str())).collect();
    assert_eq!(actions, [("generation.begin", "local"), ("collection.generation", "system:generation")]);
    let kept = engine.generations().list(&access(), &name).await.unwrap();
    let kept = kept.iter().find(|one| one.state.as_str() == "kept").unwrap().number;
    engine.generations().remove(&me(), &name, kept).await.unwrap();
    log.one("generation.drop", made.id.to_string()).await;
    engine.collections().remove(&me(), &name).await.unwrap();
    log.one("collection.remove", made.id.to_string()).await;
    assert!(engine.audit().verify(&access(), None).await.unwrap().intact);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_agents_sessions_and_facts_is_one_row() {
    let world = World::new();
    let engine = world.engine_with(settings()).await;
    let mut log = Log { engine: &engine, seen: 0 };
    let agents = engine.agents();
    let definition = AgentDefinition::default();
    let new = NewAgent { name: "guide".to_owned(), definition: definition.clone() };
    let agent = agents.add(&me(), new).await.unwrap();
    log.one("agent.add", agent.id.to_string()).await;
    agents.update(&me(), "guide", None, Some("helper".to_owned()), definition).await.unwrap();
    log.one("agent.update", agent.id.to_string()).await;

    let sessions = engine.sessions();
    let session = sessions.add(&me(), Some("helper"), None).await.unwrap();
    log.one("session.add", session.id.to_string()).await;
    sessions.rename(&me(), session.id, "A trip of ours").await.unwrap();
    log.one("session.rename", session.id.to_string()).await;
    sessions.erase(&me(), session.id).await.unwrap();
    log.one("session.erase", session.id.to_string()).await;

    let facts = engine.facts();
    let fact = facts.add(&me(), "The user is called Ada.", None).await.unwrap();
    log.one("fact.add", fact.id.to_string()).await;
    facts.add(&me(), "The user is called Ada.", None).await.unwrap();
    assert!(log.fresh().await.is_empty(), "it was known");
    facts.update(&me(), fact.id, "The user is called Eve.").await.unwrap();
    log.one("fact.update", fact.id.to_string()).await;
    facts.erase(&me(), fact.id).await.unwrap();
    log.one("fact.erase", fact.id.to_string()).await;
    facts.erase_all(&me()).await.unwrap();
    log.one("fact.erase_all", "local".to_owned()).await;

    agents.remove(&me(), "helper").await.unwrap();
    log.one("agent.remove", agent.id.to_string()).await;
    let all = engine.audit().export(&access(), 0, None).await.unwrap();
    let text = serde_json::to_string(&all).unwrap();
    for personal in ["Ada", "Eve", "trip"] {
        assert!(!text.contains(personal), "{text}");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_of_jobs_history_sources_and_webhooks_is_one_row() {
    let mut world = World::new();
    let pages = Pages::start().await;
    world.outbound = pages.opened();
    let engine = world.engine_with(settings()).await;
    let mut log = Log { engine: &engine, seen: 0 };
    let name = "moody".parse().unwrap();
    let change = Change { embedder: Some("moody".to_owned()), chunking: None };
    engine.collections().add(&access(), &name, String::new(), change).await.unwrap();
    let bad = vec![upload("bad", "Something unspeakable.")];
    let bad = engine.documents().add(&access(), &name, bad).await.unwrap().remove(0).document.id;
    let wait = Duration::from_secs(30);
    engine.documents().settled(&access(), &[bad], wait).await.unwrap();
    log.fresh().await;
    let jobs = engine.jobs();
    let dead = jobs.dead(&access(), &DeadLetters::default(), &PageRequest::default()).await.unwrap();
    let job = dead.items[0].id;
    jobs.retry(&me(), job).await.unwrap();
    log.one("job.revive", job.to_string()).await;
    engine.documents().settled(&access(), &[bad], wait).await.unwrap();
    jobs.drop_one(&me(), job).await.unwrap();
    log.one("job.drop", job.to_string()).await;

    put(&engine, vec![upload("a", "Granite is hard.")]).await;
    log.fresh().await;
    found(&engine, "granite").await;
    assert!(log.fresh().await.is_empty(), "questions are in the history");
    let asked =
        engine.history().list(&access(), None, &PageRequest::default()).await.unwrap().items.remove(0).id;
    engine.history().erase(&me(), asked).await.unwrap();
    log.one("history.erase", asked.to_string()).await;

    let sources = engine.sources();
    let new: NewSource = serde_json::from_value(json!({
        "name": "site", "kind": "web", "urls": [pages.url("/page")], "collection": collection(),
    }))
    .unwrap();
    let source = sources.add(&me(), new).await.unwrap();
    log.one("source.add", source.id.to_string()).await;
    let change = UpdateSource { paused: Some(true), ..UpdateSource::default() };
    sources.update(&me(), "site", change).await.unwrap();
    log.one("source.update", source.id.to_string()).await;
    sources.remove(&me(), "site", false).await.unwrap();
    log.one("source.remove", source.id.to_string()).await;

    let hook = NewWebhook { url: pages.url("/hook"), events: Vec::new(), collection: None };
    let hook = engine.webhooks().add(&me(), hook).await.unwrap();
    log.one("webhook.add", hook.id.to_string()).await;
    engine.webhooks().test(&me(), hook.id).await.unwrap();
    log.one("webhook.test", hook.id.to_string()).await;
    engine.webhooks().remove(&me(), hook.id).await.unwrap();
    log.one("webhook.remove", hook.id.to_string()).await;
    stop(engine).await;
}

fn refusal(request: &str) -> Refusal {
    Refusal {
        tenant: TenantId::ROOT,
        actor: None,
        origin: Origin {
            address: Some("192.0.2.1".parse().unwrap()),
            request_id: Some(request.to_owned()),
            ..Origin::default()
        },
        action: AuditAction::Login,
        object: "key".to_owned(),
        code: "unauthenticated",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_written_and_a_flood_of_them_is_counted() {
    let world = World::new();
    let engine = world.engine_with(settings()).await;
    engine.audit().refused(refusal("first"));
    let only = AuditFilter { request_id: Some("first".to_owned()), ..AuditFilter::default() };
    let page = engine.audit().list(&access(), &only, &PageRequest::default()).await.unwrap();
    let row = &page.items[0];
    assert_eq!((row.actor.as_str(), row.action.as_str()), ("anonymous", "login"));
    assert_eq!((row.outcome.as_str(), row.address.as_deref()), ("refused", Some("192.0.2.1")));
    assert_eq!(row.details, json!({"code": "unauthenticated"}));
    for number in 0..500 {
        engine.audit().refused(refusal(&format!("more {number}")));
    }
    let refused = AuditFilter { outcome: Some(AuditOutcome::Refused), ..AuditFilter::default() };
    let page = engine.audit().list(&access(), &refused, &PageRequest::new(Some(500), None)).await.unwrap();
    // Ten a minute; the test may see a minute end.
    assert!(page.items.len() <= 22, "{}", page.items.len());
    stop(engine).await;
    // What was left out is counted at the latest when the engine stops.
    let again = world.engine_with(settings()).await;
    let page = again.audit().list(&access(), &refused, &PageRequest::new(Some(500), None)).await.unwrap();
    let counted: u64 = page.items.iter().filter_map(|row| row.details["left_out"].as_u64()).sum();
    let written = page.items.iter().filter(|row| row.details["left_out"].is_null()).count() as u64;
    assert_eq!(counted + written, 501);
    assert!(again.audit().verify(&access(), None).await.unwrap().intact);
    stop(again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_place_is_compared() {
    let world = World::new();
    let engine = world.engine_with(settings()).await;
    engine.audit().noted(&me(), AuditAction::Login, "key".to_owned(), json!({})).await.unwrap();
    let found = engine.audit().verify(&access(), None).await.unwrap();
    let head = found.head.unwrap();
    assert!(engine.audit().verify(&access(), Some(&head)).await.unwrap().intact);
    let other = AuditMark { hash: "0".repeat(64), ..head };
    let found = engine.audit().verify(&access(), Some(&other)).await.unwrap();
    assert_eq!(found.fault.map(|fault| (fault.number, fault.what.as_str())), Some((1, "rewritten")));
    stop(engine).await;
}
