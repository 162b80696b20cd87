//! What a listing says, against what is known.

use std::collections::HashMap;

use quarry_core::Timestamp;

use super::{SourceLease, Sources, lease::hold};
use crate::{
    error::StoreError,
    sql::{Arg, Session, args, database::Many, value::json_text},
    store::retry,
};

/// An entry as a listing shows it.
#[derive(Clone, Debug)]
pub struct SeenEntry {
    /// Its key.
    pub key: String,
    /// When it was changed and its size, where the listing tells: equal ones mean that nothing is to be read.
    pub fingerprint: Option<(Timestamp, u64)>,
}

/// What a page of a listing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Entries that are as they were.
    pub unchanged: u64,
    /// Entries that are as they were, of a kind that is not read.
    pub skipped: u64,
    /// Entries that are to be read.
    pub pending: u64,
}

const NEW: Many = Many {
    before: "INSERT INTO source_items (source, key, state, seen) VALUES",
    columns: 4,
    after: " ON CONFLICT (source, key) DO NOTHING",
};

/// What is known of an entry: its state, and what it looked like.
struct Known {
    state: String,
    fingerprint: Option<(Timestamp, u64)>,
}

impl Sources<'_> {
    /// Marks a page of a listing as seen: what is new or looks changed is to be read, and with `again` also what was
    /// passed over.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn see(
        &self,
        lease: &SourceLease,
        entries: &[SeenEntry],
        again: bool,
    ) -> Result<Seen, StoreError> {
        let now = self.store.now();
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                hold(&mut session, lease, now).await?;
                compare(&mut session, lease, entries, again).await
            }
            .await;
            session.finish(outcome).await
        })
    }

    /// Marks everything below a part of the source as seen: it could not be listed, so that nobody knows what is there.
    ///
    /// # Errors
    /// The lease is another's by now, or the database fails.
    pub async fn see_below(&self, lease: &SourceLease, part: &str) -> Result<(), StoreError> {
        let now = self.store.now();
        // The sign after a slash: what lies between begins with the part and a slash.
        let (first, end) = (format!("{part}/"), format!("{part}0"));
        retry!({
            let mut session = self.store.db().begin().await?;
            let outcome = async {
                hold(&mut session, lease, now).await?;
                let sql = "UPDATE source_items SET seen = $2 WHERE source = $1 AND key >= $3 AND key < $4";
                session.execute(sql, args![lease.source, lease.run, &first, &end]).await.map(drop)
            }
            .await;
            session.finish(outcome).await
        })
    }
}

async fn compare(
    session: &mut Session,
    lease: &SourceLease,
    entries: &[SeenEntry],
    again: bool,
) -> Result<Seen, StoreError> {
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let known = known(session, lease, &keys).await?;
    let mut seen = Seen::default();
    let (mut old, mut changed, mut new): (Vec<&str>, Vec<&str>, Vec<Arg<'_>>) = Default::default();
    for entry in entries {
        let Some(item) = known.get(&entry.key) else {
            new.extend(args![lease.source, &entry.key, "pending", lease.run]);
            seen.pending += 1;
            continue;
        };
        old.push(&entry.key);
        let same = entry.fingerprint.is_some() && entry.fingerprint == item.fingerprint;
        match item.state.as_str() {
            "kept" if same => seen.unchanged += 1,
            "skipped" if same && !again => seen.skipped += 1,
            state => {
                seen.pending += 1;
                if state != "pending" {
                    changed.push(&entry.key);
                }
            }
        }
    }
    let dialect = session.dialect();
    if !old.is_empty() {
        let sql = format!(
            "UPDATE source_items SET seen = $3, missing_since = NULL WHERE key {} AND source = $2",
            dialect.texts_in()
        );
        session.execute(sql, args![json_text(&old)?, lease.source, lease.run]).await?;
    }
    if !changed.is_empty() {
        let sql = format!(
            "UPDATE source_items SET state = 'pending' WHERE key {} AND source = $2",
            dialect.texts_in()
        );
        session.execute(sql, args![json_text(&changed)?, lease.source]).await?;
    }
    session.many(NEW, new).await?;
    Ok(seen)
}

async fn known(
    session: &mut Session,
    lease: &SourceLease,
    keys: &[&str],
) -> Result<HashMap<String, Known>, StoreError> {
    let sql = format!(
        "SELECT key, state, modified_at, size FROM source_items WHERE key {} AND source = $2",
        session.dialect().texts_in()
    );
    let rows = session.rows(sql, args![json_text(&keys)?, lease.source]).await?;
    rows.iter()
        .map(|row| {
            let size = row.opt_int(3)?.and_then(|size| u64::try_from(size).ok());
            let fingerprint = row.opt_time(2)?.zip(size);
            Ok((row.text(0)?, Known { state: row.text(1)?, fingerprint }))
        })
        .collect()
}
