//! Sources, their leases, entries and runs.

use std::time::Duration;

use quarry_core::{Clock as _, Fault as _, PageRequest, Secret, SourceId, TenantId, Timestamp};
use quarry_store::{
    Moved, NewPlace, NewSource, Seen, SeenEntry, Settled, SourceChange, SourceCounts, SourceEnd,
    SourceFailure, SourceKind, SourceLease, SourceRow, SourceRunState, StoreError,
};
use serde_json::json;

use crate::world::{LEASE, ME, ROOT, World, stories};

fn absent<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().code(), "source_not_found");
}

async fn source(world: &World, tenant: TenantId, name: &str, every: Option<u64>) -> SourceRow {
    let collection = match world
        .store
        .collections()
        .list(tenant, None, &PageRequest::default())
        .await
        .unwrap()
        .items
        .pop()
    {
        Some(collection) => collection,
        None => world.collection(tenant, "c").await,
    };
    let new = NewSource {
        tenant,
        id: SourceId::new(),
        collection: collection.id,
        kind: SourceKind::Folder,
        name: name.into(),
        settings: json!({"path": "/srv/docs"}),
        every_seconds: every,
        paused: false,
        secret: Some(Secret::new("qs_secret")),
        created_at: world.clock.now(),
    };
    world.store.sources().add(&ME, new).await.unwrap()
}

async fn begin(world: &World, source: &SourceRow) -> SourceLease {
    world.store.sources().begin(&ME, (source.tenant, source.id), "worker", LEASE).await.unwrap()
}

fn end(state: SourceRunState) -> SourceEnd {
    SourceEnd { state, counts: SourceCounts::default(), error: None, failures: Vec::new() }
}

async fn finish(world: &World, lease: &SourceLease) {
    assert!(world.store.sources().finish(lease, &end(SourceRunState::Finished)).await.unwrap());
}

fn entry(key: &str, at: i64, size: u64) -> SeenEntry {
    SeenEntry { key: key.into(), fingerprint: Some((Timestamp::from_micros(at), size)) }
}

fn settled(key: &str, at: i64, size: u64) -> Settled {
    Settled {
        key: key.into(),
        modified_at: Some(Timestamp::from_micros(at)),
        size: Some(size),
        ..Settled::default()
    }
}

async fn a_source_is_kept_changed_and_removed(world: &World) {
    let sources = world.store.sources();
    let made = source(world, ROOT, "handbook", Some(60)).await;
    assert_eq!(made.next_due_at, Some(world.clock.now()), "it is looked at at once");
    assert_eq!((made.kind, made.collection_name.as_str()), (SourceKind::Folder, "c"));
    assert_eq!(made.secret.as_ref().unwrap().expose(), "qs_secret");
    assert!(made.last_run.is_none() && !made.paused);
    assert_eq!(sources.find_by_name(ROOT, "handbook").await.unwrap().unwrap().id, made.id);
    let twice = NewSource {
        tenant: ROOT,
        id: SourceId::new(),
        collection: made.collection,
        kind: SourceKind::Web,
        name: "handbook".into(),
        settings: json!({}),
        every_seconds: None,
        paused: false,
        secret: None,
        created_at: world.clock.now(),
    };
    assert_eq!(sources.add(&ME, twice).await.unwrap_err().code(), "source_exists");

    let change = SourceChange { settings: Some(json!({"path": "/other"})), ..SourceChange::default() };
    let changed = sources.update(&ME, ROOT, made.id, change).await.unwrap();
    assert_eq!((changed.settings, changed.every_seconds), (json!({"path": "/other"}), Some(60)));
    let pause = SourceChange { paused: Some(true), ..SourceChange::default() };
    let paused = sources.update(&ME, ROOT, made.id, pause).await.unwrap();
    assert_eq!((paused.paused, paused.next_due_at), (true, None));
    let resume = SourceChange { paused: Some(false), ..SourceChange::default() };
    assert!(sources.update(&ME, ROOT, made.id, resume).await.unwrap().next_due_at.is_some());
    let never = SourceChange { every_seconds: Some(None), ..SourceChange::default() };
    let never = sources.update(&ME, ROOT, made.id, never).await.unwrap();
    assert_eq!((never.every_seconds, never.next_due_at), (None, None));

    sources.remove(&ME, ROOT, made.id).await.unwrap();
    absent(sources.get(ROOT, made.id).await);
    absent(sources.remove(&ME, ROOT, made.id).await);
    absent(sources.runs(ROOT, made.id, &PageRequest::default()).await);
}

