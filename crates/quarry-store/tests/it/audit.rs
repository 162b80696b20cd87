//! The audit log: numbered without gaps in the order of commits, and chained so that no row changes unseen.

use std::{net::IpAddr, sync::Arc};

use quarry_core::{
    Actor, AuditAction, AuditOutcome, By, Clock, Fault as _, Origin, PageRequest, QueryId, TenantId,
    Timestamp,
};
use quarry_store::{
    AuditBreak, AuditEntry, AuditFilter, AuditMark, AuditNote, Store, StoreConfig, testing::leave_at_version,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::world::{ME, ROOT, World, clock, config, fresh_postgres, stories};

/// Runs statements as somebody would who has the database in his hands.
async fn tamper(config: &StoreConfig, statements: &[String]) -> Result<(), sqlx::Error> {
    if config.url.starts_with("sqlite") {
        let mut connection = SqliteConnection::connect(&config.url).await.unwrap();
        for statement in statements {
            connection.execute(AssertSqlSafe(statement.clone())).await?;
        }
        return connection.close().await;
    }
    let mut connection = PgConnection::connect(&config.url).await.unwrap();
    for statement in statements {
        connection.execute(AssertSqlSafe(statement.clone())).await?;
    }
    connection.close().await
}

/// The same, after the triggers are out of the way.
async fn force(world: &World, statements: &[&str]) {
    let open: &[&str] = if world.config.url.starts_with("sqlite") {
        &["DROP TRIGGER IF EXISTS audit_not_changed", "DROP TRIGGER IF EXISTS audit_not_removed"]
    } else {
        &["ALTER TABLE audit DISABLE TRIGGER USER"]
    };
    let all: Vec<String> = open.iter().chain(statements).map(|one| (*one).to_owned()).collect();
    tamper(&world.config, &all).await.unwrap();
}

fn note(world: &World, tenant: TenantId, object: &str) -> AuditNote {
    AuditNote {
        tenant,
        at: world.clock.now(),
        actor: None,
        origin: Origin::default(),
        action: AuditAction::Login,
        object: object.to_owned(),
        outcome: AuditOutcome::Refused,
        details: json!({"code": "unauthenticated"}),
    }
}

/// A world whose log has so many rows.
async fn filled(world: &World, rows: usize) -> Vec<AuditEntry> {
    let notes: Vec<_> = (0..rows).map(|place| note(world, ROOT, &format!("object {place}"))).collect();
    world.store.audit().add(&notes).await.unwrap();
    all(&world.store, ROOT).await
}

async fn all(store: &Store, tenant: TenantId) -> Vec<AuditEntry> {
    store.audit().starting_at(tenant, 0, 10_000).await.unwrap()
}

/// The number and kind of the first fault.
async fn fault(world: &World) -> Option<(u64, AuditBreak)> {
    let found = world.store.audit().verify(ROOT, None).await.unwrap();
    assert_eq!(found.intact, found.fault.is_none());
    found.fault.map(|fault| (fault.number, fault.what))
}

/// The hash as the guide tells to compute it, from nothing but an exported row.
fn recomputed(tenant: TenantId, row: &AuditEntry) -> String {
    fn put(bytes: &mut Vec<u8>, field: Option<&[u8]>) {
        bytes.extend(field.map_or(u64::MAX, |field| field.len() as u64).to_le_bytes());
        bytes.extend(field.unwrap_or_default());
    }
    let mut bytes = b"quarry audit 1".to_vec();
    put(&mut bytes, Some(&hex::decode(&row.previous).unwrap()));
    put(&mut bytes, Some(tenant.uuid().as_bytes()));
    put(&mut bytes, Some(&row.number.to_le_bytes()));
    put(&mut bytes, Some(&row.at.micros().to_le_bytes()));
    for text in [&row.actor, &row.action, &row.object_kind, &row.object] {
        put(&mut bytes, Some(text.as_bytes()));
    }
    for text in [&row.address, &row.agent, &row.request_id] {
        put(&mut bytes, text.as_ref().map(|text| text.as_bytes()));
    }
    put(&mut bytes, Some(row.outcome.as_bytes()));
    put(&mut bytes, Some(row.details.to_string().as_bytes()));
    hex::encode(Sha256::digest(&bytes))
}

async fn a_row_says_who_did_what_to_what_from_where(world: &World) {
    let origin = Origin {
        address: Some("2001:db8::7".parse::<IpAddr>().unwrap()),
        agent: None,
        request_id: Some("r-1".to_owned()),
    };
    let by = By::new(Actor::Key("ci".to_owned())).with_origin(origin.with_agent("curl/8"));
    let collection = world.collection(ROOT, "c").await;
    let new = world.new_document(collection.id, "salary of ada.txt", "hello").await;
    let added = world.store.documents().add(ROOT, vec![new], &by).await.unwrap().remove(0);
    let rows = all(&world.store, ROOT).await;
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2]);
    let row = &rows[1];
    assert_eq!(
        (row.actor.as_str(), row.action.as_str(), row.outcome.as_str()),
        ("key:ci", "document.add", "allowed")
    );
    assert_eq!((row.object_kind.as_str(), row.object.clone()), ("document", added.document.id.to_string()));
    assert_eq!(row.address.as_deref(), Some("2001:db8::7"));
    assert_eq!((row.agent.as_deref(), row.request_id.as_deref()), (Some("curl/8"), Some("r-1")));
    assert_eq!(row.details, json!({"version": 1}), "names of files may be personal");
    assert_eq!((&rows[0].actor, &rows[0].address), (&"local".to_owned(), &None));
    assert_eq!(rows[0].previous, "0".repeat(64));
    assert_eq!(rows[1].previous, rows[0].hash);
    for row in &rows {
        assert_eq!(recomputed(ROOT, row), row.hash);
    }
    assert_eq!(fault(world).await, None);
}

