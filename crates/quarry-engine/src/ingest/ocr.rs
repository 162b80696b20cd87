//! Text in pictures, by the system's `tesseract` where it is installed.

use std::{process::Stdio, time::Duration};

use quarry_parse::{Parsed, Scan};
use quarry_store::JobStage;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
};

use super::Progress;
use crate::{
    cage::{CageError, CageSettings},
    events,
};

/// Most bytes of one page's text.
const MOST_TEXT: u64 = 4 * 1024 * 1024;

/// Reads the pictures that stand where text should be. Without a program that can, the document says what it lacks: as
/// an error where it has no text at all, as a warning otherwise.
pub(super) async fn complete(
    settings: &CageSettings,
    mut parsed: Parsed,
    progress: &Progress,
) -> Result<Parsed, CageError> {
    if parsed.scans.is_empty() {
        return Ok(parsed);
    }
    let scans = std::mem::take(&mut parsed.scans);
    let mut pages = Vec::with_capacity(scans.len());
    if settings.ocr {
        progress.enter(JobStage::Fetched, scans.len());
        for scan in &scans {
            match recognise(settings, scan).await {
                Ok(text) => pages.push((scan.page, text)),
                Err(Missing::Program) => break,
                Err(Missing::Text(problem)) => events::not_recognised(&problem),
            }
            progress.add(1);
        }
    }
    parsed.scans = scans;
    Ok(parsed.recognised(pages).or_needs_ocr()?)
}

/// Why a picture gave no text.
enum Missing {
    /// There is no program.
    Program,
    /// It failed on this picture.
    Text(String),
}

async fn recognise(settings: &CageSettings, scan: &Scan) -> Result<String, Missing> {
    let mut child = Command::new("tesseract")
        .args(["stdin", "stdout", "-l", &settings.ocr_languages])
        // Its own threads would take the machine from whoever is waiting for an answer.
        .env("OMP_THREAD_LIMIT", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|_| Missing::Program)?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(Missing::Text("tesseract has no pipes".to_owned()));
    };
    let work = async {
        let mut text = String::new();
        let mut output = output.take(MOST_TEXT);
        let write = async {
            // It may end before it has read everything; then its exit status says why.
            let _ = input.write_all(&scan.image).await;
            drop(input);
        };
        let (read, ()) = tokio::join!(output.read_to_string(&mut text), write);
        read.map_err(|error| Missing::Text(error.to_string()))?;
        let status = child.wait().await.map_err(|error| Missing::Text(error.to_string()))?;
        if status.success() { Ok(text) } else { Err(Missing::Text(format!("tesseract ended with {status}"))) }
    };
    let most = Duration::from_secs(settings.ocr_page_seconds);
    tokio::time::timeout(most, work)
        .await
        .unwrap_or_else(|_| Err(Missing::Text(format!("a page took more than {} seconds", most.as_secs()))))
}