async fn sources_belong_to_a_tenant_and_end_with_their_collection(world: &World) {
    let sources = world.store.sources();
    let mine = source(world, ROOT, "mine", None).await;
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let theirs = source(world, other, "mine", None).await;
    let all = PageRequest::default();
    absent(sources.get(other, mine.id).await);
    absent(sources.update(&ME, other, mine.id, SourceChange::default()).await);
    absent(sources.remove(&ME, other, mine.id).await);
    absent(sources.runs(other, mine.id, &all).await);
    absent(sources.run(other, mine.id, 1).await);
    absent(sources.items(other, mine.id, &all).await);
    absent(sources.find_items(other, mine.id, &["a"]).await);
    absent(sources.drop_items(other, mine.id, &["a".into()]).await);
    absent(sources.begin(&ME, (other, mine.id), "worker", LEASE).await);
    absent(sources.take_over((other, mine.id), "worker", LEASE).await);
    absent(sources.remember_signature((other, mine.id), b"s", LEASE).await);
    let finished = end(SourceRunState::Finished);
    absent(sources.keep_pushed(&ME, (other, mine.id), (&[], &[]), &finished).await);
    let listed = sources.list(other, None, &all).await.unwrap().items;
    assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [theirs.id]);
    let foreign = NewSource {
        tenant: other,
        id: SourceId::new(),
        collection: mine.collection,
        kind: SourceKind::Web,
        name: "x".into(),
        settings: json!({}),
        every_seconds: None,
        paused: false,
        secret: None,
        created_at: world.clock.now(),
    };
    assert_eq!(sources.add(&ME, foreign).await.unwrap_err().code(), "collection_not_found");

    // A lease of one tenant is worth nothing in another.
    let lease = SourceLease { tenant: other, ..begin(world, &mine).await };
    assert_eq!(sources.see(&lease, &[entry("a", 1, 1)], false).await.unwrap_err().code(), "source_lost");
    assert!(!sources.heartbeat(&lease, &SourceCounts::default()).await.unwrap());

    world.store.collections().remove(ROOT, mine.collection, &ME).await.unwrap();
    absent(sources.get(ROOT, mine.id).await);
    assert!(sources.get(other, theirs.id).await.is_ok());
}

async fn no_source_has_two_runs_at_once(world: &World) {
    for number in 0..6 {
        source(world, ROOT, &format!("s{number}"), Some(60)).await;
    }
    let other = world.reopen().await;
    let claims = (0..6).map(|number| {
        let store = if number % 2 == 0 { &world.store } else { &other };
        async move { store.sources().claim_due(&format!("w{number}"), 2, LEASE).await.unwrap() }
    });
    let taken: Vec<_> = futures::future::join_all(claims).await.into_iter().flatten().collect();
    let distinct: std::collections::HashSet<_> = taken.iter().map(|lease| lease.source).collect();
    assert_eq!((taken.len(), distinct.len()), (6, 6));
    let first = world.store.sources().get(ROOT, taken[0].source).await.unwrap();
    let busy = world.store.sources().begin(&ME, (ROOT, first.id), "me", LEASE).await.unwrap_err();
    assert_eq!(busy.code(), "source_busy");
    assert!(busy.to_string().contains(&first.name), "{busy}");
    finish(world, &taken[0]).await;
    let sources = world.store.sources();
    assert!(sources.claim_due("me", 9, LEASE).await.unwrap().is_empty(), "it is due in a minute");
    world.clock.advance(Duration::from_secs(30));
    for lease in &taken[1..] {
        assert!(sources.heartbeat(lease, &SourceCounts::default()).await.unwrap());
    }
    world.clock.advance(Duration::from_secs(30));
    let again = sources.claim_due("me", 9, LEASE).await.unwrap();
    assert_eq!(again.iter().map(|lease| (lease.source, lease.run)).collect::<Vec<_>>(), [(first.id, 2)]);
    other.close().await;
}

