-- The queue learns stages, priorities, fair turns, waiting without losing attempts, and checkpoints.

-- The last thing that is done: fetched, parsed, chunked, embedded.
ALTER TABLE jobs ADD COLUMN stage TEXT NOT NULL DEFAULT 'fetched';
-- Since when it has been in its stage.
ALTER TABLE jobs ADD COLUMN entered_at BIGINT NOT NULL DEFAULT 0;
-- 0 small, 1 large: each has workers of its own, so that no small file waits for a large one.
ALTER TABLE jobs ADD COLUMN lane BIGINT NOT NULL DEFAULT 0;
-- 0 is served first, 9 last.
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 5;
-- Its place in the order that is fair between tenants; see src/jobs/turns.rs.
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
-- How often it was put back for a failure that passes, which costs no attempt, and since when.
ALTER TABLE jobs ADD COLUMN waits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN waits_since BIGINT;
-- The code of the failure whose sentence is in error.
ALTER TABLE jobs ADD COLUMN code TEXT;
-- How far the stage at hand is, as its worker last said.
ALTER TABLE jobs ADD COLUMN done BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN total BIGINT NOT NULL DEFAULT 0;

UPDATE jobs SET entered_at = updated_at;

DROP INDEX jobs_due;
CREATE INDEX jobs_open ON jobs (lane, priority, turn) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_document ON jobs (document) WHERE due_at IS NOT NULL OR status IN ('dead', 'cancelled');

-- What opens an encrypted document.
ALTER TABLE versions ADD COLUMN password TEXT;

-- Where each tenant stands in the order of turns; the nil id is the clock that all share.
CREATE TABLE queue_turns (
    tenant {id} PRIMARY KEY,
    turn BIGINT NOT NULL
);

-- What a retry need not do again.
CREATE TABLE checkpoints (
    job {id} NOT NULL,
    part TEXT NOT NULL,
    data {bytes} NOT NULL,
    PRIMARY KEY (job, part)
);
