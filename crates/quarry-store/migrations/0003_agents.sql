-- Agents with their versions, sessions with their messages, facts about users, runs with their events.

CREATE TABLE agents (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    name {key_text} NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant, name)
);

-- Versions outlive their agent, so that a stored run can still say what answered.
CREATE TABLE agent_versions (
    tenant {id} NOT NULL,
    agent {id} NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, agent, version)
);

CREATE TABLE sessions (
    tenant {id} NOT NULL,
    id {id} NOT NULL,
    owner {key_text} NOT NULL,
    agent {id},
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    summarised_through BIGINT NOT NULL,
    -- Numbers come from here and not from the messages, so that writers wait for one another.
    last_number BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX sessions_newest ON sessions (tenant, owner, id);

CREATE TABLE messages (
    tenant {id} NOT NULL,
    session {id} NOT NULL,
    number BIGINT NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    run {id},
    details TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, session, number)
) {clustered};

CREATE TABLE facts (
    tenant {id} NOT NULL,
    owner {key_text} NOT NULL,
    id {id} NOT NULL,
    text TEXT NOT NULL,
    vector {bytes} NOT NULL,
    embedder TEXT NOT NULL,
    session {id},
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, owner, id)
) {clustered};

-- How many facts a user has: the row that two writers meet at, so that the limit holds.
CREATE TABLE fact_counts (
    tenant {id} NOT NULL,
    owner {key_text} NOT NULL,
    facts BIGINT NOT NULL,
    PRIMARY KEY (tenant, owner)
) {clustered};

CREATE TABLE runs (
    tenant {id} NOT NULL,
    id {id} NOT NULL,
    owner {key_text} NOT NULL,
    agent {id},
    agent_name TEXT NOT NULL,
    agent_version BIGINT NOT NULL,
    session {id},
    state TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost DOUBLE PRECISION NOT NULL,
    steps BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    question TEXT NOT NULL,
    answer TEXT,
    error TEXT,
    -- What a waiting run goes on from.
    checkpoint TEXT,
    -- All events of the run, one JSON array: they are written once and read together, and a row for each would cost
    -- several times as much.
    events TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX runs_agent ON runs (tenant, agent, id) WHERE agent IS NOT NULL;
CREATE INDEX runs_session ON runs (tenant, session, id) WHERE session IS NOT NULL;
-- Nearly every run is over, so that only the others are worth an index on their state.
CREATE INDEX runs_open ON runs (state, tenant, id) WHERE state IN ('running', 'waiting');
CREATE INDEX runs_age ON runs (started_at);
