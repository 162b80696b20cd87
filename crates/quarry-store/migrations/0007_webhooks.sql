-- Addresses that are told what becomes of documents, and the messages on their way to them.

CREATE TABLE webhooks (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    url TEXT NOT NULL,
    -- What messages are signed with.
    secret TEXT NOT NULL,
    -- A list of names in JSON.
    events TEXT NOT NULL,
    -- Only of this collection; null for all.
    collection {id},
    paused BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX webhooks_tenant ON webhooks (tenant, id);

CREATE TABLE webhook_deliveries (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL,
    webhook {id} NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    -- waiting, delivered or dead.
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    -- When it may be sent next, or until when whoever sends it is believed; null when it is over.
    due_at BIGINT,
    worker TEXT,
    -- What the address answered last, and why that was not enough.
    status BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) {clustered};
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (tenant, webhook, id);
CREATE INDEX webhook_deliveries_over ON webhook_deliveries (updated_at) WHERE due_at IS NULL;
