//! Version 1 of the API: one file per resource. A handler unpacks, makes one engine call and packs.

pub(crate) mod agents;
pub(crate) mod audit;
pub(crate) mod collections;
pub(crate) mod documents;
pub(crate) mod facts;
pub(crate) mod generations;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod me;
pub(crate) mod query;
pub(crate) mod runs;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod sources;
pub(crate) mod tenants;
pub(crate) mod webhooks;
