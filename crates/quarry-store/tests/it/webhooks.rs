//! Webhooks, and the messages on their way to them.

use std::time::Duration;

use quarry_core::{Clock as _, CollectionId, Fault as _, PageRequest, Secret, TenantId, WebhookId};
use quarry_store::{
    Delivery, DeliveryEnd, DeliveryInfo, DeliveryState, EVENT_DEAD, EVENT_READY, NewWebhook, StoreError,
    WebhookRow,
};
use serde_json::Value;

use crate::world::{DOWN, LEASE, ME, ROOT, World, stories};

async fn webhook(
    world: &World,
    tenant: TenantId,
    events: &[&str],
    collection: Option<CollectionId>,
) -> WebhookRow {
    let new = NewWebhook {
        tenant,
        id: WebhookId::new(),
        url: "https://example.com/hook".into(),
        secret: Secret::new("whs_secret"),
        events: events.iter().map(|event| (*event).to_owned()).collect(),
        collection,
        created_at: world.clock.now(),
    };
    world.store.webhooks().add(&ME, new).await.unwrap()
}

async fn messages(world: &World, tenant: TenantId, id: WebhookId) -> Vec<DeliveryInfo> {
    world.store.webhooks().deliveries(tenant, id, &PageRequest::default()).await.unwrap().items
}

async fn claim(world: &World) -> Vec<Delivery> {
    world.store.webhooks().claim("sender", 10, LEASE).await.unwrap()
}

fn absent<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().code(), "webhook_not_found");
}

async fn messages_are_queued_with_what_they_tell(world: &World) {
    let papers = world.collection(ROOT, "papers").await;
    let notes = world.collection(ROOT, "notes").await;
    let all = webhook(world, ROOT, &[EVENT_READY, EVENT_DEAD], None).await;
    let dead = webhook(world, ROOT, &[EVENT_DEAD], None).await;
    let of_notes = webhook(world, ROOT, &[EVENT_READY], Some(notes.id)).await;
    assert_eq!(of_notes.collection.as_ref().unwrap().as_str(), "notes");
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let theirs = webhook(world, other, &[EVENT_READY, EVENT_DEAD], None).await;

    let document = world.put(&papers, "a.txt", "text", 3).await;
    assert_eq!(messages(world, ROOT, all.id).await.len(), 1);
    assert!(messages(world, ROOT, dead.id).await.is_empty());
    assert!(messages(world, ROOT, of_notes.id).await.is_empty());
    world.put(&notes, "b.txt", "text", 1).await;
    assert_eq!(messages(world, ROOT, of_notes.id).await.len(), 1);
    let failing = world.add(&papers, "c.txt", "broken").await;
    world.store.jobs().bury(failing.job.unwrap(), DOWN).await.unwrap();
    assert_eq!(messages(world, ROOT, dead.id).await[0].event, EVENT_DEAD);
    assert!(messages(world, other, theirs.id).await.is_empty());

    let sent = claim(world).await;
    assert_eq!(sent.len(), 5);
    let first: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(
        (first["event"].as_str(), first["id"].as_str()),
        (Some(EVENT_READY), Some(sent[0].id.to_string().as_str()))
    );
    let data = &first["data"];
    assert_eq!(data["document_id"].as_str(), Some(document.id.to_string().as_str()));
    assert_eq!((data["collection"].as_str(), data["source"].as_str()), (Some("papers"), Some("a.txt")));
    assert_eq!((data["title"].as_str(), data["chunks"].as_u64()), (Some("Title of a.txt"), Some(3)));
    let last: Value = serde_json::from_str(&sent[4].body).unwrap();
    assert_eq!(last["data"]["code"].as_str(), Some(DOWN.code));
    assert_eq!(last["data"]["error"].as_str(), Some(DOWN.reason));
}

async fn a_message_is_sent_by_one_until_it_is_over(world: &World) {
    let hook = webhook(world, ROOT, &[EVENT_READY], None).await;
    let webhooks = world.store.webhooks();
    let queued = webhooks.test(&ME, ROOT, hook.id).await.unwrap();
    assert_eq!((queued.state, queued.attempt, queued.event.as_str()), (DeliveryState::Waiting, 0, "test"));
    let taken = claim(world).await.remove(0);
    assert_eq!((taken.id, taken.attempt, taken.url.as_str()), (queued.id, 1, "https://example.com/hook"));
    assert_eq!(taken.secret.expose(), "whs_secret");
    assert!(claim(world).await.is_empty(), "it is being sent");
    let failed = DeliveryEnd::Failed {
        status: Some(503),
        error: "the address answers with status 503".into(),
        again: Some(Duration::from_secs(100)),
    };
    webhooks.end(taken.id, "another", &failed).await.unwrap();
    assert_eq!(messages(world, ROOT, hook.id).await[0].status, None, "it is not another's to end");
    webhooks.end(taken.id, "sender", &failed).await.unwrap();
    let waiting = messages(world, ROOT, hook.id).await.remove(0);
    assert_eq!((waiting.state, waiting.status), (DeliveryState::Waiting, Some(503)));
    world.clock.advance(Duration::from_secs(99));
    assert!(claim(world).await.is_empty());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(claim(world).await[0].attempt, 2);
    // The sender died: somebody else sends it when the lease is over.
    world.clock.advance(LEASE);
    assert_eq!(claim(world).await[0].attempt, 3);
    webhooks.end(taken.id, "sender", &DeliveryEnd::Delivered { status: 204 }).await.unwrap();
    let done = messages(world, ROOT, hook.id).await.remove(0);
    assert_eq!(
        (done.state, done.status, done.due_at, done.error),
        (DeliveryState::Delivered, Some(204), None, None)
    );

    let given_up = webhooks.test(&ME, ROOT, hook.id).await.unwrap();
    claim(world).await;
    let failed = DeliveryEnd::Failed { status: None, error: "no".into(), again: None };
    webhooks.end(given_up.id, "sender", &failed).await.unwrap();
    assert_eq!(webhooks.delivery(ROOT, hook.id, given_up.id).await.unwrap().state, DeliveryState::Dead);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(webhooks.prune(world.clock.now()).await.unwrap(), 2);
}

async fn webhooks_belong_to_a_tenant_and_take_their_messages_along(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let hook = webhook(world, ROOT, &[EVENT_READY], None).await;
    let of_collection = webhook(world, ROOT, &[EVENT_READY], Some(collection.id)).await;
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let webhooks = world.store.webhooks();
    absent(webhooks.get(other, hook.id).await);
    absent(webhooks.remove(&ME, other, hook.id).await);
    absent(webhooks.deliveries(other, hook.id, &PageRequest::default()).await);
    absent(webhooks.test(&ME, other, hook.id).await);
    assert!(webhooks.list(other, &PageRequest::default()).await.unwrap().items.is_empty());
    world.put(&collection, "a", "text", 1).await;
    webhooks.remove(&ME, ROOT, hook.id).await.unwrap();
    absent(webhooks.get(ROOT, hook.id).await);
    let left = claim(world).await;
    assert_eq!(left.iter().map(|one| one.webhook).collect::<Vec<_>>(), [of_collection.id]);
    world.put(&collection, "b", "text", 1).await;
    world.store.collections().remove(ROOT, collection.id, &ME).await.unwrap();
    absent(webhooks.get(ROOT, of_collection.id).await);
    assert!(claim(world).await.is_empty());
}

stories!(
    messages_are_queued_with_what_they_tell,
    a_message_is_sent_by_one_until_it_is_over,
    webhooks_belong_to_a_tenant_and_take_their_messages_along,
);
