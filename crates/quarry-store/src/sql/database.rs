//! A database of either kind, and sessions on it.

use std::{borrow::Cow, path::Path, str::FromStr as _, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, PgPool, Postgres, Sqlite,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{
    connections::{Connections, Lease},
    dialect::Dialect,
    value::{Arg, Row, for_postgres, for_sqlite},
};
use crate::{error::StoreError, store::StoreConfig};

/// How long a statement waits for another process's lock, and how long PostgreSQL works on one.
const PATIENCE: Duration = Duration::from_secs(30);
/// Readers of a SQLite file: reads take well under a millisecond, so that a few serve thousands a second, and each
/// has a cache of its own.
const READERS: u32 = 3;

#[derive(Clone)]
pub(crate) enum Database {
    Sqlite { write: Arc<Connections>, read: Arc<Connections> },
    Postgres(PgPool),
}

impl Database {
    /// Whether it is a SQLite file, which one process holds.
    pub(crate) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    pub(crate) async fn connect(config: &StoreConfig) -> Result<Self, StoreError> {
        let url = config.url.as_str();
        if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
            return Self::open_file(Path::new(path), config);
        }
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            // The URL may hold a password: only its scheme is repeated.
            let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
            return Err(StoreError::InvalidUrl(format!("{scheme}://...")));
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(|cause| StoreError::Unavailable(cause.to_string()))?
            .application_name("quarry")
            .options([("statement_timeout", PATIENCE.as_millis().to_string())])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections.max(2))
            .acquire_timeout(config.acquire_timeout)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        Ok(Self::Postgres(pool))
    }

    fn open_file(path: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|cause| StoreError::Unavailable(format!("{}: {cause}", folder.display())))?;
        }
        // Acknowledged means on disk: with FULL, the journal is synchronised at every commit.
        let shared = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(128)
            .row_buffer_size(256)
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        let write = shared
            .clone()
            .create_if_missing(true)
            .page_size(8_192)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("cache_size", "-8192")
            // 32 MB of journal between checkpoints: bulk loads rewrite hot pages of indexes less often.
            .pragma("wal_autocheckpoint", "4096")
            .pragma("journal_size_limit", "67108864")
            .thread_name(|_| "store-write".into());
        // The first 64 MB are mapped: small data sets are read without a system call, and memory stays bounded.
        let read = shared
            .read_only(true)
            .pragma("cache_size", "-6144")
            .pragma("mmap_size", "67108864")
            .thread_name(|number| format!("store-read-{number}"));
        let readers = config.max_connections.clamp(1, READERS);
        Ok(Self::Sqlite {
            write: Connections::new(write, 1, config.acquire_timeout),
            read: Connections::new(read, readers, config.acquire_timeout),
        })
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite { .. } => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A session that reads.
    pub(crate) async fn read(&self) -> Result<Session, StoreError> {
        let link = match self {
            Self::Sqlite { read, .. } => Link::Sqlite(read.acquire().await?),
            Self::Postgres(pool) => Link::Postgres(Some(pool.acquire().await?)),
        };
        Ok(Session { link, open: false })
    }

    /// A session that writes, each statement for itself.
    pub(crate) async fn write(&self) -> Result<Session, StoreError> {
        let link = match self {
            Self::Sqlite { write, .. } => Link::Sqlite(write.acquire().await?),
            Self::Postgres(pool) => Link::Postgres(Some(pool.acquire().await?)),
        };
        Ok(Session { link, open: false })
    }

    /// A transaction. [`Session::finish`] ends it; dropped before that, it is undone.
    pub(crate) async fn begin(&self) -> Result<Session, StoreError> {
        let mut session = self.write().await?;
        session.mark(true);
        session.execute(self.dialect().begin(), Vec::new()).await?;
        Ok(session)
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

enum Link {
    Sqlite(Lease),
    Postgres(Option<PoolConnection<Postgres>>),
}

/// One connection in use.
pub(crate) struct Session {
    link: Link,
    open: bool,
}

impl Session {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self.link {
            Link::Sqlite(_) => Dialect::Sqlite,
            Link::Postgres(_) => Dialect::Postgres,
        }
    }

    fn mark(&mut self, open: bool) {
        self.open = open;
        if let Link::Sqlite(lease) = &mut self.link {
            lease.keep = !open;
        }
    }

    /// Commits after success and undoes after failure.
    pub(crate) async fn finish<T>(mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.execute(end, Vec::new()).await;
        match (outcome, ended) {
            (Ok(value), Ok(_)) => {
                self.mark(false);
                Ok(value)
            }
            (Ok(_), Err(error)) => Err(error),
            (Err(error), ended) => {
                if ended.is_ok() {
                    self.mark(false);
                }
                Err(error)
            }
        }
    }

    /// Runs a statement and answers how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg<'_>>,
    ) -> Result<u64, StoreError> {
        let sql = AssertSqlSafe(sql.into());
        Ok(match &mut self.link {
            Link::Sqlite(lease) => sqlx::query_with::<Sqlite, _>(sql, for_sqlite(args)?)
                .execute(lease.connection()?)
                .await?
                .rows_affected(),
            Link::Postgres(connection) => sqlx::query_with::<Postgres, _>(sql, for_postgres(args)?)
                .execute(&mut **live(connection)?)
                .await?
                .rows_affected(),
        })
    }

    /// Every row of a query.
    pub(crate) async fn rows(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg<'_>>,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = AssertSqlSafe(sql.into());
        Ok(match &mut self.link {
            Link::Sqlite(lease) => sqlx::query_with::<Sqlite, _>(sql, for_sqlite(args)?)
                .fetch_all(lease.connection()?)
                .await?
                .into_iter()
                .map(Row::Sqlite)
                .collect(),
            Link::Postgres(connection) => sqlx::query_with::<Postgres, _>(sql, for_postgres(args)?)
                .fetch_all(&mut **live(connection)?)
                .await?
                .into_iter()
                .map(Row::Postgres)
                .collect(),
        })
    }

    /// The first row of a query.
    pub(crate) async fn first(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        args: Vec<Arg<'_>>,
    ) -> Result<Option<Row>, StoreError> {
        let sql = AssertSqlSafe(sql.into());
        Ok(match &mut self.link {
            Link::Sqlite(lease) => sqlx::query_with::<Sqlite, _>(sql, for_sqlite(args)?)
                .fetch_optional(lease.connection()?)
                .await?
                .map(Row::Sqlite),
            Link::Postgres(connection) => sqlx::query_with::<Postgres, _>(sql, for_postgres(args)?)
                .fetch_optional(&mut **live(connection)?)
                .await?
                .map(Row::Postgres),
        })
    }

    /// Runs several statements without parameters.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match &mut self.link {
            Link::Sqlite(lease) => script.execute(lease.connection()?).await.map(drop)?,
            Link::Postgres(connection) => script.execute(&mut **live(connection)?).await.map(drop)?,
        }
        Ok(())
    }

    /// Runs `before (..), (..) after` for rows of `columns` values each, in groups of few sizes, so that few
    /// statements are prepared and kept.
    pub(crate) async fn many(&mut self, sql: Many, mut args: Vec<Arg<'_>>) -> Result<(), StoreError> {
        while !args.is_empty() {
            let rows = args.len() / sql.columns;
            let group = [64, 16, 4].into_iter().find(|size| *size <= rows).unwrap_or(1);
            let rest = args.split_off((group * sql.columns).min(args.len()));
            let text = format!("{} {}{}", sql.before, self.dialect().rows(group, sql.columns), sql.after);
            self.execute(text, args).await?;
            args = rest;
        }
        Ok(())
    }
}