async fn a_dead_workers_run_is_interrupted_and_writes_nothing_more(world: &World) {
    let made = source(world, ROOT, "s", Some(3_600)).await;
    let sources = world.store.sources();
    let old = sources.claim_due("first", 9, LEASE).await.unwrap().remove(0);
    sources.see(&old, &[entry("a", 1, 1)], false).await.unwrap();
    world.clock.advance(LEASE + Duration::from_secs(1));
    let new = sources.claim_due("second", 9, LEASE).await.unwrap().remove(0);
    assert_eq!((new.source, new.run), (made.id, 2));
    let run = sources.run(ROOT, made.id, 1).await.unwrap();
    assert_eq!(run.state, SourceRunState::Interrupted);
    assert!(run.error.unwrap().contains("the next run goes on"));
    for outcome in [
        sources.see(&old, &[entry("b", 1, 1)], false).await.map(drop),
        sources.settle(&old, &[settled("a", 1, 1)]).await,
        sources.gone(&old, &["a".into()]).await,
        sources.forget(&old, &["a".into()]).await,
        sources.miss(&old).await,
        sources.see_below(&old, "a").await,
    ] {
        assert_eq!(outcome.unwrap_err().code(), "source_lost");
    }
    assert!(!sources.heartbeat(&old, &SourceCounts::default()).await.unwrap());
    assert!(!sources.finish(&old, &end(SourceRunState::Finished)).await.unwrap());
    assert_eq!(sources.get(ROOT, made.id).await.unwrap().last_run.unwrap().state, SourceRunState::Running);
    finish(world, &new).await;
    // The only user of a database knows at its start that nobody works.
    begin(world, &made).await;
    assert_eq!(sources.interrupt_running().await.unwrap(), 1);
    let going = begin(world, &made).await;
    let taken = sources.take_over((ROOT, made.id), "remover", LEASE).await.unwrap();
    assert_eq!(sources.settle(&going, &[settled("a", 1, 1)]).await.unwrap_err().code(), "source_lost");
    finish(world, &taken).await;
}

async fn a_listing_says_what_is_to_be_read(world: &World) {
    let made = source(world, ROOT, "s", None).await;
    let sources = world.store.sources();
    let lease = begin(world, &made).await;
    let listing = [entry("a", 1, 1), entry("b", 2, 2), entry("ü\u{1F600}", 3, 3)];
    let seen = sources.see(&lease, &listing, false).await.unwrap();
    assert_eq!(seen, Seen { pending: 3, ..Seen::default() });
    let pending = sources.pending(&lease, "", 9).await.unwrap();
    assert_eq!(pending.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["a", "b", "ü\u{1F600}"]);
    assert_eq!(sources.pending(&lease, "a", 1).await.unwrap()[0].key, "b");
    let skipped = Settled { skipped: true, ..settled("b", 2, 2) };
    sources.settle(&lease, &[settled("a", 1, 1), skipped]).await.unwrap();
    finish(world, &lease).await;

    // The third was never read, the first is as it was, the second is passed over unless somebody insists.
    let lease = begin(world, &made).await;
    let seen = sources.see(&lease, &listing, false).await.unwrap();
    assert_eq!(seen, Seen { unchanged: 1, skipped: 1, pending: 1 });
    finish(world, &lease).await;
    let lease = begin(world, &made).await;
    let changed = [entry("a", 1, 5), entry("b", 2, 2), SeenEntry { key: "d".into(), fingerprint: None }];
    let seen = sources.see(&lease, &changed, true).await.unwrap();
    assert_eq!(seen, Seen { pending: 3, ..Seen::default() });
    let vanished = sources.vanished(&lease, 9).await.unwrap();
    assert_eq!(vanished.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["ü\u{1F600}"]);
    sources.miss(&lease).await.unwrap();
    let all = sources.items(ROOT, made.id, &PageRequest::default()).await.unwrap().items;
    assert_eq!(all.iter().filter(|item| item.missing_since.is_some()).count(), 1);
    sources.forget(&lease, &["ü\u{1F600}".into()]).await.unwrap();
    assert!(sources.vanished(&lease, 9).await.unwrap().is_empty());
}

async fn what_could_not_be_listed_is_not_gone(world: &World) {
    let made = source(world, ROOT, "s", None).await;
    let sources = world.store.sources();
    let lease = begin(world, &made).await;
    let keys = ["a/b", "a/b/c", "a/bc", "a0", "a/b0", "z"];
    let listing: Vec<SeenEntry> = keys.iter().map(|key| entry(key, 1, 1)).collect();
    sources.see(&lease, &listing, false).await.unwrap();
    finish(world, &lease).await;
    let lease = begin(world, &made).await;
    sources.see_below(&lease, "a").await.unwrap();
    let vanished = sources.vanished(&lease, 9).await.unwrap();
    assert_eq!(vanished.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["a0", "z"]);
}

