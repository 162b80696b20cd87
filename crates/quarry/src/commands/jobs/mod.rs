//! `quarry jobs`: background work, and what was given up.

mod command;
mod dead;

pub(crate) use command::{JobsCommand, run};