/// A statement over many rows of values.
#[derive(Clone, Copy)]
pub(crate) struct Many {
    pub(crate) before: &'static str,
    pub(crate) columns: usize,
    pub(crate) after: &'static str,
}

fn live(
    connection: &mut Option<PoolConnection<Postgres>>,
) -> Result<&mut PoolConnection<Postgres>, StoreError> {
    connection.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is gone".into()))
}

impl Drop for Session {
    fn drop(&mut self) {
        if let (true, Link::Postgres(connection)) = (self.open, &mut self.link) {
            // Closing it undoes the open transaction; the pool would hand it on as it is.
            drop(connection.take().map(PoolConnection::detach));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Database;
    use crate::sql::args;
    use crate::{error::StoreError, store::StoreConfig};
    use std::time::Duration;

    async fn open(folder: &tempfile::TempDir) -> Database {
        let config = StoreConfig {
            url: format!("sqlite://{}", folder.path().join("quarry.db").display()),
            max_connections: 4,
            acquire_timeout: Duration::from_secs(5),
            blobs: folder.path().join("blobs"),
        };
        let db = Database::connect(&config).await.unwrap();
        let mut session = db.write().await.unwrap();
        session.script("CREATE TABLE notes (text TEXT); PRAGMA busy_timeout = 20".into()).await.unwrap();
        drop(session);
        db
    }

    #[tokio::test]
    async fn a_full_disk_is_a_sentence_and_undoes_the_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder).await;
        db.write().await.unwrap().script("PRAGMA max_page_count = 8".into()).await.unwrap();
        let mut session = db.begin().await.unwrap();
        session.execute("INSERT INTO notes VALUES ($1)", args!["small"]).await.unwrap();
        let large = "x".repeat(100_000);
        let outcome = session.execute("INSERT INTO notes VALUES ($1)", args![&large]).await;
        let error = session.finish(outcome).await.unwrap_err();
        assert_eq!(error.to_string(), "the disk is full; free some space and try again");
        assert!(db.read().await.unwrap().rows("SELECT * FROM notes", Vec::new()).await.unwrap().is_empty());
        db.write().await.unwrap().execute("INSERT INTO notes VALUES ($1)", args!["fits"]).await.unwrap();
    }

