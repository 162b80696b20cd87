//! Source code by its definitions, as indentation and blank lines show them. Knows no language.
//!
//! A definition starts at a line of the lowest indentation behind a blank line or behind deeper lines, and is not a
//! line that closes or continues something. One that is too long is cut by the definitions inside it, each of which
//! has its first line in its heading path.

use std::ops::Range;

use super::{ChunkSettings, Cut, pack, pieces, pieces::Piece, sections::heading};
use crate::{BlockKind, Parsed};

/// Whether a document is written line by line: source code, or plain text that may be some.
pub(super) fn suits(parsed: &Parsed) -> bool {
    parsed.blocks.iter().all(|block| matches!(block.kind, BlockKind::Code | BlockKind::Paragraph))
}

/// Definitions, the short ones joined, the long ones cut.
pub(super) fn cut(
    parsed: &Parsed,
    settings: &ChunkSettings,
    count: &dyn Fn(&str) -> usize,
) -> (Vec<Piece>, Vec<Cut>) {
    let pieces = pieces::lines(parsed, settings.max_tokens, count);
    let lines = pieces.iter().map(|piece| Line::of(parsed.text.get(piece.range.clone()).unwrap_or_default()));
    let code = Code { parsed, pieces: &pieces, lines: lines.collect(), max_tokens: settings.max_tokens };
    let mut cuts = Vec::new();
    let all = 0..pieces.len();
    // A file of one class: what is inside is inside of it.
    let single = code.tokens(&all) > settings.max_tokens && code.parts(all.clone()).len() < 2;
    let path: Vec<String> = code.name(&all).filter(|_| single).into_iter().collect();
    code.cut(all, &path, 0, &mut cuts);
    (pieces, cuts)
}

/// What the shape of a line says.
struct Line {
    indent: usize,
    /// It ends or continues what is above it.
    closes: bool,
    /// It says something about what is below it: a comment, an attribute, a decorator.
    leads: bool,
    /// Blank lines stand above it.
    gap: bool,
}

impl Line {
    fn of(text: &str) -> Self {
        const TAB: usize = 4;
        let content = text.trim_start();
        let above = text.get(..text.len() - content.len()).unwrap_or_default();
        let own = above.rsplit('\n').next().unwrap_or_default();
        let indent = own.chars().map(|letter| if letter == '\t' { TAB } else { 1 });
        let word = content.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        let closing = matches!(
            word,
            "end"
                | "else"
                | "elif"
                | "elsif"
                | "except"
                | "finally"
                | "catch"
                | "rescue"
                | "ensure"
                | "fi"
                | "done"
                | "esac"
        );
        Self {
            indent: indent.sum(),
            closes: closing || content.starts_with(['}', ')', ']', '{']),
            leads: content.starts_with(['#', '@', '*', '%'])
                || ["//", "/*", "--", ";;", "\"\"\""].iter().any(|mark| content.starts_with(mark)),
            gap: above.contains('\n'),
        }
    }
}

struct Code<'a> {
    parsed: &'a Parsed,
    pieces: &'a [Piece],
    lines: Vec<Line>,
    max_tokens: usize,
}

impl Code<'_> {
    fn cut(&self, range: Range<usize>, path: &[String], depth: usize, cuts: &mut Vec<Cut>) {
        // Deeper code says little by its shape, and recursion must end.
        const DEEPEST: usize = 8;
        let mut parts = self.parts(range.clone());
        if parts.len() < 2 && self.tokens(&range) > self.max_tokens {
            parts = self.inner(range.clone());
        }
        if parts.len() < 2 || depth > DEEPEST {
            self.fill(range, path, cuts);
            return;
        }
        // As with sections: what says little joins its neighbour, up to half a chunk.
        let (tiny, company) = (self.max_tokens / 6, self.max_tokens / 2);
        let mut open: Option<(Range<usize>, usize)> = None;
        for part in parts {
            let tokens = self.tokens(&part);
            open = match open {
                Some((last, sum)) if (sum < tiny || tokens < tiny) && sum + tokens <= company.max(1) => {
                    Some((last.start..part.end, sum + tokens))
                }
                Some((last, _)) => {
                    self.emit(last, path, depth, cuts);
                    Some((part, tokens))
                }
                None => Some((part, tokens)),
            };
        }
        if let Some((last, _)) = open {
            self.emit(last, path, depth, cuts);
        }
    }

    fn emit(&self, range: Range<usize>, path: &[String], depth: usize, cuts: &mut Vec<Cut>) {
        if self.tokens(&range) <= self.max_tokens {
            cuts.push(Cut { pieces: range, headings: path.to_vec(), window: None });
            return;
        }
        let mut path = path.to_vec();
        path.extend(self.name(&range));
        self.cut(range, &path, depth + 1, cuts);
    }

    /// Full chunks of lines where nothing shows a better place.
    fn fill(&self, range: Range<usize>, path: &[String], cuts: &mut Vec<Cut>) {
        let lines = self.pieces.get(range.clone()).unwrap_or_default();
        let settings =
            ChunkSettings { max_tokens: self.max_tokens, overlap_tokens: 0, ..ChunkSettings::default() };
        for part in pack::pack(lines, &settings) {
            let pieces = part.start + range.start..part.end + range.start;
            cuts.push(Cut { pieces, headings: path.to_vec(), window: None });
        }
    }

    fn tokens(&self, range: &Range<usize>) -> usize {
        self.pieces.get(range.clone()).unwrap_or_default().iter().map(|piece| piece.tokens).sum()
    }

    /// The definitions of the lowest indentation.
    fn parts(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let Some(lines) = self.lines.get(range.clone()) else { return Vec::new() };
        let lowest = lines.iter().filter(|line| !line.closes).map(|line| line.indent).min().unwrap_or(0);
        let starts = lines.windows(2).enumerate().filter(|(_, pair)| match pair {
            [before, line] => {
                let level = line.indent <= lowest && !line.closes;
                // A comment stays with what it is about, across nothing but its own line end.
                level && (line.gap || ((before.indent > lowest || before.closes) && !before.leads))
            }
            _ => false,
        });
        tile(range.clone(), starts.map(|(index, _)| range.start + index + 1))
    }

    /// The parts of the body of a single definition; its first line goes with the first of them.
    fn inner(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let head = self.head(&range);
        let mut parts = self.parts(head + 1..range.end);
        if let Some(first) = parts.first_mut() {
            first.start = range.start;
        }
        parts
    }

    /// The line that says what is defined: the first that is no comment.
    fn head(&self, range: &Range<usize>) -> usize {
        let lines = self.lines.get(range.clone()).unwrap_or_default();
        range.start + lines.iter().position(|line| !line.leads && !line.closes).unwrap_or(0)
    }

    fn name(&self, range: &Range<usize>) -> Option<String> {
        let head = self.head(range);
        let indent = self.lines.get(head)?.indent;
        let body = self.lines.get(head + 1..range.end.min(head + 4)).unwrap_or_default();
        // A list of imports has no name.
        body.iter().find(|line| line.indent > indent)?;
        let line = heading(self.parsed, self.pieces.get(head)?.range.clone());
        let name = line.trim_end_matches(['{', ':', '(', ' ']);
        (!name.is_empty()).then(|| name.to_owned())
    }
}

/// The ranges between places; they tile the whole.
fn tile(range: Range<usize>, starts: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut from = range.start;
    for start in starts.chain([range.end]) {
        if from < start {
            parts.push(from..start);
        }
        from = start;
    }
    parts
}
