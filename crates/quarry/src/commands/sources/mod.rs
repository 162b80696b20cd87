//! `quarry sources`: places whose documents are kept in sync.

mod add;
mod command;
mod show;

pub(crate) use command::{SourcesCommand, run};
