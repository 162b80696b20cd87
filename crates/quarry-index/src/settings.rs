//! The `[index]` section of the configuration.

use serde::{Deserialize, Serialize};

/// How the embedded index uses memory, files and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IndexSettings {
    /// A collection's index that nobody asked for this many seconds is closed; the next question opens it again in
    /// milliseconds.
    pub idle_close_seconds: u64,
    /// A collection's index writer that had nothing to do for this many seconds gives its memory back.
    pub idle_writer_seconds: u64,
    /// Collections whose index is open at the same time; beyond it the least recently used is closed.
    pub open_shards: usize,
    /// Up to this many chunks (of those that a filter leaves) every vector is compared; above, only those whose
    /// short code of two bits a number is near.
    pub screen_from: usize,
    /// Vectors that are compared exactly after the screen, for each candidate asked for; at least 1,024 in all.
    pub screen_factor: usize,
    /// From this many chunks a graph (HNSW) is built in the background and used instead of the screen.
    pub hnsw_from: usize,
    /// Megabytes that new chunks of one collection may take before they go to disk; at least 15. More makes
    /// every commit a little dearer and bulk imports a little cheaper.
    pub writer_megabytes: usize,
    /// Collections' indexes up to this size have every byte checked when they are opened; larger ones only their
    /// sizes, so that opening stays quick.
    pub verify_megabytes: u64,
}

impl Default for IndexSettings {
    fn default() -> Self {
        Self {
            idle_close_seconds: 600,
            idle_writer_seconds: 10,
            open_shards: 256,
            screen_from: 16_384,
            screen_factor: 12,
            hnsw_from: 500_000,
            writer_megabytes: 16,
            verify_megabytes: 48,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::IndexSettings;

    #[test]
    fn an_empty_section_is_the_default_and_unknown_keys_are_refused() {
        let empty: IndexSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, IndexSettings::default());
        let wrong = serde_json::from_str::<IndexSettings>(r#"{"hnsw_form": 1}"#).unwrap_err();
        assert!(wrong.to_string().contains("hnsw_form"), "{wrong}");
    }
}
