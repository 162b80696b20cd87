//! `quarry config`

use clap::Subcommand;
use serde_json::json;

use crate::{config, context::Context, failure::Outcome};

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether the configuration is right, and everything that is wrong with it.
    Check,
    /// Print what is in force, with where each value comes from; secrets are hidden.
    Show,
    /// Print the reference of every key.
    Reference,
    /// Print an annotated example file.
    Example,
}

/// Carries out a command; nothing is opened or made.
pub(crate) fn run(context: &Context, command: &ConfigCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        ConfigCommand::Check => {
            let file = &context.layers()?.file;
            out.result(&json!({"ok": true, "file": file}), || match file {
                Some(path) => format!("`{}` is right\n", path.display()),
                None => "there is no file; the defaults are in force\n".to_owned(),
            });
        }
        ConfigCommand::Show => {
            let layers = context.layers()?;
            out.result(&json!({"file": layers.file, "settings": layers.to_json()}), || layers.to_toml());
        }
        ConfigCommand::Reference => out.raw(&config::reference()),
        ConfigCommand::Example => out.raw(&config::example()),
    }
    Ok(())
}
