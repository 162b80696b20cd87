//! What is gone is removed, unless too much is.

use quarry_core::{ErrorKind, Fault as _};

use super::run::Run;
use crate::error::EngineError;

/// Entries removed between two looks at the store.
const PAGE: u32 = 100;
/// Documents that may always be removed: a share of few says nothing.
const ALWAYS: u64 = 10;

/// Removes the documents of entries that a complete listing did not show. Gives why it did not, where too many are gone.
pub(super) async fn clear(run: &Run<'_>) -> Result<Option<String>, EngineError> {
    let sources = run.inner.store.sources();
    let (gone, all) = sources.vanished_of(run.lease).await?;
    let share = run.inner.settings.sources.max_removed_share;
    if gone > most(all, share) && !run.force {
        sources.miss(run.lease).await?;
        return Ok(Some(format!(
            "{gone} of {all} documents are gone from the source, which is more than a run removes \
             (`sources.max_removed_share` is {share}); none was removed. Is its disk or server there? If they are meant to \
             go, sync it with `--force`"
        )));
    }
    loop {
        let page = sources.vanished(run.lease, PAGE).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let mut removed = 0;
        for document in page.iter().filter_map(|item| item.document_id) {
            match run.engine.documents().remove(run.access, document).await {
                Ok(()) => removed += 1,
                // Somebody else was quicker.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let keys: Vec<String> = page.into_iter().map(|item| item.key).collect();
        sources.forget(run.lease, &keys).await?;
        run.tally.count(|counts| counts.removed += removed);
    }
}

fn most(all: u64, share: f64) -> u64 {
    let part = (all as f64 * share).floor();
    ALWAYS.max(part as u64)
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn ten_may_always_go_and_half_of_many() {
        for (all, expected) in [(0, 10), (10, 10), (20, 10), (21, 10), (30, 15), (1_001, 500)] {
            assert_eq!(most(all, 0.5), expected, "{all}");
        }
        assert_eq!((most(100, 0.0), most(100, 1.0)), (10, 100));
    }
}
