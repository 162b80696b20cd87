//! The pool of children: started when they are needed, reused, ended when they are idle or have grown.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use quarry_parse::Parsed;
use quarry_store::Jobs;
use tokio::sync::Semaphore;

use super::{CageError, CageSettings, ToParse, process::Process};
use crate::events;

/// Reads documents in children, or in this process where there is no program to start.
pub struct Cage {
    program: Option<PathBuf>,
    settings: CageSettings,
    most_bytes: u64,
    /// Places for small documents, and for large ones, which leave one processor to the small.
    small: Semaphore,
    large: Semaphore,
    idle: Mutex<Vec<Process>>,
}

impl Cage {
    /// Children are `program parse-worker`.
    #[must_use]
    pub fn new(program: PathBuf, settings: CageSettings, most_bytes: u64) -> Self {
        Self::of(Some(program), settings, most_bytes)
    }

    /// Reads everything in this process, where a document that hangs or crashes takes it along: for tests.
    #[must_use]
    pub fn open(settings: CageSettings, most_bytes: u64) -> Self {
        Self::of(None, settings, most_bytes)
    }

    fn of(program: Option<PathBuf>, settings: CageSettings, most_bytes: u64) -> Self {
        let most = settings.count().max(1);
        let (small, large) = (Semaphore::new(most), Semaphore::new((most - 1).max(1)));
        Self { program, settings, most_bytes, small, large, idle: Mutex::default() }
    }

    /// What it was told.
    #[must_use]
    pub const fn settings(&self) -> &CageSettings {
        &self.settings
    }

    /// Reads a document. Dropping the future ends the child that reads it.
    ///
    /// # Errors
    /// See [`CageError`].
    pub async fn parse(&self, document: ToParse) -> Result<Parsed, CageError> {
        let started = Instant::now();
        let outcome = match &self.program {
            Some(program) if !quarry_parse::is_plain(&document.source()) => {
                self.parse_caged(program, &document).await
            }
            _ => self.parse_here(document).await,
        };
        events::parsed(outcome.as_ref().err(), started.elapsed());
        outcome
    }

    async fn parse_here(&self, document: ToParse) -> Result<Parsed, CageError> {
        let limits = self.settings.limits(self.most_bytes);
        let parsed = tokio::task::spawn_blocking(move || document.parse_here(&limits)).await;
        Ok(parsed.map_err(|error| CageError::Crashed(error.to_string()))??)
    }

    async fn parse_caged(&self, program: &Path, document: &ToParse) -> Result<Parsed, CageError> {
        let closed = |_| CageError::Unavailable("the server is shutting down".to_owned());
        let room = if document.bytes.len() as u64 <= Jobs::SMALL { &self.small } else { &self.large };
        let _place = room.acquire().await.map_err(closed)?;
        let idle = self.idle.lock().pop();
        let mut process = match idle {
            Some(process) => process,
            None => Process::start(program, &self.settings)?,
        };
        let outcome = process.parse(document, (&self.settings, self.most_bytes)).await;
        let usable = matches!(outcome, Ok(_) | Err(CageError::Parse(_)));
        if usable && process.fresh(self.settings.recycle_after) {
            self.idle.lock().push(process);
        }
        outcome
    }

    /// Ends children that have had nothing to do for a while.
    pub fn tidy(&self) {
        let most = Duration::from_secs(self.settings.idle_seconds);
        self.idle.lock().retain(|process| process.idle_since.elapsed() < most);
    }

    /// Ends all children that have nothing to do.
    pub fn close(&self) {
        self.idle.lock().clear();
    }
}
