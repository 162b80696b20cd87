//! Throwaway servers for the tests: installed where they may be, started on a private port, stopped at the end.
//!
//! How that is done is written once for each, in the scripts of the store's tests; this file sees to it that a server ends,
//! and that a run without it says so.

use std::process::Command;

use anyhow::{Context, Result};

use crate::tools;

/// A kind of server.
pub(crate) struct Kind {
    name: &'static str,
    /// The variable that tests read.
    pub(crate) variable: &'static str,
    script: &'static str,
    /// What its addresses begin with.
    scheme: &'static str,
    is_installed: fn() -> bool,
    /// What is said, twice, when the tests that need it do not run.
    pub(crate) skipped: &'static str,
}

/// The store's other database.
pub(crate) const POSTGRES: Kind = Kind {
    name: "PostgreSQL",
    variable: "QUARRY_TEST_POSTGRES",
    script: "crates/quarry-store/tests/postgres.sh",
    scheme: "postgres",
    is_installed: has_postgres,
    skipped: "    SKIPPED: PostgreSQL is not installed and cannot be installed here, so the store was tested on SQLite only.\n    \
     Install the package `postgresql` (or set QUARRY_TEST_POSTGRES to an empty database) to test both.",
};

/// Where replicas count their rate limits together.
pub(crate) const REDIS: Kind = Kind {
    name: "Redis",
    variable: "QUARRY_TEST_REDIS",
    script: "crates/quarry-store/tests/redis.sh",
    scheme: "redis",
    is_installed: has_redis,
    skipped: "    SKIPPED: Redis is not installed and cannot be installed here, so rate limits were tested in memory only.\n    \
     Install the package `redis-server` (or set QUARRY_TEST_REDIS to the URL of a Redis) to test both.",
};

/// A running server; dropping it stops it.
pub(crate) struct Throwaway {
    /// Its address; from the script, or from the caller's environment.
    pub(crate) url: String,
    kind: &'static Kind,
    ours: bool,
}

impl Throwaway {
    /// The server to test against: the one the environment names, or a new one. `None` where there is none to be
    /// had, which was then said on the terminal.
    pub(crate) fn start(kind: &'static Kind) -> Result<Option<Self>> {
        if let Ok(url) = std::env::var(kind.variable) {
            println!("    using the {} that {} names", kind.name, kind.variable);
            return Ok(Some(Self { url, kind, ours: false }));
        }
        let printed = match tools::output(&mut script(kind, "start")) {
            Ok(printed) => printed,
            Err(error) if !(kind.is_installed)() => {
                println!("    {error:#}\n{}", kind.skipped);
                return Ok(None);
            }
            Err(error) => return Err(error.context(format!("the throwaway {} did not start", kind.name))),
        };
        let url = address(&printed, kind.scheme)
            .with_context(|| format!("{} start printed no address: {printed}", kind.script))?;
        Ok(Some(Self { url, kind, ours: true }))
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = tools::output(&mut script(self.kind, "stop"))
        {
            eprintln!("the throwaway {} could not be stopped: {error:#}", self.kind.name);
        }
    }
}

fn script(kind: &Kind, verb: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(kind.script).arg(verb).current_dir(tools::root());
    command
}

/// The last line that is an address: whatever else the server's tools print comes before it.
fn address(printed: &str, scheme: &str) -> Option<String> {
    printed.lines().rev().map(str::trim).find(|line| line.starts_with(scheme)).map(str::to_owned)
}

/// Debian keeps the server's programs out of the search path, one folder a version.
fn has_postgres() -> bool {
    tools::answers("initdb", &["--version"])
        || std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
            versions.flatten().any(|version| version.path().join("bin/initdb").exists())
        })
}

fn has_redis() -> bool {
    ["redis-server", "valkey-server"].into_iter().any(|program| tools::answers(program, &["--version"]))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_found_among_other_lines() {
        let printed = "initialising\npostgres://quarry@127.0.0.1:54330/quarry\n\n";
        assert_eq!(address(printed, "postgres").as_deref(), Some("postgres://quarry@127.0.0.1:54330/quarry"));
        assert_eq!(address("server started\n", "postgres"), None);
        assert_eq!(address(printed, "redis"), None);
    }
}
