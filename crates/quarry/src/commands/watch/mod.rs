//! `quarry watch`: keeps a folder of this machine in sync, in the data folder or on a server.
//!
//! The folder is read here, by time of change, size and hash, and compared with the documents of the collection that came
//! from it; what it remembers beyond one pass is only what those documents say. So it can be stopped at any moment and
//! started anywhere.

mod command;
mod known;
mod pass;
mod report;

pub(crate) use command::{WatchArgs, run};
