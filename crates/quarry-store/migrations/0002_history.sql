-- What was asked, and answers kept so that a repeated request is not done twice.

CREATE TABLE history (
    tenant {id} NOT NULL,
    id {id} NOT NULL,
    collection {id},
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT,
    details TEXT NOT NULL,
    micros BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
) {clustered};
CREATE INDEX history_collection ON history (tenant, collection, id);

CREATE TABLE idempotency (
    tenant {id} NOT NULL,
    key {key_text} NOT NULL,
    fingerprint TEXT NOT NULL,
    status BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body {bytes} NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
