-- Who may do what: tenants' states, people, groups, roles in single collections, keys, logins.

-- active or suspended.
ALTER TABLE tenants ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
-- Most of what, in JSON; an absent quota is no limit.
ALTER TABLE tenants ADD COLUMN quotas TEXT NOT NULL DEFAULT '{}';

CREATE TABLE users (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    name {key_text} NOT NULL,
    display TEXT NOT NULL,
    -- What they are in the whole tenant; null for people of single collections.
    role TEXT,
    -- local, or the issuer that vouches for them.
    origin TEXT NOT NULL,
    -- Their name at that issuer; null for local ones.
    subject TEXT,
    -- argon2id in the PHC format; null where an issuer vouches.
    password TEXT,
    password_at BIGINT,
    -- Whether the password was given by somebody else and has to be changed at the next login.
    must_change BIGINT NOT NULL,
    disabled BIGINT NOT NULL,
    -- Wrong passwords since the last right one, and until when no other is tried.
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    last_login_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (tenant, name)
);
CREATE UNIQUE INDEX users_subject ON users (tenant, origin, subject) WHERE subject IS NOT NULL;

CREATE TABLE user_groups (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    name {key_text} NOT NULL,
    description TEXT NOT NULL,
    -- What its members are in the whole tenant; null for no more than they are without it.
    role TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant, name)
);

CREATE TABLE group_members (
    user_group {id} NOT NULL REFERENCES user_groups (id),
    member {id} NOT NULL REFERENCES users (id),
    PRIMARY KEY (user_group, member)
) {clustered};
CREATE INDEX group_members_of ON group_members (member);

-- What somebody is in one collection. A principal is `user:NAME` or `group:NAME`.
CREATE TABLE collection_roles (
    collection {id} NOT NULL REFERENCES collections (id),
    principal {key_text} NOT NULL,
    tenant {id} NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (collection, principal)
) {clustered};
CREATE INDEX collection_roles_of ON collection_roles (tenant, principal);

CREATE TABLE keys (
    id {id} PRIMARY KEY,
    tenant {id} NOT NULL REFERENCES tenants (id),
    -- Unique for ever, so that what belongs to a key never falls to a later one of the same name.
    name {key_text} NOT NULL,
    -- The first characters of the key, by which it is found and known.
    prefix {key_text} NOT NULL,
    -- SHA-256 of the whole key.
    hash {bytes} NOT NULL,
    role TEXT NOT NULL,
    -- Lists in JSON; null for no narrowing.
    scopes TEXT,
    collections TEXT,
    -- For whom it acts; null for a program's own key.
    owner {id} REFERENCES users (id),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    -- The key that this one was rotated to.
    replaced_by {id},
    UNIQUE (tenant, name)
);
CREATE INDEX keys_prefix ON keys (prefix);
CREATE UNIQUE INDEX keys_hash ON keys (hash);
CREATE INDEX keys_newest ON keys (tenant, id);

-- Browsers that are logged in.
CREATE TABLE logins (
    -- SHA-256 of what the cookie holds.
    hash {bytes} PRIMARY KEY,
    tenant {id} NOT NULL,
    member {id} NOT NULL REFERENCES users (id),
    -- Groups that an issuer named; null for those of the database.
    claimed TEXT,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) {clustered};
CREATE INDEX logins_of ON logins (tenant, member);
CREATE INDEX logins_over ON logins (expires_at);
