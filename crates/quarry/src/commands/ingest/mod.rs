//! `quarry ingest`: files and folders, or the lines of a JSONL file, until they are searchable.

mod feed;
mod lines;
pub(in crate::commands) mod metadata;
mod report;
mod run;
pub(in crate::commands) mod walk;

pub(crate) use run::{IngestArgs, Options, files, run};
pub(crate) use walk::check;
