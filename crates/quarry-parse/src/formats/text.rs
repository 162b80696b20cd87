//! Plain text and source code.

use super::Input;
use crate::{Block, BlockKind, ParseError, Parsed, decode::decode};

/// Plain text as it is; a blank line ends a paragraph.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    check_length(&text, input)?;
    let blocks = paragraphs(&text, BlockKind::Paragraph, |_| true);
    Ok(Parsed { text, blocks, ..Parsed::default() })
}

/// Source code: a blank line before a line that is not indented ends a block, which keeps functions whole.
pub(super) fn read_code(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let text = decode(input.bytes, None);
    check_length(&text, input)?;
    let blocks = paragraphs(&text, BlockKind::Code, |line| {
        !line.starts_with([' ', '\t', '}', ')', ']']) && !line.starts_with("end")
    });
    Ok(Parsed { text, blocks, ..Parsed::default() })
}

fn check_length(text: &str, input: &Input<'_>) -> Result<(), ParseError> {
    // Bytes are at least as many as characters, so counting is needed only for long texts.
    if text.len() > input.limits.text_chars && text.chars().count() > input.limits.text_chars {
        return Err(ParseError::over("characters of text", input.limits.text_chars));
    }
    Ok(())
}

/// Blocks between blank lines, where `may_start` allows the line after them to start one.
pub(super) fn paragraphs(text: &str, kind: BlockKind, may_start: impl Fn(&str) -> bool) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut at, mut blank) = (0, true);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim_end();
        if content.is_empty() {
            blank = true;
            continue;
        }
        let end = start + content.len();
        match blocks.last_mut() {
            Some(last) if !(blank && may_start(content)) => last.range.end = end,
            _ => blocks.push(Block { kind, range: start..end, page: None }),
        }
        blank = false;
    }
    blocks
}
