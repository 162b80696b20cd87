-- Tenants, collections, documents with their versions and chunks, jobs, audit.
-- Words in braces are column types that differ between the databases; see src/sql/dialect.rs.

CREATE TABLE tenants (
    id {id} PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
INSERT INTO tenants (id, name, created_at) VALUES ({root}, 'root', 0);

CREATE TABLE collections (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    name {key_text} NOT NULL,
    description TEXT NOT NULL,
    embedder TEXT NOT NULL,
    dimension BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    last_generation BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant, name)
);

CREATE TABLE documents (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL,
    collection {id} NOT NULL REFERENCES collections (id),
    source {key_text} NOT NULL,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    version BIGINT NOT NULL,
    published_version BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    content_hash {bytes} NOT NULL,
    chunks BIGINT NOT NULL,
    pages BIGINT,
    language TEXT,
    sequence BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE (collection, source)
) {clustered};
CREATE INDEX documents_newest ON documents (collection, id);
-- Nearly every document is ready, so that only the others are worth an index on their status.
CREATE INDEX documents_open ON documents (collection, status, id) WHERE status <> 'ready';

CREATE TABLE versions (
    document {id} NOT NULL REFERENCES documents (id),
    version BIGINT NOT NULL,
    job {id},
    name TEXT NOT NULL,
    title TEXT,
    media_type TEXT,
    bytes BIGINT NOT NULL,
    content_hash {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    -- The bytes themselves when they are few; otherwise they are a file of the blob folder.
    original {bytes},
    text TEXT,
    PRIMARY KEY (document, version)
);
-- Finds bytes by their hash, and answers whether somebody still needs a file.
CREATE INDEX versions_content ON versions (content_hash);

CREATE TABLE models (
    id {counted_id},
    name TEXT NOT NULL,
    dimension BIGINT NOT NULL,
    UNIQUE (name, dimension)
);

CREATE TABLE chunks (
    key {key},
    tenant {id} NOT NULL,
    collection {id} NOT NULL,
    document {id} NOT NULL REFERENCES documents (id),
    version BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    page BIGINT,
    span_start BIGINT NOT NULL,
    span_end BIGINT NOT NULL,
    kind TEXT NOT NULL,
    model BIGINT NOT NULL REFERENCES models (id),
    content_hash {bytes} NOT NULL,
    headings TEXT NOT NULL,
    text TEXT NOT NULL,
    terms {bytes} NOT NULL,
    vector {bytes}
);
CREATE UNIQUE INDEX chunks_place ON chunks (document, version, ordinal);
CREATE INDEX chunks_change ON chunks (collection, sequence, key);
-- Keys come from here and not from the table, so that a deleted chunk's key is never given again.
{key_counter};

CREATE TABLE removals (
    collection {id} NOT NULL,
    sequence BIGINT NOT NULL,
    document {id} NOT NULL,
    PRIMARY KEY (collection, sequence, document)
) {clustered};

CREATE TABLE jobs (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL,
    kind TEXT NOT NULL,
    collection {id} NOT NULL,
    document {id} NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    -- When a worker may take it: the start of a queued job, the end of the lease of a running one, null for ever.
    due_at BIGINT,
    worker TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) {clustered};
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_newest ON jobs (tenant, id);
CREATE INDEX jobs_dead ON jobs (tenant, id) WHERE status = 'dead';

CREATE TABLE audit (
    tenant {id} NOT NULL,
    id {id} NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) {clustered};
