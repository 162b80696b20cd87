//! What every command is given: where the data are, what is configured, how to talk.

use std::{cell::OnceCell, path::PathBuf};

use quarry_core::Secret;

use crate::{
    cli::Global,
    config::{Config, Environment, Flags, Layers},
    data::DataFolder,
    failure::Outcome,
    output::Output,
};

/// One call of the program.
pub(crate) struct Context {
    pub(crate) out: Output,
    pub(crate) folder: DataFolder,
    /// Whether somebody chose the folder; otherwise it is the usual one.
    pub(crate) folder_named: bool,
    pub(crate) server: Option<String>,
    pub(crate) key: Option<Secret>,
    pub(crate) verbose: u8,
    file: Option<PathBuf>,
    environment: Environment,
    flags: Flags,
    layers: OnceCell<Layers>,
}

impl Context {
    pub(crate) fn new(global: Global, flags: Flags) -> Self {
        let folder_named = global.data.is_some();
        Self {
            out: Output::new(global.json, global.quiet, global.verbose),
            folder: DataFolder::new(global.data.unwrap_or_else(|| PathBuf::from("quarry-data"))),
            folder_named,
            server: global.server,
            key: global.key.map(Secret::new),
            verbose: global.verbose,
            file: global.config,
            environment: Environment::read(),
            flags,
            layers: OnceCell::new(),
        }
    }

    /// The configuration with its layers, read when it is first asked for.
    pub(crate) fn layers(&self) -> Outcome<&Layers> {
        if let Some(layers) = self.layers.get() {
            return Ok(layers);
        }
        let read = Layers::read(self.file.as_deref(), self.folder.path(), &self.environment, &self.flags)?;
        Ok(self.layers.get_or_init(|| read))
    }

    /// The configuration in force.
    pub(crate) fn config(&self) -> Outcome<&Config> {
        Ok(&self.layers()?.config)
    }
}
