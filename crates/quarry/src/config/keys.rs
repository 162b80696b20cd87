//! The table of keys: name, kind, default and meaning of each.
//!
//! Defaults stand here as text for the reference; a test holds them against the structs that apply them.

/// What a value must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number within bounds.
    Number(f64, f64),
    /// True or false.
    Truth,
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An address with a port.
    Address,
    /// A list of texts.
    Texts,
    /// Text that is never shown; `env:NAME` and `file:PATH` say where it is.
    Secret,
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// With its section; `[]` stands for one table of a list.
    pub(super) path: &'static str,
    /// What its value must be.
    pub(super) kind: Kind,
    /// As TOML; empty when it is not set.
    pub(super) default: &'static str,
    /// What it does.
    pub(super) about: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { path, kind, default, about }
}

/// The sections, in the order of the reference.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    ("server", "What `quarry serve` listens to and how much it takes on."),
    ("store", "The database. Everything that Quarry remembers is in it."),
    ("ingest", "How documents become chunks."),
    ("models.embed", "How text becomes vectors."),
    ("models.embed.openai[]", "One table for each server that speaks OpenAI's `/embeddings`."),
    ("index", "How the index uses memory, files and time."),
    ("retrieve", "How passages are found."),
    ("answer", "How answers are made."),
    ("log", "What is logged, on standard error."),
    ("runtime", "Threads."),
];

const HUGE: i64 = i64::MAX;
const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace"];