async fn an_entry_with_another_name_keeps_its_document(world: &World) {
    let made = source(world, ROOT, "s", None).await;
    let collection = world.store.collections().get_by_id(ROOT, made.collection).await.unwrap();
    let document = world.put(&collection, "s/old.txt", "text", 2).await;
    let sources = world.store.sources();
    let lease = begin(world, &made).await;
    sources.see(&lease, &[entry("old.txt", 1, 4)], false).await.unwrap();
    let hash = document.content_hash.clone();
    let known =
        Settled { content_hash: Some(hash.clone()), document: Some(document.id), ..settled("old.txt", 1, 4) };
    sources.settle(&lease, &[known]).await.unwrap();
    finish(world, &lease).await;

    let lease = begin(world, &made).await;
    sources.see(&lease, &[entry("new.txt", 1, 4)], false).await.unwrap();
    let old = sources.find_moved(&lease, &hash).await.unwrap().unwrap();
    assert_eq!((old.key.as_str(), old.document_id), ("old.txt", Some(document.id)));
    assert!(sources.find_moved(&lease, &"0".repeat(64)).await.unwrap().is_none());
    let to = Settled { content_hash: Some(hash), document: old.document_id, ..settled("new.txt", 1, 4) };
    let place = NewPlace { source: "s/new.txt".into(), name: "new.txt".into() };
    let moved = Moved { from: old.key, to, place };
    let before = world.store.collections().get_by_id(ROOT, made.collection).await.unwrap().sequence;
    assert!(sources.rename(&lease, &moved, &ME).await.unwrap());
    let after = world.store.documents().get(ROOT, document.id).await.unwrap();
    assert_eq!((after.source.as_str(), after.version, after.chunks), ("s/new.txt", 1, 2));
    assert!(after.sequence > before, "indexes read its fields again");
    let items = sources.items(ROOT, made.id, &PageRequest::default()).await.unwrap().items;
    assert_eq!(
        items.iter().map(|item| (item.key.as_str(), item.document_id)).collect::<Vec<_>>(),
        [("new.txt", Some(document.id))]
    );
    assert_eq!(sources.vanished_of(&lease).await.unwrap(), (0, 1));

    // Where the name is another's, or the document is gone, nothing happens.
    world.put(&collection, "s/taken.txt", "other", 1).await;
    let taken = NewPlace { source: "s/taken.txt".into(), name: "taken.txt".into() };
    assert!(!sources.rename(&lease, &Moved { place: taken.clone(), ..moved.clone() }, &ME).await.unwrap());
    let refused = world.store.documents().rename(ROOT, document.id, &taken, &ME).await.unwrap_err();
    assert_eq!(refused.code(), "source_taken");
    world.store.documents().remove(ROOT, document.id, &ME).await.unwrap();
    assert!(!sources.rename(&lease, &moved, &ME).await.unwrap());
}

async fn a_title_that_was_the_files_name_follows_it(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let waiting = world.add(&collection, "notes/old.txt", "text").await.document;
    assert_eq!(waiting.title, "notes/old.txt", "the name, until the text is read");
    let place = NewPlace { source: "notes/new.txt".into(), name: "new.txt".into() };
    let renamed = world.store.documents().rename(ROOT, waiting.id, &place, &ME).await.unwrap();
    assert_eq!((renamed.source.as_str(), renamed.title.as_str()), ("notes/new.txt", "new.txt"));
    let job = world.claim().await.remove(0);
    assert_eq!((job.source.as_str(), job.name.as_str()), ("notes/new.txt", "new.txt"));
    let titled = world.put(&collection, "b", "text b", 1).await;
    let place = NewPlace { source: "c".into(), name: "c".into() };
    let renamed = world.store.documents().rename(ROOT, titled.id, &place, &ME).await.unwrap();
    assert_eq!(renamed.title, "Title of b");
    let other = world
        .store
        .tenants()
        .add(&quarry_core::By::new(quarry_core::Actor::Local), "other", quarry_core::Quotas::default())
        .await
        .unwrap()
        .id;
    let foreign = world.store.documents().rename(other, titled.id, &place, &ME).await.unwrap_err();
    assert_eq!(foreign.code(), "document_not_found");
}

