//! Chunks: the pieces of a document that are found and cited.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::id::DocumentId;

/// A range of characters (Unicode scalar values, not bytes) in a document's parsed text, end exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// What a chunk mostly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkKind {
    /// Running text.
    Prose,
    /// Items of a list.
    List,
    /// Rows of a table.
    Table,
    /// Source code.
    Code,
}

impl ChunkKind {
    /// Its name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prose => "prose",
            Self::List => "list",
            Self::Table => "table",
            Self::Code => "code",
        }
    }
}

impl FromStr for ChunkKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Prose, Self::List, Self::Table, Self::Code]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a kind of chunk"))
    }
}

/// A chunk's public id: its document, the document's version and its place there, as `<document>.<version>.<ordinal>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkRef {
    /// Whose chunk.
    pub document: DocumentId,
    /// Of which version, from 1.
    pub version: u32,
    /// Its place, from 0.
    pub ordinal: u32,
}

impl fmt::Display for ChunkRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.document, self.version, self.ordinal)
    }
}

impl FromStr for ChunkRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a chunk id: expected `<document>.<version>.<ordinal>`");
        let mut parts = text.split('.');
        let (Some(document), Some(version), Some(ordinal), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(Self {
            document: document.parse().map_err(|_| wrong())?,
            version: version.parse().map_err(|_| wrong())?,
            ordinal: ordinal.parse().map_err(|_| wrong())?,
        })
    }
}

impl Serialize for ChunkRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChunkRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::ChunkRef;
    use crate::id::DocumentId;

    #[test]
    fn a_chunk_id_survives_text() {
        let id = ChunkRef { document: DocumentId::new(), version: 3, ordinal: 14 };
        assert_eq!(id.to_string().parse::<ChunkRef>().unwrap(), id);
        assert!("x.1.2".parse::<ChunkRef>().is_err());
        assert!(format!("{id}.1").parse::<ChunkRef>().is_err());
    }
}
