-- A collection can be cut and embedded anew beside what answers: each generation's chunks are a set of their own.

ALTER TABLE collections ADD COLUMN chunk_set BIGINT NOT NULL DEFAULT 0;
-- How documents are cut, as JSON; null for the server's defaults.
ALTER TABLE collections ADD COLUMN chunking TEXT;

ALTER TABLE chunks ADD COLUMN chunk_set BIGINT NOT NULL DEFAULT 0;
-- What the chunk can be widened to.
ALTER TABLE chunks ADD COLUMN window_start BIGINT;
ALTER TABLE chunks ADD COLUMN window_end BIGINT;

DROP INDEX chunks_place;
CREATE UNIQUE INDEX chunks_place ON chunks (document, version, chunk_set, ordinal);
DROP INDEX chunks_change;
CREATE INDEX chunks_change ON chunks (collection, chunk_set, sequence, key);

CREATE TABLE generations (
    collection {id} NOT NULL,
    number BIGINT NOT NULL,
    chunk_set BIGINT NOT NULL,
    embedder TEXT NOT NULL,
    dimension BIGINT NOT NULL,
    chunking TEXT,
    -- building, live, kept or failed.
    state TEXT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (collection, number)
);
INSERT INTO generations (collection, number, chunk_set, embedder, dimension, state, created_at, updated_at)
    SELECT id, generation, 0, embedder, dimension, 'live', created_at, updated_at FROM collections;
