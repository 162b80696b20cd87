//! One child, as its keeper sees it.

use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use quarry_parse::Parsed;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};

use super::{
    CageError, CageSettings, ToParse,
    protocol::{self, Answer, Came, Head},
};

/// How often the memory of a busy child is looked at.
const WATCH: Duration = Duration::from_millis(50);
/// Megabytes of memory above which a child that has answered is not used again.
const FAT_MEGABYTES: u64 = 192;
/// Most megabytes of an answer.
const MOST_ANSWER: u64 = 256;

/// A running child.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
    served: u32,
    /// When it answered last.
    pub(super) idle_since: Instant,
}

impl Process {
    /// Starts one. It confines itself before it reads.
    pub(super) fn start(program: &Path, settings: &CageSettings) -> Result<Self, CageError> {
        let failed = |error: io::Error| CageError::Unavailable(error.to_string());
        let mut child = Command::new(program)
            .args(["parse-worker", "--memory-megabytes", &settings.memory_megabytes.to_string()])
            // Nothing of this process's environment is the parser's business.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(CageError::Unavailable("it has no pipes".to_owned()));
        };
        Ok(Self { child, input, output, errors, served: 0, idle_since: Instant::now() })
    }

    /// Has it read a document. After an error that is not the parser's the child is of no more use.
    pub(super) async fn parse(
        &mut self,
        document: &ToParse,
        (settings, most_bytes): (&CageSettings, u64),
    ) -> Result<Parsed, CageError> {
        let head = Head {
            name: document.name.clone(),
            media_type: document.media_type.clone(),
            password: document.password.clone(),
            limits: settings.limits(most_bytes),
            cpu_seconds: settings.cpu_seconds,
        };
        let pid = self.child.id();
        let wall = Duration::from_secs(settings.wall_seconds);
        let exchange = exchange(&mut self.input, &mut self.output, &head, &document.bytes);
        let answer = tokio::select! {
            answer = exchange => answer,
            () = too_fat(pid, settings.memory_megabytes) => {
                return Err(CageError::TooMuchMemory(settings.memory_megabytes));
            }
            () = tokio::time::sleep(wall) => {
                return Err(CageError::TooSlow { seconds: settings.wall_seconds, which: "wall_seconds" });
            }
        };
        let content = match answer {
            Ok(Came::Whole(content)) => content,
            Ok(Came::TooLong) => return Err(CageError::TooMuchOutput(MOST_ANSWER)),
            Err(_) => return Err(self.fell(settings).await),
        };
        self.served += 1;
        self.idle_since = Instant::now();
        let answer: Answer = postcard::from_bytes(&content)
            .map_err(|_| CageError::Crashed("it answered nonsense".to_owned()))?;
        Ok(answer?)
    }

    /// Whether it may read another document.
    pub(super) fn fresh(&self, recycle_after: u32) -> bool {
        self.served < recycle_after && used_megabytes(self.child.id()) < FAT_MEGABYTES
    }

    /// Why it ended.
    async fn fell(&mut self, settings: &CageSettings) -> CageError {
        let ended = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        let mut words = Vec::new();
        let mut errors = (&mut self.errors).take(4_096);
        // What it said last is worth a moment, not more.
        let _ = tokio::time::timeout(Duration::from_millis(200), errors.read_to_end(&mut words)).await;
        let words = String::from_utf8_lossy(&words);
        if words.contains("memory allocation of") {
            return CageError::TooMuchMemory(settings.memory_megabytes);
        }
        match ended {
            Ok(Ok(status)) if cpu_ended(status) => {
                CageError::TooSlow { seconds: settings.cpu_seconds, which: "cpu_seconds" }
            }
            Ok(Ok(status)) if killed(status) => CageError::Killed,
            Ok(Ok(status)) => CageError::Crashed(status.to_string()),
            _ => CageError::Crashed("it closed its pipe".to_owned()),
        }
    }
}

async fn exchange(
    input: &mut ChildStdin,
    output: &mut ChildStdout,
    head: &Head,
    bytes: &[u8],
) -> io::Result<Came> {
    let mut start = protocol::frame(head)?;
    start.extend(protocol::length(bytes.len())?);
    input.write_all(&start).await?;
    input.write_all(bytes).await?;
    input.flush().await?;
    protocol::receive(output, MOST_ANSWER << 20).await
}

/// Returns when the process uses more memory than it may.
async fn too_fat(pid: Option<u32>, most_megabytes: u64) {
    loop {
        tokio::time::sleep(WATCH).await;
        if used_megabytes(pid) > most_megabytes {
            return;
        }
    }
}

/// The memory a process really uses; 0 where the system does not say.
fn used_megabytes(pid: Option<u32>) -> u64 {
    #[cfg(target_os = "linux")]
    {
        let Some(pid) = pid else { return 0 };
        let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
        let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
        (pages * rustix::param::page_size() as u64) >> 20
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = pid;
        0
    }
}

/// Whether somebody else ended it.
fn killed(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        status.signal() == Some(rustix::process::Signal::KILL.as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}

/// Whether the system ended it for its processor time.
fn cpu_ended(status: ExitStatus) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
    }
    #[cfg(not(unix))]
    {
        let _ = status;
        false
    }
}
