//! Subtitles: what is said as running text, a paragraph for each minute or speaker, without the times.

use super::Input;
use crate::{BlockKind, ParseError, Parsed, decode::decode, writer::Writer, writer::one_line};

/// A paragraph covers at most this many seconds.
const PARAGRAPH_SECONDS: u64 = 60;

/// Reads SRT and WebVTT, which differ in little.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    let mut track = Track::new(Writer::new(input.limits));
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches('\u{feff}').trim();
        if let Some((start, end)) = times(line) {
            let mut cue = String::new();
            while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
                // A file that misses a blank line still has a time in each cue.
                if times(line).is_some() {
                    break;
                }
                cue.push_str(line);
                cue.push('\n');
            }
            track.cue(start, end, &cue)?;
        } else if is_comment(line) {
            while lines.next_if(|line| !line.trim().is_empty()).is_some() {}
        }
    }
    track.finish()
}

/// Blocks of WebVTT that are not said.
fn is_comment(line: &str) -> bool {
    ["NOTE", "STYLE", "REGION"].iter().any(|word| {
        line.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    })
}

/// The start and end of a cue, in seconds.
fn times(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_once("-->")?;
    Some((seconds(start)?, seconds(end.split_whitespace().next()?)?))
}

/// `01:02:03,400` or `02:03.400`.
fn seconds(time: &str) -> Option<u64> {
    let whole = time.trim().split(['.', ',']).next()?;
    let mut total = 0_u64;
    for (index, part) in whole.split(':').enumerate() {
        if index > 2 {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(part.trim().parse().ok()?)?;
    }
    Some(total)
}

struct Track<'a> {
    writer: Writer<'a>,
    text: String,
    start: u64,
    end: u64,
    speaker: String,
    last: String,
}

impl<'a> Track<'a> {
    fn new(writer: Writer<'a>) -> Self {
        Self { writer, text: String::new(), start: 0, end: 0, speaker: String::new(), last: String::new() }
    }

    fn cue(&mut self, start: u64, end: u64, cue: &str) -> Result<(), ParseError> {
        let (speaker, said) = plain(cue);
        // Captions made live repeat the line above.
        if said.is_empty() || said == self.last {
            return Ok(());
        }
        self.end = self.end.max(end);
        let changes = speaker.as_ref().is_some_and(|speaker| *speaker != self.speaker);
        if changes || start.saturating_sub(self.start) >= PARAGRAPH_SECONDS {
            self.flush()?;
            self.start = start;
        }
        if let (Some(speaker), true) = (&speaker, changes) {
            self.text.push_str(&format!("{speaker}: "));
            self.speaker.clone_from(speaker);
        } else if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&said);
        self.last = said;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParseError> {
        self.writer.push(BlockKind::Paragraph, &std::mem::take(&mut self.text))
    }

    fn finish(mut self) -> Result<Parsed, ParseError> {
        self.flush()?;
        let mut parsed = self.writer.finish();
        let (minutes, seconds) = (self.end / 60, self.end % 60);
        parsed.metadata.insert("duration".to_owned(), format!("{minutes}:{seconds:02}"));
        Ok(parsed)
    }
}

/// The text of a cue without its marks, and who says it.
fn plain(cue: &str) -> (Option<String>, String) {
    let mut speaker = None;
    let mut said = String::with_capacity(cue.len());
    let mut rest = cue;
    while let Some((before, after)) = rest.split_once(['<', '{']) {
        said.push_str(before);
        let opened = rest.as_bytes().get(before.len()).copied();
        let close = if opened == Some(b'<') { '>' } else { '}' };
        let is_mark = if opened == Some(b'<') {
            after.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '/')
        } else {
            after.starts_with('\\')
        };
        // A mark is short; looking for its end further on would cost the square of a long text.
        let end = after.char_indices().take(500).find(|(_, letter)| *letter == close).map(|(at, _)| at);
        match end.filter(|_| is_mark).and_then(|at| after.split_at_checked(at)) {
            Some((mark, tail)) => {
                let tail = tail.get(1..).unwrap_or_default();
                let voice = mark.strip_prefix("v").and_then(|voice| voice.split_once(' '));
                if let Some((_, name)) = voice.filter(|_| opened == Some(b'<')) {
                    speaker = Some(one_line(name));
                }
                rest = tail;
            }
            None => {
                said.push_str(rest.get(before.len()..before.len() + 1).unwrap_or_default());
                rest = after;
            }
        }
    }
    said.push_str(rest);
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&lrm;", ""), ("&rlm;", ""), ("&amp;", "&")];
    let said = entities.iter().fold(said, |text, (from, to)| text.replace(from, to));
    (speaker, one_line(&said))
}