/// Every key, one a line: as a table it can be read and sorted.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    key("server.listen", Kind::Address, "\"127.0.0.1:7700\"", "Address and port to listen on. Anything but the loopback address belongs behind a proxy with TLS."),
    key("server.max_body_bytes", Kind::Whole(1, HUGE), "536870912", "Largest upload in bytes, all files of the request together. Other requests are capped at 2 MiB."),
    key("server.request_timeout_seconds", Kind::Whole(1, 86_400), "60", "Seconds a request may take. Waiting for documents (`?wait=`) comes on top; index repairs and rebuilds have no limit."),
    key("server.max_connections", Kind::Whole(1, 1_000_000), "1024", "Connections open at once; more wait to be accepted."),
    key("server.max_requests", Kind::Whole(1, 1_000_000), "256", "Requests worked on at once; more are refused with `503` and `Retry-After`."),
    key("server.metrics_open", Kind::Truth, "false", "Whether `/metrics` is served without the key."),
    key("server.shutdown_grace_seconds", Kind::Whole(0, 3_600), "20", "Seconds that requests at hand get to finish when the server stops."),
    key("store.url", Kind::Secret, "", "`sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`. Not set: `quarry.db` in the data folder."),
    key("store.max_connections", Kind::Whole(1, 1_000), "8", "Connections to the database at most."),
    key("store.acquire_timeout_seconds", Kind::Whole(1, 600), "10", "Seconds to wait for a free connection."),
    key("ingest.workers", Kind::Whole(0, 256), "0", "Workers that parse and embed; 0 means one less than the machine's cores, at least 1."),
    key("ingest.chunk_tokens", Kind::Whole(32, 8_192), "512", "Largest chunk in tokens of the collection's embedder."),
    key("ingest.overlap_tokens", Kind::Whole(0, 4_096), "40", "Tokens repeated where a paragraph had to be cut."),
    key("ingest.batch", Kind::Whole(1, 4_096), "64", "Documents a worker takes at once."),
    key("ingest.max_attempts", Kind::Whole(1, 100), "5", "Tries before a job is dead."),
    key("ingest.lease_seconds", Kind::Whole(5, 86_400), "120", "Seconds a worker may hold a job without a sign of life."),
    key("ingest.commit_interval_ms", Kind::Whole(10, 600_000), "1000", "Milliseconds between two commits of an index while documents keep coming."),
    key("ingest.max_document_bytes", Kind::Whole(1, HUGE), "104857600", "Largest document in bytes."),
    key("models.embed.default", Kind::Text, "\"static-en-256\"", "The embedder of new collections: `static-en-256`, a model of the catalogue, or `openai:<name>`."),
    key("models.embed.threads", Kind::Whole(0, 1_024), "0", "Threads for embedding on this machine; 0 means half of the processors, so that questions always find one free."),
    key("models.embed.cache_mb", Kind::Whole(0, 1_048_576), "32", "Megabytes of vectors kept in memory so that equal texts are embedded once. Not used by the static table."),
    key("models.embed.openai[].name", Kind::Text, "", "The embedder's id becomes `openai:<name>`. Collections remember it: do not change it. Not set: the model."),
    key("models.embed.openai[].base_url", Kind::Text, "", "The address up to and without `/embeddings`, such as `http://127.0.0.1:8000/v1`. Needed."),
    key("models.embed.openai[].api_key", Kind::Secret, "", "Sent as a bearer token. Not set: no key is sent."),
    key("models.embed.openai[].model", Kind::Text, "", "The model's name on that server. Needed."),
    key("models.embed.openai[].dimension", Kind::Whole(1, 65_535), "", "Numbers in a vector. Not set: learned from the first answer."),
    key("models.embed.openai[].max_tokens", Kind::Whole(1, HUGE), "", "Tokens of a text the model reads. Not set: unknown."),
    key("models.embed.openai[].languages", Kind::Texts, "", "Languages it was trained for, ISO 639-3. Not set: any."),
    key("models.embed.openai[].query_prefix", Kind::Text, "\"\"", "Written before each query, for models that ask for it."),
    key("models.embed.openai[].document_prefix", Kind::Text, "\"\"", "Written before each document, for models that ask for it."),
    key("models.embed.openai[].batch", Kind::Whole(1, 2_048), "64", "Texts in one request."),
    key("models.embed.openai[].concurrency", Kind::Whole(1, 256), "4", "Requests at the same time."),
    key("models.embed.openai[].timeout_seconds", Kind::Whole(1, 3_600), "30", "Seconds to wait for one answer."),
    key("models.embed.openai[].attempts", Kind::Whole(1, 100), "4", "Tries of one request, the first included, when the server is busy or fails."),
    key("index.idle_close_seconds", Kind::Whole(1, HUGE), "600", "A collection's index that nobody asked for this many seconds is closed; the next question opens it again in milliseconds."),
    key("index.idle_writer_seconds", Kind::Whole(1, HUGE), "10", "A collection's index writer that had nothing to do for this many seconds gives its memory back."),
    key("index.open_shards", Kind::Whole(1, 1_000_000), "256", "Collections whose index is open at the same time; beyond it the least recently used is closed."),
    key("index.screen_from", Kind::Whole(0, HUGE), "16384", "Up to this many chunks (of those that a filter leaves) every vector is compared; above, only those whose two-bit-a-number code is near."),
    key("index.screen_factor", Kind::Whole(1, 10_000), "12", "Vectors that are compared exactly after the screen, for each candidate asked for; at least 1,024 in all."),
    key("index.hnsw_from", Kind::Whole(1, HUGE), "500000", "From this many chunks a graph (HNSW) is built in the background and used instead of the screen."),
    key("index.writer_megabytes", Kind::Whole(15, 65_536), "16", "Megabytes that new chunks of one collection may take before they go to disk; at least 15."),
    key("index.verify_megabytes", Kind::Whole(0, HUGE), "48", "Collections' indexes up to this size have every byte checked when they are opened; larger ones only their sizes, so that opening stays quick."),
    key("retrieve.depth", Kind::Whole(1, 1_000), "100", "Candidates of each leg."),
    key("retrieve.history_days", Kind::Whole(0, 36_500), "90", "Days that questions stay in the history; 0 keeps none."),
    key("answer.passages", Kind::Whole(1, 100), "10", "Passages the answerer reads."),
    key("answer.threshold", Kind::Number(0.0, 1.0), "", "Confidence below which the documents are said not to answer, 0 to 1. Not set: the fitted one."),
    key("log.format", Kind::Word(&["auto", "human", "json"]), "\"auto\"", "`human`, `json` (one object a line), or `auto`: human on a terminal, JSON otherwise."),
    key("log.level", Kind::Word(LEVELS), "\"info\"", "The least that is logged by the server: `error`, `warn`, `info`, `debug` or `trace`. Other commands log with `-v`."),
    key("log.filter", Kind::Text, "\"\"", "Finer than the level, such as `quarry_engine=debug,sqlx=warn`; the level holds for everything it does not name."),
    key("runtime.worker_threads", Kind::Whole(0, 1_024), "0", "Threads that answer requests; 0 means one a core."),
];

