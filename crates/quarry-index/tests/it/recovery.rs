//! Whatever happens to the files, the engine starts at an older state and replaying ends at the same answers.

use std::{
    fs::{self, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use quarry_core::{DocumentId, Scope};
use quarry_index::{Batch, Change, Index, IndexError, IndexSettings, Search, testing::contract};

use crate::support::{Local, Random};

/// Three commits of documents, some replaced.
fn history() -> Vec<Batch> {
    let mut random = Random(5);
    let documents: Vec<DocumentId> = (0..10).map(|_| DocumentId::new()).collect();
    (1..=30_u64)
        .map(|sequence| {
            let document = documents[random.below(10) as usize];
            let mut changes = vec![Change::Remove(document)];
            for number in 0..5 {
                let stems: Vec<u32> = (0..8).map(|_| random.below(40) as u32).collect();
                let vector = random.vector(32);
                changes.push(Change::Add(contract::chunk(
                    sequence * 10 + number,
                    document,
                    &stems,
                    Some(&vector),
                )));
            }
            Batch { changes, sequence }
        })
        .collect()
}

/// Feeds an index what it misses, as the contract says; returns from where.
async fn replay(local: &Local, scope: &Scope, history: &[Batch]) -> u64 {
    let mut start = local.index.state(scope, false).await.unwrap().sequence;
    if let Err(error) = local.index.apply(scope, Batch { changes: Vec::new(), sequence: start }).await {
        assert!(matches!(error, IndexError::Damaged(_)), "{error}");
        start = local.index.state(scope, false).await.unwrap().sequence;
    }
    for batch in history.iter().filter(|batch| batch.sequence > start) {
        local.index.apply(scope, batch.clone()).await.unwrap();
        if batch.sequence % 10 == 0 {
            assert_eq!(local.index.commit(scope).await.unwrap(), batch.sequence);
        }
    }
    start
}

type Answer = (Vec<u64>, Vec<(u64, Option<u32>)>);

async fn answer(local: &Local, scope: &Scope) -> Answer {
    let keys = local.index.state(scope, true).await.unwrap().keys;
    let vector = Random(11).vector(32);
    let search = Search { stems: &[1, 2, 3], vector: Some(&vector), filter: None, depth: 20, terms: true };
    let found = local.index.search(scope, search).await.unwrap();
    let mut dense: Vec<_> = found
        .items
        .iter()
        .filter(|item| item.dense.is_some())
        .map(|item| (item.key, item.dense.map(|leg| leg.rank)))
        .collect();
    dense.sort_by_key(|(_, rank)| *rank);
    (keys, dense)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn flip(path: &Path) {
    let length = fs::metadata(path).unwrap().len();
    let mut bytes = fs::read(path).unwrap();
    let Some(byte) = bytes.get_mut(length as usize / 2) else { return };
    *byte ^= 0x55;
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&bytes).unwrap();
}

fn shorten(path: &Path) {
    let length = fs::metadata(path).unwrap().len();
    OpenOptions::new().write(true).open(path).unwrap().set_len(length / 2).unwrap();
}

#[tokio::test]
async fn every_damage_is_survived() {
    let (history, scope) = (history(), contract::scope());
    let mut local = Local::new(IndexSettings::default());
    replay(&local, &scope, &history).await;
    let expected = answer(&local, &scope).await;
    local.reopen().await;
    assert_eq!(answer(&local, &scope).await, expected, "reopened as it was");
    local.index.close().await;
    let (shard, saved) = (local.shard(&scope), local.folder.path().join("saved"));
    copy(&shard, &saved);
    let harmless = [".managed.json", ".tantivy-writer.lock", ".tantivy-meta.lock"];
    let mut damages = 0;
    for path in files(&saved) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        for damage in [flip, shorten, (|path: &Path| fs::remove_file(path).unwrap()) as fn(&Path)] {
            fs::remove_dir_all(&shard).unwrap();
            copy(&saved, &shard);
            if fs::metadata(&path).unwrap().len() == 0 {
                continue;
            }
            damage(&shard.join(path.strip_prefix(&saved).unwrap()));
            damages += 1;
            local.reopen().await;
            let start = replay(&local, &scope, &history).await;
            assert!(start == 0 || start == 30, "{name}: {start}");
            assert!(
                start == 0
                    || harmless.contains(&name.as_str())
                    || !name.contains('.')
                    || name.ends_with("pos"),
                "{name} was damaged and nobody saw it"
            );
            assert_eq!(answer(&local, &scope).await, expected, "{name}");
            local.index.close().await;
        }
    }
    assert!(damages > 20, "{damages}");
}

#[tokio::test]
async fn a_deleted_folder_is_an_empty_index() {
    let (history, scope) = (history(), contract::scope());
    let mut local = Local::new(IndexSettings::default());
    replay(&local, &scope, &history).await;
    let expected = answer(&local, &scope).await;
    local.index.close().await;
    fs::remove_dir_all(local.shard(&scope)).unwrap();
    local.reopen().await;
    assert_eq!(replay(&local, &scope, &history).await, 0);
    assert_eq!(answer(&local, &scope).await, expected);
}

#[tokio::test]
async fn what_a_crash_leaves_behind_the_commit_is_cut_off() {
    let (history, scope) = (history(), contract::scope());
    let mut local = Local::new(IndexSettings::default());
    replay(&local, &scope, &history).await;
    let expected = answer(&local, &scope).await;
    local.index.close().await;
    for path in files(&local.shard(&scope)) {
        let forward =
            path.extension().is_some_and(|ending| ["slots", "vectors", "terms"].iter().any(|e| ending == *e));
        if forward {
            OpenOptions::new().append(true).open(&path).unwrap().write_all(&[0xab; 777]).unwrap();
        }
    }
    fs::write(local.shard(&scope).join("1.slots"), b"an unfinished compaction").unwrap();
    local.reopen().await;
    assert_eq!(answer(&local, &scope).await, expected);
    assert!(!local.shard(&scope).join("1.slots").exists());
    let chunk = contract::chunk(9_000, DocumentId::new(), &[1], Some(&Random(11).vector(32)));
    local.index.apply(&scope, contract::adding(31, vec![chunk])).await.unwrap();
    local.index.commit(&scope).await.unwrap();
    local.reopen().await;
    let (keys, dense) = answer(&local, &scope).await;
    assert!(keys.contains(&9_000) && keys.len() == expected.0.len() + 1);
    assert_eq!(dense[0], (9_000, Some(1)));
}

#[tokio::test]
async fn after_going_back_by_itself_an_index_refuses_to_skip_what_it_lost() {
    let (history, scope) = (history(), contract::scope());
    let mut local = Local::new(IndexSettings::default());
    replay(&local, &scope, &history).await;
    let expected = answer(&local, &scope).await;
    local.reopen().await;
    fs::remove_file(local.shard(&scope).join("0.vectors")).unwrap();
    let next = contract::adding(31, vec![]);
    // Somebody else looks first; that does not tell the one who feeds the index.
    assert_eq!(local.index.state(&scope, true).await.unwrap().sequence, 0);
    for _ in 0..2 {
        let refused = local.index.apply(&scope, next.clone()).await.unwrap_err();
        assert!(matches!(refused, IndexError::Damaged(_)), "{refused}");
    }
    assert_eq!(replay(&local, &scope, &history).await, 0);
    local.index.apply(&scope, next).await.unwrap();
    assert_eq!(local.index.commit(&scope).await.unwrap(), 31);
    assert_eq!(answer(&local, &scope).await, expected);
}

#[tokio::test]
async fn idle_shards_close_and_open_again() {
    let (history, scope) = (history(), contract::scope());
    let settings = IndexSettings { idle_close_seconds: 0, ..IndexSettings::default() };
    let local = Local::new(settings);
    replay(&local, &scope, &history).await;
    let expected = answer(&local, &scope).await;
    local.index.apply(&scope, contract::adding(31, vec![])).await.unwrap();
    local.index.close_idle().await;
    assert_eq!(local.index.open_shards(), 1, "what is applied and not committed is not thrown away");
    local.index.commit(&scope).await.unwrap();
    local.index.close_idle().await;
    assert_eq!(local.index.open_shards(), 0);
    assert_eq!(answer(&local, &scope).await, expected);
    assert_eq!(local.index.state(&scope, false).await.unwrap().sequence, 31);
}

#[tokio::test]
async fn only_so_many_shards_stay_open() {
    let local = Local::new(IndexSettings { open_shards: 3, ..IndexSettings::default() });
    let scopes: Vec<Scope> = (0..8).map(|_| contract::scope()).collect();
    for scope in &scopes {
        let chunk = contract::chunk(1, DocumentId::new(), &[7], None);
        local.index.apply(scope, contract::adding(1, vec![chunk])).await.unwrap();
        local.index.commit(scope).await.unwrap();
        assert!(local.index.open_shards() <= 3);
    }
    for scope in &scopes {
        let search = Search { stems: &[7], vector: None, filter: None, depth: 5, terms: true };
        assert_eq!(contract::keys(&local.index.search(scope, search).await.unwrap()), [1]);
    }
}
