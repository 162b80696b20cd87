//! Talking to the person or program that called: results on standard output, everything else on standard error.

use std::{
    io::{ErrorKind, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::{config, failure::Failure};

/// How this call wants to be talked to.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// One JSON object on standard output.
    pub(crate) json: bool,
    quiet: bool,
    verbose: bool,
    colour: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool, verbose: u8) -> Self {
        let colour = std::io::stdout().is_terminal() && config::colours();
        Self { json, quiet, verbose: verbose > 0, colour }
    }

    /// Whether a person sees the result as it comes.
    pub(crate) fn is_watched(&self) -> bool {
        !self.json && std::io::stdout().is_terminal()
    }

    /// A result: as JSON when that is wanted, else in the words of `human`.
    pub(crate) fn result<T: Serialize>(&self, value: &T, human: impl FnOnce() -> String) {
        if self.json {
            let indented = std::io::stdout().is_terminal();
            let text =
                if indented { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
            // Our own types always serialise: their maps have text as keys.
            self.raw(&(text.unwrap_or_default() + "\n"));
        } else {
            self.raw(&human());
        }
    }

    /// Text on standard output, as it is.
    pub(crate) fn raw(&self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Bytes on standard output, as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
            // Whoever read along has gone, as `head` does when it has enough; anything else is worth a word.
            if error.kind() != ErrorKind::BrokenPipe {
                drop(writeln!(std::io::stderr(), "error: standard output cannot be written: {error}"));
            }
            std::process::exit(1);
        }
    }

    /// A remark on standard error, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            drop(writeln!(std::io::stderr(), "{text}"));
        }
    }

    /// A remark for those who want to know more.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            drop(writeln!(std::io::stderr(), "{text}"));
        }
    }

    /// A failure on standard error.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut out = std::io::stderr().lock();
        if self.json {
            let object =
                json!({"error": {"code": failure.code, "message": failure.message, "hint": failure.hint}});
            drop(writeln!(out, "{object}"));
            return;
        }
        drop(writeln!(out, "error: {}", failure.message));
        if let Some(hint) = &failure.hint {
            drop(writeln!(out, "hint: {hint}"));
        }
    }

    /// A bar on standard error; hidden when quiet, and when nobody watches.
    pub(crate) fn bar(&self, length: u64, unit: &str) -> ProgressBar {
        if self.quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let template = if unit == "bytes" {
            "{msg} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left".to_owned()
        } else {
            format!("{{msg}} {{bar:30}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left")
        };
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Rows under headings, in columns as wide as they need to be. The last column is not padded.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(headings.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

/// A text on one line, cut at `most` characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// `1 document`, `2 documents`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::{count, short, table};

    #[test]
    fn tables_line_up_and_texts_are_cut() {
        let rows = [vec!["a".to_owned(), "10".to_owned()], vec!["long".to_owned(), "2".to_owned()]];
        assert_eq!(table(&["NAME", "N"], &rows), "NAME  N\na     10\nlong  2\n");
        assert_eq!(short("a  b\nc", 10), "a b c");
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!((count(1, "hit").as_str(), count(0, "hit").as_str()), ("1 hit", "0 hits"));
    }
}
