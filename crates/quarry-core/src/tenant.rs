//! Tenants, their collections, and the scope an index call is confined to.

use serde::{Deserialize, Serialize};

use crate::{
    chunking::Chunking,
    clock::Timestamp,
    id::{CollectionId, TenantId},
};

/// A collection's name: 1 to 64 of `a-z`, `0-9`, `-` and `_`, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CollectionName(String);

/// Why a text is not a collection's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a collection name: use 1 to 64 lower-case letters, digits, `-` or `_`, starting with a letter or digit"
)]
pub struct NameError(pub String);

impl CollectionName {
    /// The collection used when none is named.
    #[must_use]
    pub fn fallback() -> Self {
        Self("default".to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CollectionName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = text.as_bytes();
        let starts = bytes.first().is_some_and(u8::is_ascii_alphanumeric);
        let body = bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'));
        if starts && body && bytes.len() <= 64 { Ok(Self(text)) } else { Err(NameError(text)) }
    }
}

impl std::str::FromStr for CollectionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl From<CollectionName> for String {
    fn from(name: CollectionName) -> Self {
        name.0
    }
}

impl std::fmt::Display for CollectionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A set of documents that is searched together, with the embedder its vectors came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Whose it is.
    #[serde(skip, default = "root")]
    pub tenant: TenantId,
    /// Its name, unique in the tenant.
    pub name: CollectionName,
    /// What it is for, in the words of who made it.
    pub description: String,
    /// The embedder's id; every vector of the collection comes from it until a rebuild.
    pub embedder: String,
    /// Numbers in one vector.
    pub dimension: u32,
    /// How its documents are cut; absent for the server's default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chunking: Option<Chunking>,
    /// Which generation of the index answers.
    pub generation: u32,
    /// Which of its chunks answer: a generation that was cut anew has chunks of its own.
    #[serde(skip, default)]
    pub chunk_set: u32,
    /// The last change's number; an index that has applied it is up to date.
    pub sequence: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

const fn root() -> TenantId {
    TenantId::ROOT
}

impl Collection {
    /// The scope of its present index.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        Scope { tenant: self.tenant, collection: self.id, generation: self.generation }
    }
}

/// What an index call is confined to: one generation of one collection of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Whose data.
    pub tenant: TenantId,
    /// Which collection.
    pub collection: CollectionId,
    /// Which generation of its index.
    pub generation: u32,
}

#[cfg(test)]
mod tests {
    use super::CollectionName;

    #[test]
    fn names_are_checked() {
        for good in ["a", "default", "2024-reports", "a_b"] {
            assert!(good.parse::<CollectionName>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a b", "a/b", "..", &"a".repeat(65), "ü"] {
            assert!(bad.parse::<CollectionName>().is_err(), "{bad}");
        }
    }
}
