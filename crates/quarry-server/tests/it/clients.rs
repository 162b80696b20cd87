//! Other projects' clients, installed below the target folder once. Where there is no Python, no Node or no registry to
//! be reached, whoever asks for one is told so.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A place of its own below the target folder.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name)
}

/// Runs a command to its end, off the async runtime; none where there is no such program.
pub async fn run(program: PathBuf, arguments: Vec<String>, place: PathBuf) -> Option<Output> {
    let command = move || Command::new(program).args(arguments).current_dir(place).output().ok();
    tokio::task::spawn_blocking(command).await.unwrap()
}

/// Whether a command of an installation worked; says so where it did not.
pub async fn installs(program: impl Into<PathBuf>, arguments: &[&str], place: &Path) -> bool {
    let program = program.into();
    let arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
    match run(program.clone(), arguments, place.to_owned()).await {
        Some(output) if output.status.success() => true,
        Some(output) => {
            println!("skipped: {} failed: {}", program.display(), String::from_utf8_lossy(&output.stderr));
            false
        }
        None => {
            println!("skipped: there is no {}", program.display());
            false
        }
    }
}

/// A Python with a package, in an environment of its own; none where that cannot be had. Each name is for one test: two
/// must not install into one folder at once.
pub async fn python(name: &str, package: &str) -> Option<PathBuf> {
    let home = folder(name);
    std::fs::create_dir_all(&home).unwrap();
    let (python, done) = (home.join("bin/python"), home.join("installed"));
    if !done.exists() {
        let made = installs("python3", &["-m", "venv", "."], &home).await;
        let wants = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
        if !made || !installs(python.clone(), &wants, &home).await {
            return None;
        }
        std::fs::write(done, "").unwrap();
    }
    Some(python)
}