async fn runs_are_kept_with_what_they_did(world: &World) {
    let made = source(world, ROOT, "s", Some(60)).await;
    let sources = world.store.sources();
    for _ in 0..52 {
        finish(world, &begin(world, &made).await).await;
    }
    let lease = begin(world, &made).await;
    let counts = SourceCounts { added: 3, failed: 1, ..SourceCounts::default() };
    assert!(sources.heartbeat(&lease, &counts).await.unwrap());
    let going = sources.get(ROOT, made.id).await.unwrap().last_run.unwrap();
    assert_eq!((going.state, going.counts), (SourceRunState::Running, counts));
    world.clock.advance(Duration::from_secs(5));
    let failures = vec![SourceFailure { key: "a".into(), reason: "it cannot be read".into() }];
    let end = SourceEnd {
        state: SourceRunState::Failed,
        counts,
        error: Some("the disk is away".into()),
        failures: failures.clone(),
    };
    assert!(sources.finish(&lease, &end).await.unwrap());
    let row = sources.get(ROOT, made.id).await.unwrap();
    let run = row.last_run.clone().unwrap();
    assert_eq!((run.number, run.state, run.failures), (53, SourceRunState::Failed, failures));
    assert_eq!((row.last_finished_at, run.finished_at), (Some(world.clock.now()), Some(world.clock.now())));
    assert_eq!(row.next_due_at, Some(run.started_at.after(Duration::from_secs(60))));
    let first = sources.runs(ROOT, made.id, &PageRequest::new(Some(40), None)).await.unwrap();
    let rest = sources.runs(ROOT, made.id, &PageRequest::new(Some(40), first.next_cursor)).await.unwrap();
    assert_eq!((first.items.len() + rest.items.len(), rest.items.last().unwrap().number), (50, 4));
    let lease = begin(world, &made).await;
    sources.finish(&lease, &self::end(SourceRunState::Interrupted)).await.unwrap();
    assert_eq!(sources.get(ROOT, made.id).await.unwrap().next_due_at, Some(world.clock.now()), "it goes on");
}

async fn a_signature_is_taken_once(world: &World) {
    let made = source(world, ROOT, "s", None).await;
    let place = (ROOT, made.id);
    let sources = world.store.sources();
    let keep = Duration::from_secs(600);
    let both =
        futures::future::join_all((0..4).map(|_| sources.remember_signature(place, b"one", keep))).await;
    assert_eq!(both.into_iter().filter(|first| *first.as_ref().unwrap()).count(), 1);
    assert!(sources.remember_signature(place, b"two", keep).await.unwrap());
    sources.forget_signature(made.id, b"two").await.unwrap();
    assert!(sources.remember_signature(place, b"two", keep).await.unwrap());
    world.clock.advance(keep + Duration::from_secs(1));
    assert!(sources.remember_signature(place, b"one", keep).await.unwrap(), "long ago");
    assert!(sources.find_for_sender(made.id).await.unwrap().is_none(), "it is a folder");
}

async fn pushed_entries_are_a_run(world: &World) {
    let made = source(world, ROOT, "s", None).await;
    let sources = world.store.sources();
    let place = (ROOT, made.id);
    let counts = SourceCounts { added: 2, ..SourceCounts::default() };
    let end = SourceEnd { counts, ..end(SourceRunState::Finished) };
    let brought = [settled("a", 0, 1), settled("b", 0, 2)];
    assert_eq!(sources.keep_pushed(&ME, place, (&brought, &[]), &end).await.unwrap(), 1);
    assert_eq!(sources.keep_pushed(&ME, place, (&brought[..1], &["b".into()]), &end).await.unwrap(), 2);
    let items = sources.find_items(ROOT, made.id, &["a", "b", "c"]).await.unwrap();
    assert_eq!(items.iter().map(|item| (item.key.as_str(), item.seen)).collect::<Vec<_>>(), [("a", 2)]);
    let row = sources.get(ROOT, made.id).await.unwrap();
    assert_eq!((row.last_run.unwrap().counts, row.lease_until), (counts, None));
}

stories!(
    a_source_is_kept_changed_and_removed,
    sources_belong_to_a_tenant_and_end_with_their_collection,
    no_source_has_two_runs_at_once,
    a_dead_workers_run_is_interrupted_and_writes_nothing_more,
    a_listing_says_what_is_to_be_read,
    what_could_not_be_listed_is_not_gone,
    an_entry_with_another_name_keeps_its_document,
    a_title_that_was_the_files_name_follows_it,
    runs_are_kept_with_what_they_did,
    a_signature_is_taken_once,
    pushed_entries_are_a_run,
);
