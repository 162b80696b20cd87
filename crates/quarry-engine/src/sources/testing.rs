//! The contract of [`Source`], as a suite that each implementation runs.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "a panic is how a suite says what it found")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use futures::StreamExt as _;

use super::{
    Content, Entry, Fetched, Fingerprint, Listed, Source, SourceError, folder::Folder, glob::Globs, web::Web,
};
use crate::outbound::Outbound;

/// A place that a suite can change.
#[async_trait]
pub trait Playground: Send + Sync {
    /// The source as it is now.
    fn source(&self) -> Arc<dyn Source>;

    /// Three keys of entries that can be put there.
    fn keys(&self) -> [String; 3];

    /// Puts an entry there, or changes it.
    async fn put(&self, key: &str, bytes: &[u8]);

    /// Takes an entry away.
    async fn remove(&self, key: &str);

    /// Makes listing or fetching fail, as a disk or server that is away would.
    async fn take_down(&self);
}

/// Everything that is listed, and how the listing ended.
async fn listing(source: &dyn Source) -> (BTreeMap<String, Entry>, Option<SourceError>) {
    let mut entries = BTreeMap::new();
    let mut pages = source.list();
    while let Some(page) = pages.next().await {
        match page {
            Ok(listed) => {
                assert!(listed.entries.len() <= Listed::MOST, "a page of {} entries", listed.entries.len());
                for entry in listed.entries {
                    assert!(!entry.key.is_empty() && entry.key.len() <= Entry::LONGEST_KEY, "{entry:?}");
                    assert!(!entry.key.chars().any(char::is_control), "{entry:?}");
                    let twice = entries.insert(entry.key.clone(), entry);
                    assert!(twice.is_none(), "listed twice: {twice:?}");
                }
            }
            Err(error) => {
                assert!(pages.next().await.is_none(), "nothing comes after an error");
                return (entries, Some(error));
            }
        }
    }
    (entries, None)
}

async fn content(source: &dyn Source, key: &str) -> Content {
    match source.fetch(key, &Fingerprint::default()).await {
        Ok(Fetched::Content(content)) => content,
        other => panic!("`{key}` has content, not {other:?}"),
    }
}

/// Whether an entry is not there: it is not listed, or says so when it is read.
async fn is_gone(source: &dyn Source, key: &str) -> bool {
    let (listed, error) = listing(source).await;
    assert_eq!(error, None);
    let fetched = source.fetch(key, &Fingerprint::default()).await;
    let gone = matches!(fetched, Ok(Fetched::Gone));
    assert!(gone || !listed.contains_key(key), "`{key}` is listed and {fetched:?}");
    gone
}

/// Checks that a source keeps the contract of the trait.
///
/// # Panics
/// When it does not, with what was found.
#[allow(clippy::too_many_lines, reason = "one story, told from its beginning to its end")]
pub async fn source_contract(place: &dyn Playground) {
    let keys = place.keys();
    let texts = ["The first text.", "The second text.", "The third text, which is longer than the others."];
    for (key, text) in keys.iter().zip(texts) {
        place.put(key, text.as_bytes()).await;
    }
    let source = place.source();
    assert!(source.parallel() >= 1);

    let (before, error) = listing(source.as_ref()).await;
    assert_eq!(error, None);
    assert_eq!(before.len(), 3, "each entry once, and nothing else: {before:?}");
    for (key, text) in keys.iter().zip(texts) {
        assert!(before.contains_key(key), "`{key}` is listed");
        assert_eq!(content(source.as_ref(), key).await.bytes, text.as_bytes(), "{key}");
    }

    // Nothing changed.
    let (again, _) = listing(source.as_ref()).await;
    assert_eq!(before, again, "what did not change looks the same");
    let known = content(source.as_ref(), &keys[0]).await.fingerprint;
    match source.fetch(&keys[0], &known).await {
        Ok(Fetched::Unchanged) => {}
        Ok(Fetched::Content(same)) => assert_eq!(same.bytes, texts[0].as_bytes()),
        other => panic!("what did not change is there, not {other:?}"),
    }

    // One changed.
    place.put(&keys[0], b"Quite another text, of another length.").await;
    let source = place.source();
    let (after, _) = listing(source.as_ref()).await;
    let (old, new) = (before[&keys[0]].fingerprint, after[&keys[0]].fingerprint);
    assert!(new.is_none() || new != old, "what changed looks different");
    match source.fetch(&keys[0], &known).await {
        Ok(Fetched::Content(changed)) => {
            assert_eq!(changed.bytes, &b"Quite another text, of another length."[..])
        }
        other => panic!("what changed has new bytes, not {other:?}"),
    }

    // One went, and some never were.
    place.remove(&keys[1]).await;
    let source = place.source();
    assert!(is_gone(source.as_ref(), &keys[1]).await, "what was removed is gone");
    for key in ["never-was", "../outside", "/absolute", "a/../../b", ""] {
        assert!(is_gone(source.as_ref(), key).await, "`{key}` is gone");
    }

    // All of it is away: nothing may look as if it had been removed.
    place.take_down().await;
    let source = place.source();
    let (_, error) = listing(source.as_ref()).await;
    let fetched = source.fetch(&keys[2], &Fingerprint::default()).await;
    assert!(error.is_some() || fetched.is_err(), "what is away says so, not {fetched:?}");
}

/// A folder below one of some roots, as a source.
#[must_use]
pub fn folder(path: &Path, roots: &[PathBuf]) -> Arc<dyn Source> {
    Arc::new(Folder {
        path: path.to_owned(),
        roots: roots.to_vec(),
        globs: Globs::default(),
        most_bytes: 1 << 20,
    })
}

/// A list of addresses, as a source.
#[must_use]
pub fn web(urls: &[String], outbound: &Outbound) -> Arc<dyn Source> {
    Arc::new(Web { urls: urls.to_vec(), outbound: outbound.clone(), most_bytes: 1 << 20 })
}