/// A key by its path; places in lists are `[]`.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether a path is a section or leads to one.
pub(super) fn leads_somewhere(path: &str) -> bool {
    KEYS.iter().any(|key| {
        key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("[]"))
    })
}

/// The known key most like an unknown one, when one is near enough to be meant.
pub(super) fn nearest(path: &str) -> Option<&'static str> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let section = |path: &str| path.rsplit_once('.').map_or(String::new(), |(section, _)| section.to_owned());
    let score = |key: &Key| {
        let whole = strsim::normalized_damerau_levenshtein(path, key.path);
        // The right name in the wrong section is as likely as a slip of the hand.
        let name = strsim::normalized_damerau_levenshtein(&last(path), &last(key.path));
        let same = if section(path) == section(key.path) { 0.1 } else { 0.0 };
        whole.max(name * 0.95) + same
    };
    let best =
        KEYS.iter().map(|key| (score(key), key.path)).max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= 0.65).then_some(best.1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::{KEYS, SECTIONS, find, nearest};
    use crate::config::Config;

    #[test]
    fn every_key_stands_in_a_section_of_the_reference() {
        for key in KEYS {
            let (section, _) = key.path.rsplit_once('.').unwrap();
            assert!(SECTIONS.iter().any(|(name, _)| *name == section), "{}", key.path);
        }
    }

    #[test]
    fn the_defaults_of_the_table_are_those_of_the_code() {
        let mut text = String::new();
        for key in KEYS.iter().filter(|key| !key.default.is_empty() && !key.path.contains("[]")) {
            text.push_str(&format!("{} = {}\n", key.path, key.default));
        }
        let said: Config = toml::from_str(&text).unwrap();
        assert_eq!(format!("{said:?}"), format!("{:?}", Config::default()));
        let needed = "[[models.embed.openai]]\nbase_url = \"http://a\"\nmodel = \"m\"\n";
        let mut full = needed.to_owned();
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            if let Some(name) = key.path.strip_prefix("models.embed.openai[].") {
                full.push_str(&format!("{name} = {}\n", key.default));
            }
        }
        let (short, long): (Config, Config) =
            (toml::from_str(needed).unwrap(), toml::from_str(&full).unwrap());
        assert_eq!(format!("{short:?}"), format!("{long:?}"));
    }

    /// The names a struct takes, from the sentence in which it refuses one.
    fn taken(section: &str) -> BTreeSet<String> {
        let text = match section.strip_suffix("[]") {
            Some(list) => format!("[[{list}]]\nzzz = 1\n"),
            None => format!("[{section}]\nzzz = 1\n"),
        };
        let refused = toml::from_str::<Config>(&text).unwrap_err().message().to_owned();
        let names = refused.split("expected").nth(1).unwrap_or_default();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_table_has_every_key_of_the_structs() {
        for (section, _) in SECTIONS {
            let written = |key: &&super::Key| key.path.rsplit_once('.').is_some_and(|(of, _)| of == *section);
            let mut known: BTreeSet<String> = KEYS
                .iter()
                .filter(written)
                .map(|key| key.path.rsplit_once('.').unwrap().1.to_owned())
                .collect();
            if *section == "models.embed" {
                known.insert("openai".to_owned());
            }
            assert_eq!(taken(section), known, "{section}");
        }
    }

    #[test]
    fn a_slip_of_the_hand_finds_its_key() {
        for (wrong, right) in [
            ("ingest.workrs", "ingest.workers"),
            ("ingst.workers", "ingest.workers"),
            ("server.chunk_tokens", "ingest.chunk_tokens"),
            ("models.embed.openai[].apikey", "models.embed.openai[].api_key"),
        ] {
            assert_eq!(nearest(wrong), Some(right), "{wrong}");
        }
        assert_eq!(nearest("colour.of_the_sky_at_noon"), None);
        assert!(find("server.listen").is_some());
    }
}
