//! The configuration: defaults in code, one TOML file, the environment, flags; later ones win.
//!
//! Every key stands once in [`table`], with its kind and its meaning; reading, checking, showing and the reference
//! all go by that table. This is the only place that reads the environment.

mod agree;
mod check;
mod environment;
mod file;
mod keys;
mod layers;
mod reference;
mod sections;
mod show;
mod table;

pub(crate) use environment::{Environment, colours};
pub(crate) use layers::{Flags, Layers};
pub(crate) use reference::{example, reference};
pub(crate) use sections::{Config, LogFormat, LogSettings};