    #[tokio::test]
    async fn another_writer_is_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let (db, other) = (open(&folder).await, folder.path().join("quarry.db"));
        let config = StoreConfig {
            url: format!("sqlite://{}", other.display()),
            max_connections: 1,
            acquire_timeout: Duration::from_secs(5),
            blobs: folder.path().join("blobs"),
        };
        let second = Database::connect(&config).await.unwrap();
        let holds = second.begin().await.unwrap();
        let error = db.begin().await.err().unwrap();
        assert!(matches!(error, StoreError::Locked), "{error}");
        assert!(error.to_string().contains("locked by another process"));
        drop(holds);
    }

    #[tokio::test]
    async fn a_dropped_transaction_is_undone_and_the_next_one_works() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder).await;
        let mut session = db.begin().await.unwrap();
        session.execute("INSERT INTO notes VALUES ($1)", args!["lost"]).await.unwrap();
        drop(session);
        let mut session = db.write().await.unwrap();
        session.script("PRAGMA busy_timeout = 5000".into()).await.unwrap();
        drop(session);
        let mut session = db.begin().await.unwrap();
        let outcome = session.execute("INSERT INTO notes VALUES ($1)", args!["kept"]).await;
        session.finish(outcome).await.unwrap();
        let rows = db.read().await.unwrap().rows("SELECT text FROM notes", Vec::new()).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>(), ["kept"]);
    }

    #[tokio::test]
    async fn a_wrong_url_says_what_a_right_one_is() {
        let config = StoreConfig {
            url: "mysql://root:secret@db/quarry".into(),
            max_connections: 1,
            acquire_timeout: Duration::from_secs(1),
            blobs: "blobs".into(),
        };
        let error = Database::connect(&config).await.err().unwrap().to_string();
        assert!(error.contains("sqlite://PATH") && !error.contains("secret"), "{error}");
    }
}
