//! Sources: what a sync does to a collection, and what it never does.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use quarry_core::{
    CollectionName, Document, DocumentStatus, Fault as _, PageRequest, Timestamp, clock::ManualClock,
};
use quarry_engine::{
    Engine, EngineSettings,
    outbound::Outbound,
    sources::{
        NewSource, Pushed, PushedDocument, Source, SourceCounts, SourceKind, SourceRun, SourceRunState,
        SourceView, UpdateSource,
        testing::{self, Playground, source_contract},
    },
};

use crate::{
    pages::{Page, Pages},
    world::{World, access, collection, found, stop},
};

/// Settings under which sources look only when a test says so.
fn settings(roots: &[PathBuf], share: f64) -> EngineSettings {
    let mut settings = EngineSettings::default();
    settings.ingest.commit_interval_ms = 5;
    settings.sources.scheduler = false;
    settings.sources.max_removed_share = share;
    settings.sources.folder_roots = roots.to_vec();
    settings
}

fn named(name: &str, kind: SourceKind) -> NewSource {
    NewSource {
        name: name.into(),
        kind,
        collection: CollectionName::fallback(),
        path: None,
        include: Vec::new(),
        exclude: Vec::new(),
        urls: Vec::new(),
        metadata: BTreeMap::new(),
        every_seconds: None,
        paused: false,
    }
}

/// Writes a file that was changed long ago, each time at another moment: nothing rests on the resolution of a clock.
fn write(place: &Path, name: &str, text: &str) {
    static MOMENT: AtomicI64 = AtomicI64::new(1);
    let path = place.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    let seconds = 1_000_000_000 + MOMENT.fetch_add(10, Ordering::Relaxed) as u64;
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .unwrap();
}

/// Syncs now, and waits until the run is over and its documents are searchable.
async fn sync(engine: &Engine, name: &str, force: bool) -> SourceRun {
    let begun = engine.sources().sync(&access(), name, force).await.unwrap();
    ended(engine, name, begun.number).await
}

