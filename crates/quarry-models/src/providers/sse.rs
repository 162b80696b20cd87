//! A reader of server-sent events: bytes in, whole events out.
//!
//! It follows the standard (line ends `\n`, `\r\n` and `\r`; comments; several `data` lines; a leading byte order mark)
//! and bounds what one event may take, so that a server that never ends a line cannot fill the memory. It does not
//! decode: data is bytes, and whoever parses it decides what is malformed.
//!
//! Invariant, held by `any_split_of_the_bytes_gives_the_same_events`: how the bytes are cut on their way is not seen.

/// Bytes of an event's name that are kept; names in use are a word long.
const LONGEST_NAME: usize = 256;

/// One event, borrowed from the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// Its `event` field; empty where it has none.
    pub name: &'a [u8],
    /// Its `data` lines, joined by `\n`.
    pub data: &'a [u8],
}

/// An event, or one of its lines, is larger than the reader allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {limit} bytes")]
pub struct SseTooLarge {
    /// The most bytes of an event.
    pub limit: usize,
}

/// Reads a stream of events piece by piece.
#[derive(Clone, Debug)]
pub struct SseReader {
    limit: usize,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    name: Vec<u8>,
    /// The last piece ended in `\r`: a `\n` that begins the next one belongs to it.
    after_return: bool,
    at_start: bool,
}

impl SseReader {
    /// A reader that takes events of up to `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            name: Vec::new(),
            after_return: false,
            at_start: true,
        }
    }

    /// Takes a piece and hands over each event that it completes.
    ///
    /// # Errors
    /// [`SseTooLarge`]; the reader is of no use afterwards.
    pub fn push(&mut self, piece: &[u8], mut each: impl FnMut(SseEvent<'_>)) -> Result<(), SseTooLarge> {
        let mut rest = piece;
        if self.after_return && !rest.is_empty() {
            self.after_return = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, tail) = rest.split_at(end);
            rest = match tail {
                [b'\r', b'\n', next @ ..] | [_, next @ ..] => next,
                [] => tail,
            };
            self.after_return = tail == b"\r";
            if self.line.is_empty() {
                self.take(line, &mut each)?;
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                let taken = self.take(&whole, &mut each);
                // The buffer is kept, so that lines that come in two pieces do not allocate each time.
                whole.clear();
                self.line = whole;
                taken?;
            }
        }
        self.line.extend_from_slice(rest);
        self.check(self.line.len())
    }

    /// Data that came without the empty line that ends an event: nothing by the standard, but some servers close
    /// right behind their last line.
    #[must_use]
    pub fn unfinished(&self) -> &[u8] {
        if self.has_data {
            return &self.data;
        }
        match field(&self.line) {
            (b"data", value) => value,
            _ => &[],
        }
    }

    fn check(&self, line: usize) -> Result<(), SseTooLarge> {
        if self.data.len().saturating_add(line) > self.limit {
            return Err(SseTooLarge { limit: self.limit });
        }
        Ok(())
    }

    fn take(&mut self, line: &[u8], each: &mut impl FnMut(SseEvent<'_>)) -> Result<(), SseTooLarge> {
        self.check(line.len())?;
        let line = if self.at_start { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        self.at_start = false;
        if line.is_empty() {
            if self.has_data {
                each(SseEvent { name: &self.name, data: &self.data });
            }
            self.data.clear();
            self.name.clear();
            self.has_data = false;
            return Ok(());
        }
        match field(line) {
            (b"data", value) => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            (b"event", value) => {
                self.name.clear();
                self.name.extend_from_slice(value.get(..LONGEST_NAME).unwrap_or(value));
            }
            // `id` and `retry` steer a browser's reconnection; a comment has an empty name.
            _ => {}
        }
        Ok(())
    }
}

/// A line's field and its value without the one space that may stand before it.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return (line, &[]) };
    let (name, value) = line.split_at(colon);
    let value = value.strip_prefix(b":").unwrap_or(value);
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests;
