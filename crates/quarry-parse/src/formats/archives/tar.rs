//! The headers of tar archives, read as a stream: of a compressed archive, nothing but the file at hand is in memory.

use std::io::Read;

use super::names::decode_one;
use crate::{ParseError, budget::Budget};

pub(super) const LABEL: &str = "tar archive";

const BLOCK: usize = 512;
/// Names longer than this are an attack.
const LONGEST_NAME: u64 = 64 << 10;

/// A file whose content comes next in the stream.
pub(super) struct File {
    pub name: String,
    pub size: u64,
}

/// An archive.
pub(super) struct Tar<'a, R> {
    stream: R,
    budget: &'a Budget,
}

impl<'a, R: Read> Tar<'a, R> {
    pub fn new(stream: R, budget: &'a Budget) -> Self {
        Self { stream, budget }
    }

    /// The next file; folders, links and devices are passed over.
    pub fn next(&mut self) -> Result<Option<File>, ParseError> {
        let mut long_name: Option<String> = None;
        loop {
            let mut header = [0_u8; BLOCK];
            if !self.fill(&mut header)? || header.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            self.budget.take_entries(1)?;
            let size = number(&header, 124..136)
                .ok_or_else(|| ParseError::damaged(LABEL, "a header has no size"))?;
            match header.get(156).copied().unwrap_or_default() {
                // Long names of GNU and of POSIX, before the header they belong to.
                b'L' => long_name = Some(decode_one(&trim(&self.content(size.min(LONGEST_NAME), size)?))),
                b'x' => {
                    let attributes = self.content(size.min(LONGEST_NAME), size)?;
                    long_name = path_of(&attributes).or(long_name);
                }
                0 | b'0' | b'7' => {
                    let name = long_name.take().unwrap_or_else(|| name(&header));
                    if name.ends_with('/') {
                        self.pass(size)?;
                        continue;
                    }
                    return Ok(Some(File { name, size }));
                }
                // Links and folders have no content, whatever their size says.
                b'1'..=b'6' => long_name = None,
                _ => self.pass(padded(size))?,
            }
        }
    }

    /// The content of the file that `next` gave.
    pub fn read(&mut self, file: &File) -> Result<Vec<u8>, ParseError> {
        if file.size > self.budget.bytes_left() {
            return Err(self.budget.over_bytes());
        }
        self.content(file.size, file.size)
    }

    /// Passes over the file that `next` gave.
    pub fn skip(&mut self, file: &File) -> Result<(), ParseError> {
        self.pass(padded(file.size))
    }

    /// The first `wanted` bytes of an entry of a size; the stream then stands behind the entry.
    fn content(&mut self, wanted: u64, size: u64) -> Result<Vec<u8>, ParseError> {
        let content = self.budget.read(self.stream.by_ref().take(wanted), LABEL)?;
        if (content.len() as u64) < wanted {
            return Err(ParseError::damaged(LABEL, "a file is cut off"));
        }
        self.pass(padded(size) - wanted)?;
        Ok(content)
    }

    fn pass(&mut self, count: u64) -> Result<(), ParseError> {
        let passed = std::io::copy(&mut self.stream.by_ref().take(count), &mut std::io::sink())
            .map_err(|error| ParseError::damaged(LABEL, error))?;
        self.budget.take_bytes(passed)
    }

    /// Whether a whole block could be read.
    fn fill(&mut self, block: &mut [u8; BLOCK]) -> Result<bool, ParseError> {
        let mut content = Vec::with_capacity(BLOCK);
        self.stream
            .by_ref()
            .take(BLOCK as u64)
            .read_to_end(&mut content)
            .map_err(|error| ParseError::damaged(LABEL, error))?;
        match content.as_slice().try_into() {
            Ok(whole) => {
                *block = whole;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

/// Content fills whole blocks.
fn padded(size: u64) -> u64 {
    size.div_ceil(BLOCK as u64).saturating_mul(BLOCK as u64)
}

/// A number in octal digits or, when it is too large for those, in bytes.
fn number(header: &[u8], range: std::ops::Range<usize>) -> Option<u64> {
    let field = header.get(range)?;
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        let low = field.get(field.len().checked_sub(8)?..)?;
        return Some(u64::from_be_bytes(low.try_into().ok()?) & (u64::MAX >> 1));
    }
    let digits: String =
        field.iter().map(|byte| char::from(*byte)).filter(|letter| letter.is_ascii_digit()).collect();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(&digits, 8).ok() }
}

fn trim(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take_while(|byte| *byte != 0).collect()
}

fn name(header: &[u8]) -> String {
    let field = |range: std::ops::Range<usize>| decode_one(&trim(header.get(range).unwrap_or_default()));
    let is_posix = header.get(257..263) == Some(b"ustar\0");
    let prefix = if is_posix { field(345..500) } else { String::new() };
    if prefix.is_empty() { field(0..100) } else { format!("{prefix}/{}", field(0..100)) }
}

/// The path among the attributes of a POSIX header: lines of a length, a key and a value.
fn path_of(attributes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(attributes);
    text.lines().find_map(|line| line.split_once(' ')?.1.strip_prefix("path=").map(str::to_owned))
}
