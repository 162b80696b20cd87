//! The listing against what is known.

use futures::StreamExt as _;
use quarry_store::SeenEntry;

use super::run::Run;
use crate::{error::EngineError, sources::contract::Listed};

/// Marks everything that is listed as seen, and what is new or looks changed as to be read. Gives why the listing is not
/// complete, where that is so: then nobody knows what is gone.
pub(super) async fn look(run: &Run<'_>) -> Result<Option<String>, EngineError> {
    let mut pages = run.source.list();
    while let Some(page) = pages.next().await {
        match page {
            Ok(listed) => mark(run, listed).await?,
            Err(problem) => return Ok(Some(problem.to_string())),
        }
    }
    Ok(None)
}

async fn mark(run: &Run<'_>, listed: Listed) -> Result<(), EngineError> {
    let sources = run.inner.store.sources();
    let entries: Vec<SeenEntry> = listed
        .entries
        .into_iter()
        .map(|entry| SeenEntry { key: entry.key, fingerprint: entry.fingerprint })
        .collect();
    if !entries.is_empty() {
        let seen = sources.see(run.lease, &entries, run.force).await?;
        run.tally.count(|counts| {
            counts.unchanged += seen.unchanged;
            counts.skipped += seen.skipped;
        });
    }
    for unread in listed.unread {
        run.tally.fail(&unread.part, &unread.reason);
        sources.see_below(run.lease, &unread.part).await?;
    }
    Ok(())
}
