-- The audit log as a chain: each row has a number of its tenant without gaps, the hash of the row before and its own.
-- The rows there were are chained in their order right after this step, in the same transaction; the chain vouches for
-- them from then on.

ALTER TABLE audit RENAME TO audit_before;

CREATE TABLE audit (
    tenant {id} NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    address TEXT,
    agent TEXT,
    request TEXT,
    outcome TEXT NOT NULL,
    details TEXT NOT NULL,
    -- SHA-256 of the row before, and of this one.
    previous {bytes} NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (tenant, number)
) {clustered};
CREATE INDEX audit_objects ON audit (tenant, object, number);
CREATE INDEX audit_times ON audit (tenant, at);

-- Where each tenant's chain ends. Whoever appends holds the row, so that the order of numbers is the order of commits.
-- `first` and `base` say where the chain begins: rows before `first` were cut off, and `base` is the hash of the last
-- of them.
CREATE TABLE audit_heads (
    tenant {id} NOT NULL PRIMARY KEY,
    first BIGINT NOT NULL,
    base {bytes} NOT NULL,
    last BIGINT NOT NULL,
    hash {bytes} NOT NULL
) {clustered};

{append_only_audit};
