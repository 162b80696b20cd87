//! `quarry ingest`: files and folders, or the lines of a JSONL file, until they are searchable.

mod feed;
mod lines;
mod metadata;
mod report;
mod run;
mod walk;

pub(crate) use run::{IngestArgs, Options, files, run};
pub(crate) use walk::check;
