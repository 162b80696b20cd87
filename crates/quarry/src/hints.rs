//! The next step for each code of an error, where there is one that the sentence does not say already.

const HINTS: &[(&str, &str)] = &[
    (
        "collection_not_found",
        "`quarry collections list` shows what there is; `quarry ingest PATH` fills `default`",
    ),
    ("document_not_found", "`quarry documents list` shows the ids"),
    ("job_not_found", "`quarry jobs list` shows the ids"),
    ("source_not_found", "`quarry sources list` shows what there is"),
    ("source_exists", "`quarry sources show NAME` shows it"),
    ("source_busy", "`quarry sources runs NAME` shows how far it is"),
    ("webhook_not_found", "`quarry webhooks list` shows the ids"),
    (
        "audit_broken",
        "keep a copy of the database as it is before anything else; the guide on the audit log says how to go on",
    ),
    ("history_not_found", "`quarry history list` shows the ids"),
    ("agent_not_found", "`quarry agents list` shows what there is; `quarry agents add NAME` makes one"),
    ("agent_version_not_found", "`quarry agents versions NAME` lists them"),
    ("agent_exists", "`quarry agents update NAME` changes it"),
    ("agent_changed", "look at it again with `quarry agents show NAME`, then change it"),
    ("session_not_found", "`quarry sessions list` shows the ids"),
    ("fact_not_found", "`quarry facts list` shows the ids"),
    ("run_not_found", "`quarry runs list` shows the ids"),
    ("run_not_waiting", "`quarry runs list --state waiting` shows those that do"),
    ("call_not_found", "`quarry runs show ID` names the calls that wait"),
    (
        "unknown_chat_model",
        "`quarry models list` shows those of the configuration; `[models.chat.NAME]` adds one",
    ),
    ("collection_exists", "`quarry ingest --collection NAME PATH` adds documents to it"),
    ("unknown_embedder", "`quarry models list` shows what can be used"),
    ("invalid_config", "`quarry config reference` explains every key"),
    ("invalid_filter", "an example: --filter '{\"eq\": {\"field\": \"year\", \"value\": 2024}}'"),
    ("invalid_metadata", "an example: --metadata year=2024 --metadata tags='[\"audit\",\"finance\"]'"),
    ("data_locked", "wait for it to end, or name another folder with `--data DIR`"),
    ("data_folder_not_found", "`quarry ingest PATH` makes it, or name another with `--data DIR`"),
    (
        "unauthenticated",
        "pass `--key KEY`; on the server's machine the key is in `admin.key` in its data folder",
    ),
    ("server_unreachable", "is it running? `quarry serve` starts one and prints its address"),
    ("port_in_use", "choose another with `--listen ADDRESS:PORT`, or stop what is using it"),
    ("disk_full", "free some space and run it again; nothing that was acknowledged is lost"),
    ("database_newer", "use the version of Quarry that wrote it, or a later one"),
    ("path_not_permitted", "run it as the user who owns the files, or change their permissions"),
    ("path_not_found", "check the spelling; relative paths start at the current folder"),
    ("invalid_dataset", "a set has `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv`"),
];

/// The next step for a code.
pub(crate) fn of(code: &str) -> Option<String> {
    HINTS.iter().find(|(known, _)| *known == code).map(|(_, hint)| (*hint).to_owned())
}
