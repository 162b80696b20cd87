//! Webhooks: what addresses are told, how it is signed, and how often it is tried.

use std::{sync::Arc, time::Duration};

use quarry_core::{Clock as _, Fault as _, PageRequest, Timestamp, WebhookId, clock::ManualClock};
use quarry_engine::{
    Engine, EngineSettings,
    signature::sign,
    webhooks::{DeliveryInfo, DeliveryState, NewWebhook},
};
use serde_json::Value;

use crate::{
    pages::Pages,
    world::{World, access, put, stop, upload},
};

fn settings() -> EngineSettings {
    let mut settings = EngineSettings::default();
    settings.ingest.commit_interval_ms = 5;
    settings.sources.scheduler = false;
    settings
}

fn hook(url: String) -> NewWebhook {
    NewWebhook { url, events: Vec::new(), collection: None }
}

async fn messages(engine: &Engine, id: WebhookId) -> Vec<DeliveryInfo> {
    engine.webhooks().deliveries(&access(), id, &PageRequest::default()).await.unwrap().items
}

struct Told {
    clock: Arc<ManualClock>,
    world: World,
    pages: Pages,
}

impl Told {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
        let pages = Pages::start().await;
        let mut world = World::new();
        world.clock = Arc::<ManualClock>::clone(&clock);
        world.outbound = pages.opened();
        Self { clock, world, pages }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_told_what_became_of_documents() {
    let told = Told::new().await;
    let engine = told.world.engine_with(settings()).await;
    told.pages.put("/hook", "thanks");
    let made = engine.webhooks().add(&access(), hook(told.pages.url("/hook"))).await.unwrap();
    let secret = made.secret.clone().unwrap();
    assert_eq!(made.events, ["document.ready", "document.dead"]);
    let document = put(&engine, vec![upload("otters", "Otters swim.")]).await.remove(0);
    assert_eq!(engine.webhooks().send_due().await.unwrap(), 1);
    let asked = told.pages.asked().remove(0);
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(body["event"], "document.ready");
    assert_eq!(body["data"]["document_id"], document.id.to_string());
    assert_eq!(asked.headers["x-quarry-event"], "document.ready");
    assert_eq!(asked.headers["x-quarry-delivery"], body["id"].as_str().unwrap());
    assert_eq!(asked.headers["x-quarry-signature"], sign(&secret, told.clock.now(), &asked.body));
    let message = messages(&engine, made.id).await.remove(0);
    assert_eq!((message.state, message.status, message.attempt), (DeliveryState::Delivered, Some(200), 1));
    assert_eq!(engine.webhooks().send_due().await.unwrap(), 0);

    let test = engine.webhooks().test(&access(), made.id).await.unwrap();
    assert_eq!((test.state, test.event.as_str()), (DeliveryState::Delivered, "test"));
    engine.webhooks().remove(&access(), made.id).await.unwrap();
    assert_eq!(engine.webhooks().test(&access(), made.id).await.unwrap_err().code(), "webhook_not_found");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_sent_again_for_a_day_and_survives_a_crash() {
    let told = Told::new().await;
    let engine = told.world.engine_with(settings()).await;
    told.pages.status("/hook", 500);
    let made = engine.webhooks().add(&access(), hook(told.pages.url("/hook"))).await.unwrap();
    put(&engine, vec![upload("otters", "Otters swim.")]).await;
    assert_eq!(engine.webhooks().send_due().await.unwrap(), 1);
    let waiting = messages(&engine, made.id).await.remove(0);
    assert_eq!((waiting.state, waiting.status), (DeliveryState::Waiting, Some(500)));
    assert!(waiting.error.unwrap().contains("status 500"));
    assert_eq!(engine.webhooks().send_due().await.unwrap(), 0, "not before its time");
    engine.abandon().await;

    let engine = told.world.engine_with(settings()).await;
    told.clock.advance(Duration::from_secs(6));
    assert_eq!(engine.webhooks().send_due().await.unwrap(), 1);
    let asked = told.pages.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].headers["x-quarry-delivery"], asked[1].headers["x-quarry-delivery"]);
    assert_ne!(asked[0].headers["x-quarry-signature"], asked[1].headers["x-quarry-signature"], "signed anew");
    let mut tries = 2;
    while messages(&engine, made.id).await[0].state == DeliveryState::Waiting {
        told.clock.advance(Duration::from_secs(1_800));
        tries += engine.webhooks().send_due().await.unwrap();
        assert!(tries < 40, "it is given up");
    }
    assert!(tries > 8, "{tries}");
    let dead = messages(&engine, made.id).await.remove(0);
    assert_eq!((dead.state, dead.due_at), (DeliveryState::Dead, None));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_tells_by_itself() {
    let pages = Pages::start().await;
    let mut world = World::new();
    world.outbound = pages.opened();
    let mut settings = settings();
    settings.sources.scheduler = true;
    let engine = world.engine_with(settings).await;
    pages.put("/hook", "thanks");
    let made = engine.webhooks().add(&access(), hook(pages.url("/hook"))).await.unwrap();
    put(&engine, vec![upload("otters", "Otters swim.")]).await;
    for _ in 0..2_000 {
        if messages(&engine, made.id).await[0].state == DeliveryState::Delivered {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(pages.asked().len(), 1);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_and_nonsense_are_refused() {
    let pages = Pages::start().await;
    let world = World::new();
    let engine = world.engine_with(settings()).await;
    for (new, pointer) in [
        (hook("ftp://a/b".into()), "/url"),
        (hook("nonsense".into()), "/url"),
        (NewWebhook { events: vec!["document.sung".into()], ..hook("https://a/b".into()) }, "/events"),
    ] {
        let error = engine.webhooks().add(&access(), new).await.unwrap_err();
        assert_eq!((error.code(), error.pointer().as_deref()), ("invalid_webhook", Some(pointer)));
    }
    let missing = NewWebhook { collection: Some("nowhere".parse().unwrap()), ..hook("https://a/b".into()) };
    assert_eq!(engine.webhooks().add(&access(), missing).await.unwrap_err().code(), "collection_not_found");
    // This machine's own places are not reached, whoever asks for it.
    let made = engine.webhooks().add(&access(), hook(pages.url("/hook"))).await.unwrap();
    let test = engine.webhooks().test(&access(), made.id).await.unwrap();
    assert_eq!((test.state, test.status), (DeliveryState::Waiting, None));
    assert!(test.error.unwrap().contains("may not be reached"));
    assert!(pages.asked().is_empty());
    stop(engine).await;
}
