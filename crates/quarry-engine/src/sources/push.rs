//! Documents that a sender brings itself. Its signature is its right: there is no key.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use quarry_core::{
    Access, Actor, ErrorKind, Fault as _, Metadata, Origin, Rights, Role, SourceId, Timestamp,
};
use quarry_store::{Settled, SourceCounts, SourceEnd, SourceItem, SourceRow, SourceRun, SourceRunState};

use super::{
    contract::Entry,
    spec::{SOURCE_NAME, SourcePlace},
    verbs::Sources,
};
use crate::{
    documents::{AddOutcome, Documents, Upload},
    error::EngineError,
    events, signature,
};

/// The right to fill a source once, for a request that was signed.
pub struct PushGrant {
    row: SourceRow,
    signature: Vec<u8>,
    origin: Origin,
}

impl PushGrant {
    /// The same right, used from somewhere: it goes to the audit log and gives no right.
    #[must_use]
    pub fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}

/// What a sender brings.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// Documents that are new or changed.
    pub upserts: Vec<PushedDocument>,
    /// Keys of documents that are gone.
    pub deletes: Vec<String>,
}

/// A document that a sender brings.
#[derive(Clone, Debug)]
pub struct PushedDocument {
    /// The sender's own id of it.
    pub key: String,
    /// Its title.
    pub title: Option<String>,
    /// A file name, whose extension is a hint for detection.
    pub name: String,
    /// What the sender says it is.
    pub media_type: Option<String>,
    /// What filters can ask about.
    pub metadata: Metadata,
    /// The original bytes.
    pub bytes: Bytes,
}

/// How long signatures are remembered: longer than one is taken for, on either side of now.
const REMEMBER: Duration = Duration::from_secs(2 * signature::TOLERANCE_SECONDS as u64 + 60);
/// Compared with where there is no such source, so that the time says nothing either.
const NOBODY: &str = "qs_0000000000000000000000000000000000000000000000000000000000000000";

