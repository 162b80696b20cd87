//! Identifiers: newtypes over UUIDv7, so that a document's id cannot be passed where a tenant's is meant, and so
//! that ids sort by creation time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id; later ids sort after earlier ones.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Wraps an id read from storage.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as storage keeps it.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// One customer, department or user whose data nobody else sees.
    TenantId,
    /// A set of documents that is searched together.
    CollectionId,
    /// One document, over all its versions.
    DocumentId,
    /// One unit of background work.
    JobId,
    /// One question that was asked.
    QueryId,
    /// One agent, over all its versions.
    AgentId,
    /// One conversation.
    SessionId,
    /// One run of an agent.
    RunId,
    /// One thing remembered about a user.
    FactId,
    /// One place whose documents are kept in sync.
    SourceId,
    /// One address that is told what happens.
    WebhookId,
    /// One message to such an address.
    DeliveryId,
    /// One key.
    KeyId,
    /// One person.
    UserId,
    /// Several people.
    GroupId,
}

impl TenantId {
    /// The tenant that exists from the first start.
    pub const ROOT: Self = Self(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
}
