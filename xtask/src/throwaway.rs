//! A throwaway PostgreSQL for the tests: installed where it may be, started on a private port, stopped at the end.
//!
//! How that is done is written once, in the store's `tests/postgres.sh`; this file sees to it that the server ends,
//! and that a run without it says so.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;

/// The variable that the store's tests read.
pub(crate) const VARIABLE: &str = "QUARRY_TEST_POSTGRES";
const SCRIPT: &str = "crates/quarry-store/tests/postgres.sh";

/// A running server; dropping it stops it.
pub(crate) struct Postgres {
    /// Its address; from the script, or from the caller's environment.
    pub(crate) url: String,
    ours: bool,
}

impl Postgres {
    /// The server to test against: the one the environment names, or a new one. `None` where there is none to be
    /// had, which was then said on the terminal.
    pub(crate) fn start() -> Result<Option<Self>> {
        if let Ok(url) = std::env::var(VARIABLE) {
            println!("    using the PostgreSQL that {VARIABLE} names");
            return Ok(Some(Self { url, ours: false }));
        }
        let printed = match tools::output(&mut script("start")) {
            Ok(printed) => printed,
            Err(error) if !is_installed() => {
                println!("    {error:#}\n{}", skipped());
                return Ok(None);
            }
            Err(error) => return Err(error.context("the throwaway PostgreSQL did not start")),
        };
        let url =
            address(&printed).with_context(|| format!("{SCRIPT} start printed no address: {printed}"))?;
        Ok(Some(Self { url, ours: true }))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = tools::output(&mut script("stop"))
        {
            eprintln!("the throwaway PostgreSQL could not be stopped: {error:#}");
        }
    }
}

/// What is said, twice, when the PostgreSQL half of the store's tests does not run.
pub(crate) fn skipped() -> &'static str {
    "    SKIPPED: PostgreSQL is not installed and cannot be installed here, so the store was tested on SQLite only.\n    \
     Install the package `postgresql` (or set QUARRY_TEST_POSTGRES to an empty database) to test both."
}

fn script(verb: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(SCRIPT).arg(verb).current_dir(tools::root());
    command
}

/// The last line that is an address: whatever else the server's tools print comes before it.
fn address(printed: &str) -> Option<String> {
    printed.lines().rev().map(str::trim).find(|line| line.starts_with("postgres")).map(str::to_owned)
}

/// Debian keeps the server's programs out of the search path, one folder a version.
fn is_installed() -> bool {
    tools::answers("initdb", &["--version"])
        || std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
            versions.flatten().any(|version| version.path().join("bin/initdb").exists())
        })
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_found_among_other_lines() {
        let printed = "initialising\npostgres://quarry@127.0.0.1:54330/quarry\n\n";
        assert_eq!(address(printed).as_deref(), Some("postgres://quarry@127.0.0.1:54330/quarry"));
        assert_eq!(address("server started\n"), None);
    }
}
