//! What tests of other crates and of this one need to arrange.

use std::sync::Arc;

use quarry_core::Clock;

use crate::{
    error::StoreError,
    sql::{Database, migrate::migrate},
    store::StoreConfig,
};

/// Brings a database to an earlier version only, as an older program would have left it, and runs statements there.
///
/// # Errors
/// The database cannot be reached, or a statement fails.
pub async fn leave_at_version(
    config: &StoreConfig,
    clock: Arc<dyn Clock>,
    version: i64,
    statements: &[&str],
) -> Result<(), StoreError> {
    let db = Database::connect(config).await?;
    let outcome = async {
        migrate(&db, clock.now(), Some(version)).await?;
        let mut session = db.write().await?;
        for statement in statements {
            session.script((*statement).to_owned()).await?;
        }
        Ok(())
    }
    .await;
    db.close().await;
    outcome
}

/// Runs statements beside whoever else has the database open.
///
/// # Errors
/// The database cannot be reached, or a statement fails.
pub async fn arrange(config: &StoreConfig, statements: &[&str]) -> Result<(), StoreError> {
    let db = Database::connect(config).await?;
    let outcome = async {
        let mut session = db.write().await?;
        for statement in statements {
            session.script((*statement).to_owned()).await?;
        }
        Ok(())
    }
    .await;
    db.close().await;
    outcome
}
