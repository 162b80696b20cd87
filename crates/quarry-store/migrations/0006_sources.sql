-- Places whose documents are kept in sync, what each held when it was last looked at, and what each look did.

CREATE TABLE sources (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    collection {id} NOT NULL REFERENCES collections (id),
    kind TEXT NOT NULL,
    name {key_text} NOT NULL,
    settings TEXT NOT NULL,
    -- How often it is looked at by itself; null for never.
    every_seconds BIGINT,
    paused BIGINT NOT NULL,
    -- What its sender signs with. Checking a signature needs it as it is.
    secret TEXT,
    -- The number of its last run; runs get theirs from here, so that two beginners wait for one another.
    last_run BIGINT NOT NULL,
    last_started_at BIGINT,
    last_finished_at BIGINT,
    next_due_at BIGINT,
    -- Who looks at it now, and until when that is believed without a sign of life.
    worker TEXT,
    lease_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant, name)
);
CREATE INDEX sources_due ON sources (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX sources_collection ON sources (collection);

CREATE TABLE source_items (
    source {id} NOT NULL,
    key {key_text} NOT NULL,
    -- pending: to be read; kept: its document is up to date; skipped: not of a kind that is read.
    state TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    modified_at BIGINT,
    size BIGINT,
    content_hash {bytes},
    document {id},
    -- Since when it is gone, where its document could not be removed for it.
    missing_since BIGINT,
    -- The number of the last run that saw it.
    seen BIGINT NOT NULL,
    PRIMARY KEY (source, key)
) {clustered};
CREATE INDEX source_items_content ON source_items (source, content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX source_items_pending ON source_items (source, key) WHERE state = 'pending';

CREATE TABLE source_runs (
    source {id} NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    renamed BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    error TEXT,
    failures TEXT NOT NULL,
    PRIMARY KEY (source, number)
) {clustered};

-- Signatures of requests that were taken, so that none is taken twice.
CREATE TABLE source_signatures (
    source {id} NOT NULL,
    signature {bytes} NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (source, signature)
) {clustered};