async fn ended(engine: &Engine, name: &str, number: u64) -> SourceRun {
    for _ in 0..2_000 {
        let runs = engine.sources().runs(&access(), name, &PageRequest::default()).await.unwrap().items;
        let run = runs.into_iter().find(|run| run.number == number).unwrap();
        if run.state != SourceRunState::Running {
            let ids: Vec<_> = documents(engine).await.into_iter().map(|document| document.id).collect();
            engine.documents().settled(&access(), &ids, Duration::from_secs(30)).await.unwrap();
            return run;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the run of `{name}` does not end");
}

async fn documents(engine: &Engine) -> Vec<Document> {
    let page = PageRequest::new(Some(500), None);
    match engine.documents().list(&access(), &collection(), None, &page).await {
        Ok(page) => page.items,
        Err(error) => {
            assert_eq!(error.code(), "collection_not_found");
            Vec::new()
        }
    }
}

/// Documents by their sources.
async fn by_source(engine: &Engine) -> BTreeMap<String, Document> {
    documents(engine).await.into_iter().map(|document| (document.source.clone(), document)).collect()
}

async fn sources_of(engine: &Engine) -> Vec<String> {
    by_source(engine).await.into_keys().collect()
}

fn counts(run: &SourceRun) -> [u64; 7] {
    let SourceCounts { added, changed, renamed, removed, unchanged, skipped, failed } = run.counts;
    [added, changed, renamed, removed, unchanged, skipped, failed]
}

struct Files {
    world: World,
    place: PathBuf,
}

impl Files {
    async fn start(share: f64) -> (Self, Engine) {
        let world = World::new();
        let place = world.path("docs");
        fs::create_dir_all(&place).unwrap();
        let engine = world.engine_with(settings(&[world.path("")], share)).await;
        (Self { world, place }, engine)
    }

    async fn add(&self, engine: &Engine, change: impl FnOnce(&mut NewSource)) -> SourceView {
        let mut new = named("docs", SourceKind::Folder);
        new.path = Some(self.place.to_string_lossy().into_owned());
        change(&mut new);
        engine.sources().add(&access(), new).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_kept_in_sync() {
    let (files, engine) = Files::start(0.5).await;
    for (name, text) in [
        ("a.md", "Otters swim."),
        ("b.txt", "Herons wade."),
        ("deep/er/c.md", "Kingfishers dive."),
        (".hidden.md", "Nobody sees this."),
        (".git/config", "Nor this."),
        ("node_modules/x.md", "Nor that."),
        ("data/quarry.db", "Our own."),
        ("data/blobs/x", "Our own."),
        ("void.md", ""),
    ] {
        write(&files.place, name, text);
    }
    fs::write(files.place.join("tool.exe"), b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0")
        .unwrap();
    files
        .add(&engine, |new| {
            new.metadata.insert("team".into(), "birds".into());
        })
        .await;
    let first = sync(&engine, "docs", false).await;
    assert_eq!(
        (first.state, counts(&first)[0], counts(&first)[6]),
        (SourceRunState::Finished, 3, 0),
        "{first:?}"
    );
    assert_eq!(sources_of(&engine).await, ["docs/a.md", "docs/b.txt", "docs/deep/er/c.md"]);
    let made = by_source(&engine).await;
    assert_eq!(made["docs/a.md"].metadata["source_name"], "docs".into());
    assert_eq!(made["docs/a.md"].metadata["team"], "birds".into());
    assert_eq!(made["docs/a.md"].status, DocumentStatus::Ready);

    let again = sync(&engine, "docs", false).await;
    assert_eq!((counts(&again)[..5].to_vec(), again.number), (vec![0, 0, 0, 0, 3], 2));

    write(&files.place, "a.md", "Otters sleep.");
    write(&files.place, "b.txt", "Herons wade.");
    write(&files.place, "d.md", "Swifts fly.");
    fs::remove_file(files.place.join("deep/er/c.md")).unwrap();
    let third = sync(&engine, "docs", false).await;
    assert_eq!(counts(&third)[..5], [1, 1, 0, 1, 1], "{third:?}");
    let after = by_source(&engine).await;
    assert_eq!(after.keys().collect::<Vec<_>>(), ["docs/a.md", "docs/b.txt", "docs/d.md"]);
    assert_eq!(
        (after["docs/a.md"].version, after["docs/b.txt"].version),
        (2, 1),
        "the same bytes make no version"
    );
    assert_eq!(after["docs/a.md"].id, made["docs/a.md"].id);
    assert!(!found(&engine, "kingfishers").await.contains(&"docs/deep/er/c.md".to_owned()));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_move_keep_their_documents() {
    let (files, engine) = Files::start(0.5).await;
    for number in 0..15 {
        write(&files.place, &format!("old/{number}.md"), &format!("Page {number} about otters."));
    }
    files.add(&engine, |_| {}).await;
    sync(&engine, "docs", false).await;
    let before = by_source(&engine).await;
    fs::rename(files.place.join("old"), files.place.join("new")).unwrap();
    let run = sync(&engine, "docs", false).await;
    assert_eq!(
        counts(&run)[..5],
        [0, 0, 15, 0, 0],
        "a folder that moved is not a folder that is gone: {run:?}"
    );
    let after = by_source(&engine).await;
    assert_eq!(after.len(), 15);
    for number in 0..15 {
        let (old, new) =
            (&before[&format!("docs/old/{number}.md")], &after[&format!("docs/new/{number}.md")]);
        assert_eq!((old.id, old.version), (new.id, new.version));
        assert_eq!(new.status, DocumentStatus::Ready);
    }
    let hits = found(&engine, "otters").await;
    assert!(hits.iter().all(|source| source.starts_with("docs/new/")) && hits.len() == 15, "{hits:?}");
    // Two files with the same bytes, of which one moves: each keeps its own.
    write(&files.place, "new/twin.md", "Page 3 about otters.");
    assert_eq!(counts(&sync(&engine, "docs", false).await)[..5], [1, 0, 0, 0, 15]);
    let twin = by_source(&engine).await["docs/new/twin.md"].id;
    fs::rename(files.place.join("new/twin.md"), files.place.join("twin.md")).unwrap();
    assert_eq!(counts(&sync(&engine, "docs", false).await)[..5], [0, 0, 1, 0, 15]);
    assert_eq!(by_source(&engine).await["docs/twin.md"].id, twin);
    let verified = engine.index().verify(&access(), &collection()).await.unwrap();
    assert!(verified.clean, "{verified:?}");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_away_or_empty_removes_nothing() {
    let (files, engine) = Files::start(0.5).await;
    for number in 0..25 {
        write(&files.place, &format!("{number}.md"), &format!("Page {number}."));
    }
    files.add(&engine, |_| {}).await;
    sync(&engine, "docs", false).await;

    let away = files.world.path("away");
    fs::rename(&files.place, &away).unwrap();
    let run = sync(&engine, "docs", false).await;
    assert_eq!((run.state, counts(&run)), (SourceRunState::Failed, [0; 7]));
    assert!(run.error.as_ref().unwrap().contains("is its disk there?"), "{run:?}");
    assert_eq!(documents(&engine).await.len(), 25);

    // Where the disk was mounted there is an empty folder now.
    fs::create_dir(&files.place).unwrap();
    let run = sync(&engine, "docs", false).await;
    let error = run.error.clone().unwrap();
    assert!(error.starts_with("25 of 25 documents are gone") && error.contains("--force"), "{error}");
    assert_eq!((run.state, counts(&run)), (SourceRunState::Failed, [0; 7]));
    assert_eq!(documents(&engine).await.len(), 25);
    let items = engine.sources().items(&access(), "docs", &PageRequest::default()).await.unwrap().items;
    assert!(items.iter().all(|item| item.missing_since.is_some()), "{items:?}");

    // It is back: nothing is read, nothing is missing.
    fs::remove_dir(&files.place).unwrap();
    fs::rename(&away, &files.place).unwrap();
    assert_eq!(counts(&sync(&engine, "docs", false).await), [0, 0, 0, 0, 25, 0, 0]);
    let items = engine.sources().items(&access(), "docs", &PageRequest::default()).await.unwrap().items;
    assert!(items.iter().all(|item| item.missing_since.is_none()));

    // Half of them may go, more only when somebody says so.
    for number in 0..12 {
        fs::remove_file(files.place.join(format!("{number}.md"))).unwrap();
    }
    assert_eq!(counts(&sync(&engine, "docs", false).await)[3], 12);
    for number in 12..23 {
        fs::remove_file(files.place.join(format!("{number}.md"))).unwrap();
    }
    assert_eq!(sync(&engine, "docs", false).await.state, SourceRunState::Failed);
    let forced = sync(&engine, "docs", true).await;
    assert_eq!((forced.state, counts(&forced)[3]), (SourceRunState::Finished, 11));
    assert_eq!(sources_of(&engine).await, ["docs/23.md", "docs/24.md"]);
    stop(engine).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_and_strange_files_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let (files, engine) = Files::start(0.5).await;
    let outside = files.world.path("outside");
    write(&outside, "secret.md", "The secret of the otters.");
    write(&files.place, "a.md", "Otters swim.");
    symlink(outside.join("secret.md"), files.place.join("link.md")).unwrap();
    symlink(&outside, files.place.join("folder")).unwrap();
    symlink(&files.place, files.place.join("circle")).unwrap();
    symlink("nowhere", files.place.join("dangling.md")).unwrap();
    std::process::Command::new("mkfifo").arg(files.place.join("pipe.md")).status().unwrap();
    files.add(&engine, |_| {}).await;
    let run = sync(&engine, "docs", false).await;
    assert_eq!(counts(&run), [1, 0, 0, 0, 0, 0, 0], "{run:?}");
    assert_eq!(sources_of(&engine).await, ["docs/a.md"]);
    // A file that becomes a link between two looks is gone, whatever it leads to.
    fs::remove_file(files.place.join("a.md")).unwrap();
    symlink(outside.join("secret.md"), files.place.join("a.md")).unwrap();
    assert_eq!(counts(&sync(&engine, "docs", false).await), [0, 0, 0, 1, 0, 0, 0]);
    stop(engine).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_listed_or_read_keeps_its_documents() {
    use std::os::unix::fs::PermissionsExt as _;
    let (files, engine) = Files::start(0.5).await;
    for name in ["open/a.md", "closed/b.md", "c.md"] {
        write(&files.place, name, &format!("About {name}."));
    }
    files.add(&engine, |_| {}).await;
    sync(&engine, "docs", false).await;
    let close = |mode| {
        let closed = files.place.join("closed");
        fs::set_permissions(closed, fs::Permissions::from_mode(mode)).unwrap();
    };
    close(0o000);
    if fs::read_dir(files.place.join("closed")).is_ok() {
        // The administrator reads everything; there is nothing to be shown.
        close(0o755);
        eprintln!("left out: permissions do not hold for this user");
        stop(engine).await;
        return;
    }
    fs::remove_file(files.place.join("open/a.md")).unwrap();
    let run = sync(&engine, "docs", false).await;
    close(0o755);
    assert_eq!((run.state, counts(&run)), (SourceRunState::Finished, [0, 0, 0, 1, 1, 0, 1]), "{run:?}");
    assert_eq!(run.failures[0].key, "closed");
    assert_eq!(sources_of(&engine).await, ["docs/c.md", "docs/closed/b.md"]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_and_limits_say_what_belongs_to_a_folder() {
    let (files, engine) = Files::start(0.5).await;
    for name in ["a.md", "b.txt", "drafts/c.md", "deep/drafts/d.md", "deep/e.md"] {
        write(&files.place, name, &format!("About {name}."));
    }
    files
        .add(&engine, |new| {
            new.include = vec!["*.md".into()];
            new.exclude = vec!["**/drafts/**".into()];
        })
        .await;
    sync(&engine, "docs", false).await;
    assert_eq!(sources_of(&engine).await, ["docs/a.md", "docs/deep/e.md"]);
    // What no longer belongs to it goes, what does comes.
    let change =
        UpdateSource { include: Some(vec!["*.txt".into(), "deep/*".into()]), ..UpdateSource::default() };
    let changed = engine.sources().update(&access(), "docs", change).await.unwrap();
    assert_eq!(changed.place.exclude, ["**/drafts/**"], "what is not said stays");
    assert_eq!(counts(&sync(&engine, "docs", false).await)[..5], [1, 0, 0, 1, 1]);
    assert_eq!(sources_of(&engine).await, ["docs/b.txt", "docs/deep/e.md"]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_too_large_is_told_and_spoils_nothing() {
    let world = World::new();
    let place = world.path("docs");
    write(&place, "small.md", "Small.");
    write(&place, "large.md", &"Large. ".repeat(100));
    let mut settings = settings(&[world.path("")], 0.5);
    settings.ingest.max_document_bytes = 100;
    let engine = world.engine_with(settings).await;
    let mut new = named("docs", SourceKind::Folder);
    new.path = Some(place.to_string_lossy().into_owned());
    engine.sources().add(&access(), new).await.unwrap();
    let run = sync(&engine, "docs", false).await;
    assert_eq!((run.state, counts(&run)), (SourceRunState::Finished, [1, 0, 0, 0, 0, 0, 1]));
    assert_eq!(run.failures[0].key, "large.md");
    assert!(run.failures[0].reason.contains("at most 100 are taken"), "{run:?}");
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_work_is_refused_with_its_place() {
    let pages = Pages::start().await;
    let (files, engine) = Files::start(0.5).await;
    let sources = engine.sources();
    let inside = files.place.to_string_lossy().into_owned();
    let folder = |path: &str| NewSource { path: Some(path.into()), ..named("x", SourceKind::Folder) };
    let web = |urls: &[&str]| NewSource {
        urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        ..named("x", SourceKind::Web)
    };
    for (new, pointer) in [
        (named("No Good", SourceKind::Push), "/name"),
        (named("x", SourceKind::Folder), "/path"),
        (folder("docs"), "/path"),
        (folder("/nowhere/at/all"), "/path"),
        (folder("/"), "/path"),
        (folder(&format!("{inside}/../..")), "/path"),
        (named("x", SourceKind::Web), "/urls"),
        (web(&["ftp://a/b"]), "/urls"),
        (web(&["https://a/b", "https://a/b"]), "/urls"),
        (NewSource { path: Some(inside.clone()), ..web(&["https://a/b"]) }, "/path"),
        (NewSource { include: vec![String::new()], ..folder(&inside) }, "/include"),
        (NewSource { every_seconds: Some(1), ..folder(&inside) }, "/every_seconds"),
        (NewSource { every_seconds: Some(60), ..named("x", SourceKind::Push) }, "/every_seconds"),
        (
            NewSource {
                metadata: [("source_name".into(), "y".into())].into(),
                ..named("x", SourceKind::Push)
            },
            "/metadata",
        ),
        (
            NewSource { metadata: [("a b".into(), "y".into())].into(), ..named("x", SourceKind::Push) },
            "/metadata",
        ),
    ] {
        let shown = format!("{new:?}");
        let error = sources.add(&access(), new).await.unwrap_err();
        assert_eq!(error.pointer().as_deref(), Some(pointer), "{error} {shown}");
    }
    let none = world_without_roots().await;
    let error = none.1.sources().add(&access(), folder(&inside)).await.unwrap_err();
    assert!(error.to_string().contains("`sources.folder_roots`"), "{error}");
    stop(none.1).await;

    sources.add(&access(), named("x", SourceKind::Push)).await.unwrap();
    assert_eq!(
        sources.add(&access(), named("x", SourceKind::Push)).await.unwrap_err().code(),
        "source_exists"
    );
    assert_eq!(sources.sync(&access(), "x", false).await.unwrap_err().code(), "source_not_synced");
    assert_eq!(sources.get(&access(), "y").await.unwrap_err().code(), "source_not_found");
    drop(pages);
    stop(engine).await;
}

async fn world_without_roots() -> (World, Engine) {
    let world = World::new();
    let engine = world.engine_with(settings(&[], 0.5)).await;
    (world, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_goes_on_and_doubles_nothing() {
    let (files, engine) = Files::start(0.5).await;
    for number in 0..120 {
        write(&files.place, &format!("{number:03}.md"), &format!("Page {number} about otters."));
    }
    files.add(&engine, |_| {}).await;
    let mut engine = engine;
    // Whatever instant the process ends at.
    for millis in [0, 1, 3, 7, 15, 30] {
        engine.sources().sync(&access(), "docs", false).await.unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        engine.abandon().await;
        engine = files.world.engine_with(settings(&[files.world.path("")], 0.5)).await;
    }
    let last = sync(&engine, "docs", false).await;
    assert_eq!(last.state, SourceRunState::Finished);
    let known = by_source(&engine).await;
    assert_eq!(known.len(), 120);
    assert!(known.values().all(|document| document.version == 1 && document.status == DocumentStatus::Ready));
    let runs = engine.sources().runs(&access(), "docs", &PageRequest::default()).await.unwrap().items;
    assert!(runs.iter().skip(1).any(|run| run.state == SourceRunState::Interrupted), "{runs:?}");
    assert_eq!(counts(&sync(&engine, "docs", false).await), [0, 0, 0, 0, 120, 0, 0]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_a_run_in_order() {
    let (files, engine) = Files::start(0.5).await;
    for number in 0..200 {
        write(&files.place, &format!("{number:03}.md"), &format!("Page {number} about otters."));
    }
    files.add(&engine, |new| new.every_seconds = Some(3_600)).await;
    engine.sources().sync(&access(), "docs", false).await.unwrap();
    stop(engine).await;
    let engine = files.world.engine_with(settings(&[files.world.path("")], 0.5)).await;
    let source = engine.sources().get(&access(), "docs").await.unwrap();
    let run = source.last_run.unwrap();
    assert!(!source.running && run.state != SourceRunState::Running, "{run:?}");
    engine.sources().run_due().await.unwrap();
    assert_eq!(documents(&engine).await.len(), 200);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_looked_at_when_they_are_due() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
    let mut world = World::new();
    world.clock = Arc::<ManualClock>::clone(&clock);
    let place = world.path("docs");
    write(&place, "a.md", "Otters swim.");
    let engine = world.engine_with(settings(&[world.path("")], 0.5)).await;
    let sources = engine.sources();
    let mut new = named("docs", SourceKind::Folder);
    new.path = Some(place.to_string_lossy().into_owned());
    new.every_seconds = Some(600);
    sources.add(&access(), new).await.unwrap();
    assert_eq!(sources.run_due().await.unwrap(), 1, "at once");
    assert_eq!(sources.run_due().await.unwrap(), 0);
    write(&place, "b.md", "Herons wade.");
    clock.advance(Duration::from_secs(599));
    assert_eq!(sources.run_due().await.unwrap(), 0);
    clock.advance(Duration::from_secs(1));
    assert_eq!(sources.run_due().await.unwrap(), 1);
    assert_eq!(sources_of(&engine).await, ["docs/a.md", "docs/b.md"]);

    let pause = |paused| UpdateSource { paused: Some(paused), ..UpdateSource::default() };
    assert!(sources.update(&access(), "docs", pause(true)).await.unwrap().next_due_at.is_none());
    clock.advance(Duration::from_secs(6_000));
    assert_eq!(sources.run_due().await.unwrap(), 0);
    sources.update(&access(), "docs", pause(false)).await.unwrap();
    assert_eq!(sources.run_due().await.unwrap(), 1);
    let never = UpdateSource { every_seconds: Some(None), ..UpdateSource::default() };
    sources.update(&access(), "docs", never).await.unwrap();
    clock.advance(Duration::from_secs(6_000));
    assert_eq!(sources.run_due().await.unwrap(), 0);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scheduler_looks_by_itself() {
    let world = World::new();
    let place = world.path("docs");
    write(&place, "a.md", "Otters swim.");
    let mut settings = settings(&[world.path("")], 0.5);
    settings.sources.scheduler = true;
    let engine = world.engine_with(settings).await;
    let mut new = named("docs", SourceKind::Folder);
    new.path = Some(place.to_string_lossy().into_owned());
    new.every_seconds = Some(600);
    engine.sources().add(&access(), new).await.unwrap();
    for _ in 0..2_000 {
        if engine.sources().get(&access(), "docs").await.unwrap().last_run.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ended(&engine, "docs", 1).await;
    assert_eq!(sources_of(&engine).await, ["docs/a.md"]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_asked_whether_they_changed() {
    let pages = Pages::start().await;
    let mut world = World::new();
    world.outbound = pages.opened();
    let engine = world.engine_with(settings(&[], 0.5)).await;
    pages.put("/a", "Otters swim in the river.");
    pages.put("/b", "Herons wade in the pond.");
    pages.set(
        "/c",
        Page {
            status: 200,
            etag: None,
            modified: Some("Mon, 01 Jan 2024 00:00:00 GMT".into()),
            body: b"Kingfishers dive into the stream.".to_vec(),
        },
    );
    let mut new = named("web", SourceKind::Web);
    new.urls = ["/a", "/b", "/c", "/gone"].map(|path| pages.url(path)).to_vec();
    engine.sources().add(&access(), new).await.unwrap();
    let run = sync(&engine, "web", false).await;
    assert_eq!((run.state, counts(&run)), (SourceRunState::Finished, [3, 0, 0, 0, 0, 0, 0]), "{run:?}");
    let before = by_source(&engine).await;
    assert_eq!(before.keys().next().unwrap(), &format!("web/{}", pages.url("/a")));

    pages.asked();
    pages.put("/b", "Herons stand in the pond.");
    let run = sync(&engine, "web", false).await;
    assert_eq!(counts(&run), [0, 1, 0, 0, 2, 0, 0], "{run:?}");
    let mut asked: Vec<_> = pages.asked().into_iter().map(|asked| (asked.path, asked.status)).collect();
    asked.sort();
    assert_eq!(asked, [("/a".into(), 304), ("/b".into(), 200), ("/c".into(), 304), ("/gone".into(), 404)]);
    let after = by_source(&engine).await;
    assert_eq!(after[&format!("web/{}", pages.url("/b"))].version, 2);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_keeps_its_documents_and_one_that_says_gone_does_not() {
    let pages = Pages::start().await;
    let mut world = World::new();
    world.outbound = pages.opened();
    let engine = world.engine_with(settings(&[], 0.5)).await;
    let paths = ["/a", "/b", "/c", "/d", "/e"];
    for path in paths {
        pages.put(path, &format!("What stands at {path}."));
    }
    let mut new = named("web", SourceKind::Web);
    new.urls = paths.map(|path| pages.url(path)).to_vec();
    engine.sources().add(&access(), new).await.unwrap();
    sync(&engine, "web", false).await;
    pages.status("/a", 503);
    pages.status("/b", 429);
    pages.set("/c", Page { status: 200, etag: None, modified: None, body: Vec::new() });
    pages.status("/d", 410);
    pages.remove("/e");
    let run = sync(&engine, "web", false).await;
    assert_eq!((run.state, counts(&run)), (SourceRunState::Finished, [0, 0, 0, 2, 0, 0, 3]), "{run:?}");
    let reasons: Vec<_> = run.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert!(
        reasons[0].contains("status 503") && reasons[1].contains("429") && reasons[2].contains("nothing")
    );
    assert_eq!(documents(&engine).await.len(), 3);

    pages.take_down();
    let run = sync(&engine, "web", false).await;
    assert_eq!(counts(&run)[6], 5, "{run:?}");
    assert_eq!(documents(&engine).await.len(), 3);
    pages.bring_back();
    for path in paths {
        pages.put(path, &format!("What stands at {path}."));
    }
    let run = sync(&engine, "web", false).await;
    assert_eq!(counts(&run), [2, 0, 0, 0, 3, 0, 0], "what is back is added again: {run:?}");

    // An address that is no longer on the list takes its document along.
    let change = UpdateSource { urls: Some(vec![pages.url("/a")]), ..UpdateSource::default() };
    engine.sources().update(&access(), "web", change).await.unwrap();
    assert_eq!(counts(&sync(&engine, "web", false).await), [0, 0, 0, 4, 1, 0, 0]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_loses_everything_loses_nothing_here() {
    let pages = Pages::start().await;
    let mut world = World::new();
    world.outbound = pages.opened();
    let engine = world.engine_with(settings(&[], 0.5)).await;
    let paths: Vec<String> = (0..24).map(|number| format!("/{number}")).collect();
    for path in &paths {
        pages.put(path, &format!("What stands at {path}."));
    }
    let mut new = named("web", SourceKind::Web);
    new.urls = paths.iter().map(|path| pages.url(path)).collect();
    engine.sources().add(&access(), new).await.unwrap();
    sync(&engine, "web", false).await;
    for path in &paths {
        pages.remove(path);
    }
    for _ in 0..2 {
        let run = sync(&engine, "web", false).await;
        assert!(run.error.unwrap().starts_with("24 of 24 documents are gone"));
        assert_eq!(documents(&engine).await.len(), 24);
    }
    for path in &paths {
        pages.put(path, &format!("What stands at {path}."));
    }
    assert_eq!(counts(&sync(&engine, "web", false).await), [0, 0, 0, 0, 24, 0, 0]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_not_read() {
    let pages = Pages::start().await;
    pages.put("/a", "The secrets of this machine.");
    // Nothing is opened.
    let world = World::new();
    let engine = world.engine_with(settings(&[], 0.5)).await;
    let mut new = named("web", SourceKind::Web);
    new.urls = vec![pages.url("/a"), "http://169.254.169.254/latest/meta-data".into()];
    engine.sources().add(&access(), new).await.unwrap();
    let run = sync(&engine, "web", false).await;
    assert_eq!(counts(&run), [0, 0, 0, 0, 0, 0, 2]);
    assert!(run.failures.iter().all(|failure| failure.reason.contains("may not be reached")), "{run:?}");
    assert!(pages.asked().is_empty());
    stop(engine).await;
}

fn pushed(key: &str, text: &str) -> PushedDocument {
    PushedDocument {
        key: key.into(),
        title: None,
        name: String::new(),
        media_type: Some("text/plain".into()),
        metadata: BTreeMap::new(),
        bytes: text.to_owned().into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_brings_and_takes_documents() {
    let world = World::new();
    let engine = world.engine_with(settings(&[], 0.5)).await;
    let sources = engine.sources();
    let made = sources.add(&access(), named("crm", SourceKind::Push)).await.unwrap();
    let secret = made.secret.clone().unwrap();
    assert!(secret.starts_with("qs_") && secret.len() == 67);
    assert!(sources.get(&access(), "crm").await.unwrap().secret.is_none(), "it is shown once");
    let id = made.id.to_string();
    let mut number = 0;
    let mut grant = async || {
        number += 1;
        let body = format!("body {number}");
        let header = quarry_engine::signature::sign(&secret, world.clock.now(), body.as_bytes());
        sources.verify_push(&id, Some(&header), &body.into()).await.unwrap()
    };
    let bring = Pushed { upserts: vec![pushed("1", "Otters."), pushed("2", "Herons.")], deletes: Vec::new() };
    let run = sources.push(grant().await, bring.clone()).await.unwrap();
    assert_eq!((run.number, run.state, counts(&run)), (1, SourceRunState::Finished, [2, 0, 0, 0, 0, 0, 0]));
    let change =
        Pushed { upserts: vec![pushed("1", "Otters."), pushed("2", "Storks.")], deletes: vec!["9".into()] };
    assert_eq!(counts(&sources.push(grant().await, change).await.unwrap()), [0, 1, 0, 0, 1, 0, 0]);
    let take = Pushed { upserts: Vec::new(), deletes: vec!["1".into(), "2".into()] };
    assert_eq!(counts(&sources.push(grant().await, take.clone()).await.unwrap()), [0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(counts(&sources.push(grant().await, take).await.unwrap()), [0; 7], "they are gone already");
    assert!(documents(&engine).await.is_empty());
    for (wrong, pointer) in [
        (Pushed::default(), "/upserts"),
        (Pushed { upserts: vec![pushed("", "x")], deletes: Vec::new() }, "/upserts"),
        (Pushed { upserts: vec![pushed("1", "x")], deletes: vec!["1".into()] }, "/deletes"),
        (Pushed { upserts: vec![pushed("1", "")], deletes: Vec::new() }, "/documents"),
    ] {
        let error = sources.push(grant().await, wrong).await.unwrap_err();
        assert_eq!(error.pointer().as_deref(), Some(pointer), "{error}");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_learn_nothing_and_no_request_is_taken_twice() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_700_000_000_000_000)));
    let mut world = World::new();
    world.clock = Arc::<ManualClock>::clone(&clock);
    let engine = world.engine_with(settings(&[], 0.5)).await;
    let sources = engine.sources();
    let made = sources.add(&access(), named("crm", SourceKind::Push)).await.unwrap();
    let (id, secret) = (made.id.to_string(), made.secret.unwrap());
    let sign = |secret: &str| quarry_engine::signature::sign(secret, world.clock.now(), b"body");
    let nobody = "0190a000-0000-7000-8000-000000000000";
    let right = sign(&secret);
    let mut said = std::collections::HashSet::new();
    for (source, header, body) in [
        (id.as_str(), None, "body"),
        (&id, Some(sign("qs_other")), "body"),
        (&id, Some(right.clone()), "other"),
        (&id, Some("nonsense".into()), "body"),
        (nobody, Some(right.clone()), "body"),
        ("crm", Some(right.clone()), "body"),
    ] {
        let refused = sources.verify_push(source, header.as_deref(), &body.into()).await.err().unwrap();
        assert_eq!(refused.code(), "unauthenticated");
        said.insert(refused.to_string());
    }
    assert_eq!(said.len(), 1, "{said:?}");

    let grant = sources.verify_push(&id, Some(&right), &"body".into()).await.unwrap();
    let replayed = sources.verify_push(&id, Some(&right), &"body".into()).await.err().unwrap();
    assert_eq!(replayed.code(), "push_replayed");
    // What could not be done may be sent again as it is.
    assert!(sources.push(grant, Pushed::default()).await.is_err());
    let grant = sources.verify_push(&id, Some(&right), &"body".into()).await.unwrap();
    let bring = Pushed { upserts: vec![pushed("1", "Otters.")], deletes: Vec::new() };
    sources.push(grant, bring).await.unwrap();
    clock.advance(Duration::from_secs(300));
    assert_eq!(
        sources.verify_push(&id, Some(&right), &"body".into()).await.err().unwrap().code(),
        "push_replayed"
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        sources.verify_push(&id, Some(&right), &"body".into()).await.err().unwrap().code(),
        "unauthenticated"
    );
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_goes_with_its_documents_or_without() {
    let (files, engine) = Files::start(0.5).await;
    for number in 0..130 {
        write(&files.place, &format!("{number}.md"), &format!("Page {number}."));
    }
    files.add(&engine, |_| {}).await;
    sync(&engine, "docs", false).await;
    engine.sources().remove(&access(), "docs", false).await.unwrap();
    assert_eq!(documents(&engine).await.len(), 130);
    // Added again under its name, it finds its documents: nothing is doubled.
    files.add(&engine, |_| {}).await;
    let run = sync(&engine, "docs", false).await;
    assert_eq!((documents(&engine).await.len(), counts(&run)[4]), (130, 130), "{run:?}");
    engine.sources().remove(&access(), "docs", true).await.unwrap();
    assert!(documents(&engine).await.is_empty());
    assert_eq!(engine.sources().get(&access(), "docs").await.unwrap_err().code(), "source_not_found");
    stop(engine).await;
}

/// A folder that the suite changes.
struct FolderGround {
    world: World,
    place: PathBuf,
}

#[async_trait]
impl Playground for FolderGround {
    fn source(&self) -> Arc<dyn Source> {
        testing::folder(&self.place, &[self.world.path("")])
    }

    fn keys(&self) -> [String; 3] {
        ["a.md".into(), "deep/er/b.md".into(), "ü x.txt".into()]
    }

    async fn put(&self, key: &str, bytes: &[u8]) {
        write(&self.place, key, std::str::from_utf8(bytes).unwrap());
    }

    async fn remove(&self, key: &str) {
        fs::remove_file(self.place.join(key)).unwrap();
    }

    async fn take_down(&self) {
        fs::rename(&self.place, self.world.path("away")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_the_contract() {
    let world = World::new();
    let place = world.path("docs");
    source_contract(&FolderGround { world, place }).await;
}

/// A web server that the suite changes.
struct WebGround {
    pages: Pages,
    outbound: Outbound,
}

#[async_trait]
impl Playground for WebGround {
    fn source(&self) -> Arc<dyn Source> {
        testing::web(&self.keys(), &self.outbound)
    }

    fn keys(&self) -> [String; 3] {
        ["/a", "/b?c=d", "/e/f"].map(|path| self.pages.url(path))
    }

    async fn put(&self, key: &str, bytes: &[u8]) {
        self.pages.put(&key[self.pages.url("").len()..], std::str::from_utf8(bytes).unwrap());
    }

    async fn remove(&self, key: &str) {
        self.pages.remove(&key[self.pages.url("").len()..]);
    }

    async fn take_down(&self) {
        self.pages.take_down();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_keeps_the_contract() {
    let pages = Pages::start().await;
    let outbound = Outbound::new(pages.opened()).unwrap();
    source_contract(&WebGround { pages, outbound }).await;
}
