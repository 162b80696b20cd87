//! SQLite connections, kept open. One of these holds the single writer, another the readers.
//!
//! The driver's own pool asks every connection for a sign of life on each use, which costs two thread switches, more
//! than most of our reads take. A file on this machine does not go away, so that is left out here.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::StoreError;

pub(crate) struct Connections {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    free: Arc<Semaphore>,
    size: u32,
    timeout: Duration,
}

impl Connections {
    pub(crate) fn new(options: SqliteConnectOptions, size: u32, timeout: Duration) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(size as usize));
        Arc::new(Self { options, idle: Mutex::default(), free, size, timeout })
    }

    /// A connection for one use.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let permit = tokio::time::timeout(self.timeout, Arc::clone(&self.free).acquire_owned())
            .await
            .map_err(|_| StoreError::Busy)?
            .map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Lease { connection: Some(connection), home: Arc::clone(self), keep: true, _permit: permit })
    }

    /// Waits for every use to end and closes the connections.
    pub(crate) async fn close(&self) {
        // When a use never ends, the file is left to the operating system, which the journal is made for.
        let _all = tokio::time::timeout(self.timeout, self.free.acquire_many(self.size)).await;
        self.free.close();
        let idle = std::mem::take(&mut *self.idle.lock());
        for connection in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a database connection did not close well");
            }
        }
    }
}

/// A connection in use; dropped, it goes back.
pub(crate) struct Lease {
    connection: Option<SqliteConnection>,
    home: Arc<Connections>,
    /// False while a transaction is open: a connection dropped then is closed, which undoes the transaction.
    pub(crate) keep: bool,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is gone".into()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.keep) {
            self.home.idle.lock().push(connection);
        }
    }
}
