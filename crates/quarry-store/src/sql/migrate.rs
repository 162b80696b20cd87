//! Brings a database to the version this program knows, one transaction a step.

use quarry_core::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Database, Dialect, Session, args};
use crate::{audit, error::StoreError};

struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

/// Steps are only ever appended: one that was released is never edited.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "documents", text: include_str!("../../migrations/0001_documents.sql") },
    Migration { version: 2, name: "history", text: include_str!("../../migrations/0002_history.sql") },
    Migration { version: 3, name: "agents", text: include_str!("../../migrations/0003_agents.sql") },
    Migration { version: 4, name: "queue", text: include_str!("../../migrations/0004_queue.sql") },
    Migration {
        version: 5,
        name: "generations",
        text: include_str!("../../migrations/0005_generations.sql"),
    },
    Migration { version: 6, name: "sources", text: include_str!("../../migrations/0006_sources.sql") },
    Migration { version: 7, name: "webhooks", text: include_str!("../../migrations/0007_webhooks.sql") },
    Migration {
        version: AUDIT_CHAIN,
        name: "audit_chain",
        text: include_str!("../../migrations/0011_audit_chain.sql"),
    },
    Migration { version: 12, name: "identity", text: include_str!("../../migrations/0012_identity.sql") },
    Migration { version: 13, name: "usage", text: include_str!("../../migrations/0013_usage.sql") },
];

/// The step after which the audit rows there were are chained, which no SQL can do.
const AUDIT_CHAIN: i64 = 11;

/// Any number will do, as long as nobody else in the database uses it.
const LOCK: i64 = 7_163_285_009;

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, \
                      checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Applies what is missing, up to `last` where that is given.
pub(crate) async fn migrate(db: &Database, now: Timestamp, last: Option<i64>) -> Result<(), StoreError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let mut session = begin(db).await?;
    let applied = session.execute(LEDGER, Vec::new()).await;
    let applied = match applied {
        Ok(_) => read(&mut session).await,
        Err(error) => Err(error),
    };
    let applied = session.finish(applied).await?;
    if let Some((found, _)) = applied.iter().find(|(version, _)| *version > known) {
        return Err(StoreError::DatabaseNewer { found: *found, known });
    }
    for migration in
        MIGRATIONS.iter().take_while(|migration| last.is_none_or(|last| migration.version <= last))
    {
        let sum = checksum(migration);
        match applied.iter().find(|(version, _)| *version == migration.version) {
            Some((_, found)) if *found == sum => {}
            Some(_) => return Err(StoreError::MigrationChanged { version: migration.version }),
            None => apply(db, migration, &sum, now).await?,
        }
    }
    Ok(())
}

async fn begin(db: &Database) -> Result<Session, StoreError> {
    let mut session = db.begin().await?;
    if session.dialect() == Dialect::Postgres {
        // Several servers may start at once; one of them migrates.
        session.execute("SELECT pg_advisory_xact_lock($1)", args![LOCK]).await?;
    }
    Ok(session)
}

async fn read(session: &mut Session) -> Result<Vec<(i64, String)>, StoreError> {
    let rows =
        session.rows("SELECT version, checksum FROM schema_migrations ORDER BY version", Vec::new()).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
}

async fn apply(db: &Database, migration: &Migration, sum: &str, now: Timestamp) -> Result<(), StoreError> {
    let mut session = begin(db).await?;
    let outcome = step(&mut session, migration, sum, now).await;
    session.finish(outcome).await.map_err(|cause| match cause {
        StoreError::Database(reason) => StoreError::MigrationFailed { version: migration.version, reason },
        other => other,
    })?;
    tracing::info!(version = migration.version, name = migration.name, "database migrated");
    Ok(())
}

async fn step(
    session: &mut Session,
    migration: &Migration,
    sum: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Another server may have been first.
    if read(session).await?.iter().any(|(version, _)| *version == migration.version) {
        return Ok(());
    }
    session.script(session.dialect().schema(migration.text)).await?;
    if migration.version == AUDIT_CHAIN {
        audit::adopt(session).await?;
    }
    session
        .execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
            args![migration.version, migration.name, sum, now],
        )
        .await?;
    Ok(())
}

fn checksum(migration: &Migration) -> String {
    hex::encode(Sha256::digest(migration.text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn migrations_are_numbered_without_gaps() {
        for (place, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.version, place as i64 + 1, "{}", migration.name);
        }
    }
}
