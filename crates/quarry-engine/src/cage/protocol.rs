//! What goes over a child's pipes: frames, each its length in four bytes and then its content.
//!
//! First the child says what it is. To the child: the head of a document, then its bytes. From the child: what the parser said. Neither side believes a
//! length beyond what it expects.

use std::io::{self, Read, Write};

use quarry_parse::{Limits, ParseError, Parsed};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest head in bytes: names and media types are short.
pub(super) const MOST_HEAD: u64 = 64 * 1024;

/// What a child says of itself before anything else.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Its version: a keeper whose program was replaced under it must not guess what the new one means.
    pub(super) version: String,
    /// Whether it could give up files, the network and other programs.
    pub(super) confined: bool,
}

impl Hello {
    pub(super) fn new(confined: bool) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").to_owned(), confined }
    }
}

/// What a child is told of a document before its bytes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) media_type: Option<String>,
    pub(super) password: Option<String>,
    pub(super) limits: Limits,
    /// Processor time from now on.
    pub(super) cpu_seconds: u64,
}

/// What a child answers.
pub(super) type Answer = Result<Parsed, ParseError>;

/// A value as a frame.
pub(super) fn frame<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let content = postcard::to_stdvec(value).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(content.len() + 4);
    frame.extend(length(content.len())?);
    frame.extend(content);
    Ok(frame)
}

/// The four bytes before a content.
pub(super) fn length(bytes: usize) -> io::Result<[u8; 4]> {
    u32::try_from(bytes).map(u32::to_le_bytes).map_err(io::Error::other)
}

/// The next frame; none at the end of the stream.
pub(super) fn read(from: &mut impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u64::from(u32::from_le_bytes(length));
    if length > most {
        return Err(io::Error::other("a frame is longer than it may be"));
    }
    let mut content = Vec::new();
    from.take(length).read_to_end(&mut content)?;
    if (content.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(content))
}

/// Writes a frame and sends it off.
pub(super) fn write<T: Serialize>(to: &mut impl Write, value: &T) -> io::Result<()> {
    to.write_all(&frame(value)?)?;
    to.flush()
}

/// What came of waiting for a frame.
pub(super) enum Came {
    /// Its content.
    Whole(Vec<u8>),
    /// It says it is longer than it may be.
    TooLong,
}

/// The next frame, from the other side.
pub(super) async fn receive(from: &mut (impl AsyncRead + Unpin), most: u64) -> io::Result<Came> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > most {
        return Ok(Came::TooLong);
    }
    let mut content = Vec::new();
    from.take(length).read_to_end(&mut content).await?;
    if (content.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Came::Whole(content))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_parse::{ParseError, Parsed};

    use super::{Answer, frame, read};

    #[test]
    fn answers_come_back_as_they_were() {
        let parsed = Parsed { text: "caf\u{e9}".to_owned(), pages: Some(3), ..Parsed::default() };
        for answer in [Ok(parsed), Err(ParseError::Empty)] {
            let frame = frame(&answer).unwrap();
            let content = read(&mut frame.as_slice(), 1_000).unwrap().unwrap();
            let back: Answer = postcard::from_bytes(&content).unwrap();
            assert_eq!(back, answer);
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        assert!(read(&mut [0xff, 0xff, 0xff, 0xff, 1].as_slice(), 1_000).is_err());
        assert!(read(&mut [9, 0, 0, 0, 1].as_slice(), 1_000).is_err());
        assert!(read(&mut [].as_slice(), 1_000).unwrap().is_none());
    }
}