async fn a_call_with_many_documents_is_one_row(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut documents = Vec::new();
        for place in 0..103 {
            documents.push(world.new_document(collection.id, &format!("{place}.txt"), "text").await);
        }
        calls.push(world.store.documents().add(ROOT, documents, &ME).await.unwrap());
    }
    let added = &calls[0];
    let rows = all(&world.store, ROOT).await;
    let seen: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.object.clone())).collect();
    let id = collection.id.to_string();
    assert_eq!(
        seen,
        [("collection.add", id.clone()), ("document.add_many", id.clone()), ("document.add_many", id)],
        "what is unchanged is no change"
    );
    let named: Vec<String> = rows[1..]
        .iter()
        .flat_map(|row| row.details["documents"].as_array().unwrap())
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(named, added.iter().map(|added| added.document.id.to_string()).collect::<Vec<_>>());
}

async fn many_writers_leave_no_gap(world: &World) {
    let other = world.store.tenants().add(&ME, "other", quarry_core::Quotas::default()).await.unwrap().id;
    let tasks: Vec<_> = (0..40)
        .map(|place| {
            let (store, tenant) = (world.store.clone(), if place % 2 == 0 { ROOT } else { other });
            let notes = vec![note(world, tenant, "a"), note(world, ROOT, "b")];
            tokio::spawn(async move { store.audit().add(&notes).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    for (tenant, count) in [(ROOT, 61), (other, 20)] {
        let rows = all(&world.store, tenant).await;
        let numbers: Vec<_> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, (1..=count).collect::<Vec<u64>>());
        let found = world.store.audit().verify(tenant, None).await.unwrap();
        assert_eq!(
            (found.intact, found.rows, found.head.map(|head| head.number)),
            (true, count, Some(count))
        );
    }
}

async fn a_change_that_is_undone_leaves_no_row_and_no_gap(world: &World) {
    world.collection(ROOT, "c").await;
    let missing = world.store.history().erase(&ME, ROOT, QueryId::new()).await.unwrap_err();
    assert_eq!(missing.code(), "history_not_found");
    let collections = world.store.collections();
    let again = collections.add(
        ROOT,
        quarry_store::NewCollection {
            name: "c".parse().unwrap(),
            description: String::new(),
            embedder: "static".into(),
            dimension: 4,
            chunking: None,
        },
        &ME,
    );
    assert_eq!(again.await.unwrap_err().code(), "collection_exists");
    world.collection(ROOT, "d").await;
    let rows = all(&world.store, ROOT).await;
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(fault(world).await, None);
}

async fn rows_are_found_by_what_they_say(world: &World) {
    filled(world, 5).await;
    world.clock.advance(std::time::Duration::from_secs(60));
    let collection = world.collection(ROOT, "c").await;
    let audit = world.store.audit();
    let count = async |filter: AuditFilter| {
        let page = audit.list(ROOT, &filter, &PageRequest::default()).await.unwrap();
        page.items.len()
    };
    let moment = world.clock.now();
    assert_eq!(count(AuditFilter::default()).await, 6);
    assert_eq!(count(AuditFilter { since: Some(moment), ..AuditFilter::default() }).await, 1);
    assert_eq!(count(AuditFilter { until: Some(moment), ..AuditFilter::default() }).await, 5);
    assert_eq!(count(AuditFilter { actor: Some("local".into()), ..AuditFilter::default() }).await, 1);
    assert_eq!(count(AuditFilter { actor: Some("anonymous".into()), ..AuditFilter::default() }).await, 5);
    assert_eq!(
        count(AuditFilter { action: Some(AuditAction::CollectionAdd), ..AuditFilter::default() }).await,
        1
    );
    assert_eq!(
        count(AuditFilter { object: Some(collection.id.to_string()), ..AuditFilter::default() }).await,
        1
    );
    assert_eq!(
        count(AuditFilter { outcome: Some(AuditOutcome::Refused), ..AuditFilter::default() }).await,
        5
    );
    let both = AuditFilter {
        outcome: Some(AuditOutcome::Refused),
        object: Some("object 3".into()),
        ..AuditFilter::default()
    };
    assert_eq!(count(both).await, 1);
    assert_eq!(count(AuditFilter { request_id: Some("none".into()), ..AuditFilter::default() }).await, 0);
    let first = audit.list(ROOT, &AuditFilter::default(), &PageRequest::new(Some(4), None)).await.unwrap();
    assert_eq!(first.items.iter().map(|row| row.number).collect::<Vec<_>>(), [6, 5, 4, 3]);
    let rest = PageRequest::new(Some(4), first.next_cursor);
    let rest = audit.list(ROOT, &AuditFilter::default(), &rest).await.unwrap();
    assert_eq!(rest.items.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 1]);
    assert!(rest.next_cursor.is_none());
    let page = audit.starting_at(ROOT, 5, 10).await.unwrap();
    assert_eq!(page.iter().map(|row| row.number).collect::<Vec<_>>(), [5, 6]);
}

async fn a_log_belongs_to_a_tenant(world: &World) {
    let other = world.store.tenants().add(&ME, "other", quarry_core::Quotas::default()).await.unwrap().id;
    filled(world, 3).await;
    assert!(all(&world.store, other).await.is_empty());
    let found = world.store.audit().verify(other, None).await.unwrap();
    assert_eq!((found.intact, found.rows, found.head), (true, 0, None));
    let page =
        world.store.audit().list(other, &AuditFilter::default(), &PageRequest::default()).await.unwrap();
    assert!(page.items.is_empty());
}

async fn the_database_refuses_to_change_a_row(world: &World) {
    filled(world, 2).await;
    for statement in ["UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE number = 2"] {
        let refused = tamper(&world.config, &[statement.to_owned()]).await.unwrap_err();
        assert!(refused.to_string().contains("rows of the audit log are never"), "{refused}");
    }
    assert_eq!(fault(world).await, None);
}

async fn an_altered_row_is_found(world: &World) {
    filled(world, 6).await;
    force(world, &["UPDATE audit SET object = 'another' WHERE number = 4"]).await;
    assert_eq!(fault(world).await, Some((4, AuditBreak::Altered)));
}

async fn an_altered_row_with_a_hash_made_anew_is_found(world: &World) {
    let mut row = filled(world, 6).await.remove(3);
    row.object = "another".to_owned();
    let hash = recomputed(ROOT, &row);
    let literal =
        if world.config.url.starts_with("sqlite") { format!("X'{hash}'") } else { format!("'\\x{hash}'") };
    let statement = format!("UPDATE audit SET object = 'another', hash = {literal} WHERE number = 4");
    force(world, &[&statement]).await;
    assert_eq!(fault(world).await, Some((4, AuditBreak::Altered)));
}

async fn a_removed_row_is_found(world: &World) {
    filled(world, 6).await;
    force(world, &["DELETE FROM audit WHERE number = 3"]).await;
    assert_eq!(fault(world).await, Some((3, AuditBreak::Removed)));
}

async fn a_removed_row_is_found_also_when_the_others_move_up(world: &World) {
    filled(world, 6).await;
    let mut statements = vec!["DELETE FROM audit WHERE number = 3".to_owned()];
    statements.extend(
        (4..=6).map(|number| format!("UPDATE audit SET number = {} WHERE number = {number}", number - 1)),
    );
    statements.push("UPDATE audit_heads SET last = 5".to_owned());
    force(world, &statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(fault(world).await, Some((3, AuditBreak::Removed)));
}

async fn rows_in_each_others_place_are_found(world: &World) {
    filled(world, 6).await;
    force(
        world,
        &[
            "UPDATE audit SET number = 100 WHERE number = 2",
            "UPDATE audit SET number = 2 WHERE number = 5",
            "UPDATE audit SET number = 5 WHERE number = 100",
        ],
    )
    .await;
    assert_eq!(fault(world).await, Some((2, AuditBreak::Reordered)));
}

const COPY: &str = "INSERT INTO audit SELECT tenant, 4, at, actor, action, kind, object, address, agent, request, \
                    outcome, details, previous, hash FROM audit WHERE number = 3";

async fn an_inserted_row_is_found(world: &World) {
    filled(world, 6).await;
    let mut statements: Vec<String> = (4..=6)
        .rev()
        .map(|number| format!("UPDATE audit SET number = {} WHERE number = {number}", number + 1))
        .collect();
    statements.extend([COPY.to_owned(), "UPDATE audit_heads SET last = 7".to_owned()]);
    force(world, &statements.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(fault(world).await, Some((4, AuditBreak::Inserted)));
}

async fn a_row_after_the_end_is_found(world: &World) {
    filled(world, 3).await;
    force(world, &[COPY]).await;
    assert_eq!(fault(world).await, Some((4, AuditBreak::Inserted)));
    filled(world, 1).await;
    assert_eq!(all(&world.store, ROOT).await.len(), 5, "it keeps nobody from going on");
    assert_eq!(fault(world).await, Some((4, AuditBreak::Inserted)));
}

async fn a_cut_end_is_found(world: &World) {
    filled(world, 6).await;
    force(world, &["DELETE FROM audit WHERE number > 4"]).await;
    assert_eq!(fault(world).await, Some((5, AuditBreak::TailCut)));
}

async fn a_lost_head_is_found_and_stops_nobody(world: &World) {
    filled(world, 3).await;
    force(world, &["DELETE FROM audit_heads"]).await;
    assert_eq!(fault(world).await, Some((1, AuditBreak::HeadLost)));
    filled(world, 1).await;
    assert_eq!(all(&world.store, ROOT).await.len(), 4);
    assert_eq!(fault(world).await, None, "only a place that was kept shows more from here on");
}

async fn a_place_that_was_kept_shows_what_the_chain_cannot(world: &World) {
    let rows = filled(world, 4).await;
    let audit = world.store.audit();
    let head = audit.verify(ROOT, None).await.unwrap().head.unwrap();
    assert_eq!(head, AuditMark { number: 4, hash: rows[3].hash.clone() });
    filled(world, 2).await;
    assert!(audit.verify(ROOT, Some(&head)).await.unwrap().intact);
    let start = AuditMark { number: 0, hash: "0".repeat(64) };
    assert!(audit.verify(ROOT, Some(&start)).await.unwrap().intact);
    let wrong = AuditMark { hash: "0".repeat(64), ..head.clone() };
    let found = audit.verify(ROOT, Some(&wrong)).await.unwrap().fault.unwrap();
    assert_eq!((found.number, found.what), (4, AuditBreak::Rewritten));

    // Somebody cuts the end and mends the head, so that the chain holds together.
    let hash = &rows[1].hash;
    let literal =
        if world.config.url.starts_with("sqlite") { format!("X'{hash}'") } else { format!("'\\x{hash}'") };
    let statement = format!("UPDATE audit_heads SET last = 2, hash = {literal}");
    force(world, &["DELETE FROM audit WHERE number > 2", &statement]).await;
    assert_eq!(fault(world).await, None);
    let found = audit.verify(ROOT, Some(&head)).await.unwrap().fault.unwrap();
    assert_eq!((found.number, found.what), (3, AuditBreak::TailCut));
}

async fn what_comes_from_outside_is_bounded(world: &World) {
    let long = AuditNote { object: format!("a\0b\n{}", "c".repeat(9_000)), ..note(world, ROOT, "") };
    world.store.audit().add(&[long]).await.unwrap();
    let row = all(&world.store, ROOT).await.remove(0);
    assert_eq!(row.object.len(), 512);
    assert!(row.object.starts_with("abc"));
    assert_eq!(fault(world).await, None);
}

stories!(
    a_row_says_who_did_what_to_what_from_where,
    a_call_with_many_documents_is_one_row,
    many_writers_leave_no_gap,
    a_change_that_is_undone_leaves_no_row_and_no_gap,
    rows_are_found_by_what_they_say,
    a_log_belongs_to_a_tenant,
    the_database_refuses_to_change_a_row,
    an_altered_row_is_found,
    an_altered_row_with_a_hash_made_anew_is_found,
    a_removed_row_is_found,
    a_removed_row_is_found_also_when_the_others_move_up,
    rows_in_each_others_place_are_found,
    an_inserted_row_is_found,
    a_row_after_the_end_is_found,
    a_cut_end_is_found,
    a_lost_head_is_found_and_stops_nobody,
    a_place_that_was_kept_shows_what_the_chain_cannot,
    what_comes_from_outside_is_bounded,
);

/// The rows that an older program wrote are kept in their order and chained.
#[tokio::test]
async fn rows_from_before_the_chain_are_chained() {
    let folder = tempfile::tempdir().unwrap();
    let mut configs =
        vec![config(format!("sqlite://{}", folder.path().join("quarry.db").display()), &folder)];
    if let Some((url, _)) = fresh_postgres().await {
        configs.push(config(url, &folder));
    }
    for config in configs {
        let literal = |hex: String| {
            if config.url.starts_with("sqlite") { format!("X'{hex}'") } else { format!("'{hex}'") }
        };
        let root = literal(ROOT.uuid().simple().to_string());
        // Written in another order than that of their ids, and more than are read at a time.
        let old: Vec<String> = (1..=1_100)
            .rev()
            .map(|number| {
                let action = if number == 2 { "generation.begin" } else { "document.add" };
                format!(
                    "INSERT INTO audit VALUES ({root}, {}, {number}, 'key:admin', '{action}', 'object {number}', 'done', \
                     '{{\"version\":1}}');",
                    literal(format!("0190a000000070008000{number:012x}"))
                )
            })
            .collect();
        let old = format!("BEGIN; {} COMMIT", old.concat());
        leave_at_version(&config, clock(), 7, &[&old]).await.unwrap();
        let store = Store::open(&config, clock() as Arc<dyn Clock>).await.unwrap();
        let rows = all(&store, ROOT).await;
        assert_eq!(rows.len(), 1_100);
        for (place, row) in rows.iter().enumerate() {
            let number = place as u64 + 1;
            assert_eq!((row.number, row.at), (number, Timestamp::from_micros(number as i64)));
            assert_eq!((row.object.clone(), row.outcome.as_str()), (format!("object {number}"), "allowed"));
        }
        assert_eq!((rows[0].object_kind.as_str(), rows[1].object_kind.as_str()), ("document", "collection"));
        assert_eq!(rows[0].details, Value::from_iter([("version", 1)]));
        let found = store.audit().verify(ROOT, None).await.unwrap();
        assert_eq!((found.intact, found.rows), (true, 1_100));
        store.close().await;
    }
}
