-- What tenants use, a row for each day.

CREATE TABLE usage (
    tenant {id} NOT NULL REFERENCES tenants (id),
    -- Days since the start of 1970, in UTC.
    day BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    cost DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (tenant, day)
) {clustered};
