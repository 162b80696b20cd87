//! Opening databases of other versions, and files that are none.

use std::sync::Arc;

use quarry_core::{Clock, Fault as _, PageRequest};
use quarry_store::{HistoryFilter, Store, StoreConfig, testing::leave_at_version};

use crate::world::{ROOT, World, clock, config, fresh_postgres, stories};

async fn what_was_acknowledged_is_there_after_reopening(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let document = world.put(&collection, "a", "text", 2).await;
    let again = world.reopen().await;
    again.ping().await.unwrap();
    assert_eq!(again.documents().get(ROOT, document.id).await.unwrap().chunks, 2);
    assert_eq!(again.collections().every().await.unwrap().len(), 1);
    assert_eq!(again.blobs().get(&document.content_hash).await.unwrap(), "text");
    again.close().await;
    assert!(again.ping().await.is_err(), "closed is closed");
}

stories!(what_was_acknowledged_is_there_after_reopening);

fn file(folder: &tempfile::TempDir) -> StoreConfig {
    config(format!("sqlite://{}", folder.path().join("quarry.db").display()), folder)
}

async fn databases(folder: &tempfile::TempDir) -> Vec<StoreConfig> {
    let mut all = vec![file(folder)];
    if let Some((url, _)) = fresh_postgres().await {
        all.push(config(url, folder));
    }
    all
}

#[tokio::test]
async fn a_database_of_the_version_before_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    for config in databases(&folder).await {
        let clock = clock();
        let old = "INSERT INTO collections SELECT id, id, 'old', '', 'static', 4, 1, 1, 0, 5, 5 FROM tenants";
        leave_at_version(&config, Arc::clone(&clock) as Arc<dyn Clock>, 1, &[old]).await.unwrap();
        let store = Store::open(&config, clock).await.unwrap();
        let collection = store.collections().get(ROOT, &"old".parse().unwrap()).await.unwrap();
        assert_eq!(collection.embedder, "static");
        assert!(
            store
                .history()
                .list(ROOT, HistoryFilter::default(), &PageRequest::default())
                .await
                .unwrap()
                .items
                .is_empty()
        );
        store.close().await;
    }
}

#[tokio::test]
async fn a_newer_or_changed_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for config in databases(&folder).await {
        let newer = "INSERT INTO schema_migrations VALUES (99, 'future', '', 0)";
        leave_at_version(&config, clock(), 2, &[newer]).await.unwrap();
        let error = Store::open(&config, clock()).await.err().unwrap();
        assert_eq!(error.code(), "database_newer");
        assert!(
            error
                .to_string()
                .starts_with("the database is at version 99, this program knows versions up to 11")
        );
    }
    let folder = tempfile::tempdir().unwrap();
    for config in databases(&folder).await {
        let changed = "UPDATE schema_migrations SET checksum = 'x' WHERE version = 1";
        leave_at_version(&config, clock(), 2, &[changed]).await.unwrap();
        assert_eq!(Store::open(&config, clock()).await.err().unwrap().code(), "migration_changed");
    }
}

#[tokio::test]
async fn several_servers_may_start_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for config in databases(&folder).await {
        let opened = futures::future::join_all((0..4).map(|_| Store::open(&config, clock()))).await;
        for store in opened {
            let store = store.unwrap();
            assert_eq!(store.tenants().every().await.unwrap().len(), 1);
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("quarry.db"), "this is a letter, not a database ".repeat(400)).unwrap();
    let error = Store::open(&file(&folder), clock()).await.err().unwrap();
    assert_eq!(error.code(), "database_damaged");
    assert!(error.to_string().starts_with("the database file is damaged or not a database"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config("postgres://quarry@127.0.0.1:1/quarry".into(), &folder);
    config.acquire_timeout = std::time::Duration::from_secs(1);
    let error = Store::open(&config, clock()).await.err().unwrap();
    assert!(["database_unavailable", "database_busy"].contains(&error.code()), "{error:?}");
}