impl Sources<'_> {
    /// Checks that a request was signed by the sender of a source, now and for the first time.
    ///
    /// # Errors
    /// `unauthenticated`, in the same words whether there is such a source or not; `push_replayed`.
    pub async fn verify_push(
        &self,
        source: &str,
        header: Option<&str>,
        body: &Bytes,
    ) -> Result<PushGrant, EngineError> {
        let inner = self.0.inner();
        let header = header.unwrap_or_default();
        let row = match source.parse::<SourceId>() {
            Ok(id) => inner.store.sources().find_for_sender(id).await?,
            Err(_) => None,
        };
        let secret = row.as_ref().and_then(|row| row.secret.as_ref());
        let secret = secret.map_or(NOBODY, |secret| secret.expose()).to_owned();
        let verified = verified((secret, header.to_owned()), body.clone(), inner.clock.now()).await?;
        let (Some(row), Some(signature)) = (row, verified) else {
            events::push_refused();
            return Err(EngineError::Unsigned);
        };
        let place = (row.tenant, row.id);
        if !inner.store.sources().remember_signature(place, &signature, REMEMBER).await? {
            return Err(EngineError::Replayed);
        }
        Ok(PushGrant { row, signature, origin: Origin::default() })
    }

    /// Takes what a sender brings: all of it or nothing. What is the same as before makes no version.
    ///
    /// # Errors
    /// `invalid_push`, `empty_document`, `document_too_large`, `invalid_metadata`, storage errors.
    pub async fn push(&self, grant: PushGrant, pushed: Pushed) -> Result<SourceRun, EngineError> {
        let outcome = self.taken(&grant, pushed).await;
        if outcome.is_err() {
            // It may be sent again as it is.
            self.0.inner().store.sources().forget_signature(grant.row.id, &grant.signature).await?;
        }
        outcome
    }

    async fn taken(&self, grant: &PushGrant, pushed: Pushed) -> Result<SourceRun, EngineError> {
        let row = &grant.row;
        check(&pushed)?;
        let started = std::time::Instant::now();
        // The sender may do no more than fill this collection.
        let rights = Rights { only: Some([row.collection].into()), ..Rights::of(Role::Editor) };
        let actor = Actor::Key(format!("source:{}", row.name));
        let access =
            Access::authenticated(row.tenant, actor, Arc::new(rights)).with_origin(grant.origin.clone());
        let sources = self.0.inner().store.sources();
        let mut counts = SourceCounts::default();
        let keys: Vec<&str> = pushed.upserts.iter().map(|one| one.key.as_str()).collect();
        let known = sources.find_items(row.tenant, row.id, &keys).await?;
        let known: HashMap<String, SourceItem> =
            known.into_iter().map(|one| (one.key.clone(), one)).collect();
        let own: Vec<String> = pushed.upserts.iter().map(|one| one.key.clone()).collect();
        let added = self.upsert(&access, row, pushed.upserts).await?;
        let mut settled = Vec::with_capacity(added.len());
        for (key, added) in own.into_iter().zip(added) {
            match added.outcome {
                AddOutcome::Created => counts.added += 1,
                AddOutcome::NewVersion if known.contains_key(&key) => counts.changed += 1,
                AddOutcome::NewVersion => counts.added += 1,
                AddOutcome::Unchanged => counts.unchanged += 1,
            }
            let document = added.document;
            settled.push(Settled {
                key,
                size: Some(document.bytes),
                content_hash: Some(document.content_hash),
                document: Some(document.id),
                ..Settled::default()
            });
        }
        counts.removed = self.removed(&access, row, &pushed.deletes).await?;
        let end = SourceEnd { state: SourceRunState::Finished, counts, error: None, failures: Vec::new() };
        let place = (row.tenant, row.id);
        let number = sources.keep_pushed(access.by(), place, (&settled, &pushed.deletes), &end).await?;
        events::source_synced(row.id, &end, started.elapsed());
        Ok(sources.run(row.tenant, row.id, number).await?)
    }

    async fn upsert(
        &self,
        access: &Access,
        row: &SourceRow,
        upserts: Vec<PushedDocument>,
    ) -> Result<Vec<crate::documents::Added>, EngineError> {
        if upserts.is_empty() {
            return Ok(Vec::new());
        }
        let place = SourcePlace::of(row)?;
        let upload = |one: PushedDocument| {
            let mut metadata = place.metadata.clone();
            metadata.extend(one.metadata);
            metadata.insert(SOURCE_NAME.to_owned(), row.name.as_str().into());
            Upload {
                source: format!("{}/{}", row.name, one.key),
                title: one.title,
                name: one.name,
                media_type: one.media_type,
                metadata,
                password: None,
                priority: None,
                bytes: one.bytes,
            }
        };
        let uploads = upserts.into_iter().map(upload).collect();
        self.0.documents().add(access, &row.collection_name, uploads).await
    }

    async fn removed(&self, access: &Access, row: &SourceRow, keys: &[String]) -> Result<u64, EngineError> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let items = self.0.inner().store.sources().find_items(row.tenant, row.id, &keys).await?;
        let mut removed = 0;
        for document in items.iter().filter_map(|item| item.document_id) {
            match self.0.documents().remove(access, document).await {
                Ok(()) => removed += 1,
                // Somebody else was quicker.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }
}

/// Above this many bytes a signature is worth a thread of its own.
const LARGE: usize = 64 * 1024;

async fn verified(
    (secret, header): (String, String),
    body: Bytes,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, EngineError> {
    if body.len() <= LARGE {
        return Ok(signature::verify(&secret, &header, &body, now));
    }
    let verifying = move || signature::verify(&secret, &header, &body, now);
    tokio::task::spawn_blocking(verifying).await.map_err(|error| EngineError::Task(error.to_string()))
}

fn wrong(pointer: &'static str, problem: impl Into<String>) -> EngineError {
    EngineError::invalid("invalid_push", pointer, problem)
}

fn check(pushed: &Pushed) -> Result<(), EngineError> {
    if pushed.upserts.is_empty() && pushed.deletes.is_empty() {
        return Err(wrong("/upserts", "the request brings nothing: send `upserts`, `deletes` or both"));
    }
    for (pointer, count) in [("/upserts", pushed.upserts.len()), ("/deletes", pushed.deletes.len())] {
        if count > Documents::MAX_BATCH {
            let problem = format!(
                "{count} in one request; at most {} are taken, send them in several requests",
                Documents::MAX_BATCH
            );
            return Err(wrong(pointer, problem));
        }
    }
    let mut seen = HashSet::new();
    let upserts = pushed.upserts.iter().map(|one| ("/upserts", one.key.as_str()));
    for (pointer, key) in upserts.chain(pushed.deletes.iter().map(|key| ("/deletes", key.as_str()))) {
        if key.is_empty() || key.len() > Entry::LONGEST_KEY || key.chars().any(char::is_control) {
            let problem = format!(
                "a key is 1 to {} bytes without control characters, not `{}`",
                Entry::LONGEST_KEY,
                key.chars().take(100).collect::<String>().escape_debug()
            );
            return Err(wrong(pointer, problem));
        }
        if !seen.insert(key) {
            return Err(wrong(pointer, format!("the key `{key}` stands twice in one request")));
        }
    }
    Ok(())
}
