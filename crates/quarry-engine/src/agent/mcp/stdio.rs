//! A program on this machine that speaks MCP on its standard input and output.

use std::process::Stdio;

use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::settings::{McpServerSettings, ProgramEnvironment};

/// A program that runs until this is dropped; then it ends with everything it has started.
pub(super) struct Program {
    child: Child,
}

impl Program {
    /// Starts it. It sees nothing of our environment but what it was meant to: no key of ours reaches it.
    pub(super) fn start(
        command: &str,
        settings: &McpServerSettings,
        environment: &ProgramEnvironment,
    ) -> Result<(Self, ChildStdout, ChildStdin), String> {
        let mut program = Command::new(command);
        program.args(&settings.args).env_clear();
        let given = [("PATH", &environment.path), ("HOME", &environment.home)];
        program.envs(given.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value))));
        program.envs(settings.env.iter().map(|(name, value)| (name, value.expose())));
        // What it says about itself may hold anything, so it goes nowhere.
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        #[cfg(unix)]
        program.process_group(0);
        let mut child = program.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no program `{command}`"),
            _ => format!("`{command}` cannot be started: {error}"),
        })?;
        match (child.stdout.take(), child.stdin.take()) {
            (Some(out), Some(into)) => Ok((Self { child }, out, into)),
            _ => Err(format!("`{command}` has no standard input or output")),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The child leads a group of its own: what it has started ends with it.
        #[cfg(unix)]
        if let Some(group) =
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
        {
            // It fails where all of them have ended already.
            let _ended = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        drop(self.child.start_kill());
    }
}
