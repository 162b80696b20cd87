//! A folder of one's own, calls of the binary in it, and a server that ends with the test.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// A folder that is the current one for every call.
pub(crate) struct Home(tempfile::TempDir);

/// What a call printed and how it ended.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
    line: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a few documents of different formats below `docs/`.
    pub(crate) fn with_documents() -> Self {
        let home = Self::new();
        home.write(
            "docs/tides.md",
            "# Tides\n\nThe moon raises the sea twice a day. Spring tides come at new moon.\n",
        );
        home.write(
            "docs/bridge.txt",
            "The bridge over the Elster was opened in 1893. It is 84 metres long.\n",
        );
        home.write("docs/fees.csv", "service,fee\nlost card,40\nlate book,5\n");
        home.write("docs/page.html", "<html><head><title>Bees</title></head><body><main><h1>Bees</h1><p>A bee visits about five thousand flowers on one day of good weather.</p></main></body></html>");
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The binary, in this folder and with nothing of the test's own environment that it would read.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarry"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("QUARRY") {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) fn quarry(&self, arguments: &[&str]) -> Ran {
        self.ran(&mut self.command(arguments), arguments)
    }

    pub(crate) fn quarry_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        self.ran(&mut command, arguments)
    }

    fn ran(&self, command: &mut Command, arguments: &[&str]) -> Ran {
        Ran::of(&command.output().unwrap(), arguments)
    }

    /// Starts a server on a free port.
    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--json"];
        arguments.extend_from_slice(more);
        let mut command = self.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Ok(note) = serde_json::from_str::<Value>(&line) else {
            let mut said = String::new();
            child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
            panic!("the server did not start: {said}");
        };
        Server { child, url: note["url"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn key(&self) -> String {
        std::fs::read_to_string(self.path().join("quarry-data/admin.key")).unwrap().trim().to_owned()
    }
}

impl Ran {
    /// What a call came to.
    pub(crate) fn of(output: &std::process::Output, arguments: &[&str]) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
            line: arguments.join(" "),
        }
    }

    /// Asserts the exit code.
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "quarry {}\n{}\n{}", self.line, self.stdout, self.stderr);
        self
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("quarry {}: {error}\n{}\n{}", self.line, self.stdout, self.stderr))
    }

    /// All of it, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        format!(
            "$ quarry {}\nexit {}\n--- stdout\n{}--- stderr\n{}",
            self.line, self.code, self.stdout, self.stderr
        )
    }
}

/// A server that is killed when the test ends in whatever way.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Asks it to stop and gives its exit code and what it said on standard error.
    pub(crate) fn stop(&mut self) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
        (status.code().unwrap_or(-1), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Replaces what differs from run to run.
macro_rules! snapshot {
    ($home:expr, $name:expr, $text:expr) => {{
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        let place = regex_escaped(&$home.path().display().to_string());
        settings.add_filter(&place, "[home]");
        settings.add_filter(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]");
        settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]");
        settings.add_filter(r"127\.0\.0\.1:\d+", "[address]");
        settings.add_filter(r"process \d+", "process [pid]");
        settings.add_filter(r"\d+\.\d+ m?s\b", "[duration]");
        settings.add_filter(r#""seconds":[\d.]+"#, r#""seconds":[n]"#);
        settings.add_filter(r"confidence \d\.\d\d", "confidence [n]");
        settings.bind(|| insta::assert_snapshot!($name, $text));
    }};
}
pub(crate) use snapshot;

/// A text as a pattern that matches only itself.
pub(crate) fn regex_escaped(text: &str) -> String {
    let escape = |letter: char| {
        if letter.is_alphanumeric() || letter == '/' { letter.to_string() } else { format!("\\{letter}") }
    };
    text.chars().map(escape).collect()
}
