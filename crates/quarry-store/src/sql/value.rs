//! Values that go into statements and come out of rows, the same for both drivers.

use std::borrow::Cow;

use quarry_core::{
    AgentId, CollectionId, DeliveryId, DocumentId, FactId, GroupId, JobId, KeyId, QueryId, RunId, SessionId,
    SourceId, TenantId, Timestamp, UserId, WebhookId,
};
use sqlx::{
    Row as _,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use crate::error::StoreError;

/// A parameter of a statement. Absent values keep their type, since PostgreSQL wants to know it.
#[derive(Clone, Debug)]
pub(crate) enum Arg<'a> {
    Int(Option<i64>),
    Real(Option<f64>),
    Text(Option<Cow<'a, str>>),
    Bytes(Option<Cow<'a, [u8]>>),
    Id(Option<Uuid>),
}

/// A list of parameters from anything that can be one.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Arg::from($value)),*] };
}
pub(crate) use args;

macro_rules! arg_from {
    ($($kind:ty => |$value:ident| $make:expr),+ $(,)?) => {$(
        impl<'a> From<$kind> for Arg<'a> {
            fn from($value: $kind) -> Self {
                $make
            }
        }
    )+};
}

arg_from! {
    i64 => |value| Self::Int(Some(value)),
    u32 => |value| Self::Int(Some(i64::from(value))),
    u64 => |value| Self::Int(Some(clamp(value))),
    usize => |value| Self::Int(Some(clamp(value as u64))),
    Option<i64> => |value| Self::Int(value),
    Option<u32> => |value| Self::Int(value.map(i64::from)),
    Option<u64> => |value| Self::Int(value.map(clamp)),
    bool => |value| Self::Int(Some(i64::from(value))),
    f64 => |value| Self::Real(Some(value)),
    Timestamp => |value| Self::Int(Some(value.micros())),
    Option<Timestamp> => |value| Self::Int(value.map(Timestamp::micros)),
    &'a str => |value| Self::Text(Some(Cow::Borrowed(value))),
    &'a String => |value| Self::Text(Some(Cow::Borrowed(value))),
    String => |value| Self::Text(Some(Cow::Owned(value))),
    Option<String> => |value| Self::Text(value.map(Cow::Owned)),
    Option<&'a str> => |value| Self::Text(value.map(Cow::Borrowed)),
    &'a [u8] => |value| Self::Bytes(Some(Cow::Borrowed(value))),
    Vec<u8> => |value| Self::Bytes(Some(Cow::Owned(value))),
    Option<&'a [u8]> => |value| Self::Bytes(value.map(Cow::Borrowed)),
    Uuid => |value| Self::Id(Some(value)),
    TenantId => |value| Self::Id(Some(value.uuid())),
    CollectionId => |value| Self::Id(Some(value.uuid())),
    DocumentId => |value| Self::Id(Some(value.uuid())),
    JobId => |value| Self::Id(Some(value.uuid())),
    QueryId => |value| Self::Id(Some(value.uuid())),
    AgentId => |value| Self::Id(Some(value.uuid())),
    SessionId => |value| Self::Id(Some(value.uuid())),
    FactId => |value| Self::Id(Some(value.uuid())),
    RunId => |value| Self::Id(Some(value.uuid())),
    SourceId => |value| Self::Id(Some(value.uuid())),
    WebhookId => |value| Self::Id(Some(value.uuid())),
    DeliveryId => |value| Self::Id(Some(value.uuid())),
    KeyId => |value| Self::Id(Some(value.uuid())),
    UserId => |value| Self::Id(Some(value.uuid())),
    GroupId => |value| Self::Id(Some(value.uuid())),
    Option<KeyId> => |value| Self::Id(value.map(KeyId::uuid)),
    Option<UserId> => |value| Self::Id(value.map(UserId::uuid)),
    Option<DocumentId> => |value| Self::Id(value.map(DocumentId::uuid)),
    Option<AgentId> => |value| Self::Id(value.map(AgentId::uuid)),
    Option<SessionId> => |value| Self::Id(value.map(SessionId::uuid)),
    Option<RunId> => |value| Self::Id(value.map(RunId::uuid)),
    Option<JobId> => |value| Self::Id(value.map(JobId::uuid)),
    Option<CollectionId> => |value| Self::Id(value.map(CollectionId::uuid)),
}

fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn for_sqlite(args: Vec<Arg<'_>>) -> Result<SqliteArguments, StoreError> {
    use sqlx::Arguments as _;
    let mut out = SqliteArguments::default();
    out.reserve(args.len(), 0);
    for arg in args {
        match arg {
            Arg::Int(value) => out.add(value),
            Arg::Real(value) => out.add(value),
            Arg::Text(value) => out.add(value.map(Cow::into_owned)),
            Arg::Bytes(value) => out.add(value.map(Cow::into_owned)),
            Arg::Id(value) => out.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

pub(crate) fn for_postgres(args: Vec<Arg<'_>>) -> Result<PgArguments, StoreError> {
    use sqlx::Arguments as _;
    let mut out = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(value) => out.add(value),
            Arg::Real(value) => out.add(value),
            // PostgreSQL has no zero character; the replacement keeps character positions as they are.
            Arg::Text(Some(text)) if text.contains('\0') => out.add(Some(text.replace('\0', "\u{fffd}"))),
            Arg::Text(value) => out.add(value.as_deref()),
            Arg::Bytes(value) => out.add(value.as_deref()),
            Arg::Id(value) => out.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

/// A row of either driver. Columns are numbered from 0 as the query lists them.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident => $kind:ty),+ $(,)?) => {$(
        $(#[$doc])*
        pub(crate) fn $name(&self, column: usize) -> Result<$kind, StoreError> {
            match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            }
            .map_err(StoreError::from)
        }
    )+};
}

impl Row {
    getters! {
        int => i64,
        opt_int => Option<i64>,
        real => f64,
        text => String,
        opt_text => Option<String>,
        bytes => Vec<u8>,
        opt_bytes => Option<Vec<u8>>,
        id => Uuid,
        opt_id => Option<Uuid>,
    }

    /// A number that is never negative.
    pub(crate) fn big(&self, column: usize) -> Result<u64, StoreError> {
        let value = self.int(column)?;
        u64::try_from(value).map_err(|_| StoreError::Unreadable(format!("{value} is negative")))
    }

    /// A small number that is never negative.
    pub(crate) fn small(&self, column: usize) -> Result<u32, StoreError> {
        let value = self.int(column)?;
        u32::try_from(value).map_err(|_| StoreError::Unreadable(format!("{value} is out of range")))
    }

    /// A small number that may be absent.
    pub(crate) fn opt_small(&self, column: usize) -> Result<Option<u32>, StoreError> {
        self.opt_int(column)?.map(|_| self.small(column)).transpose()
    }

    /// A moment.
    pub(crate) fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_micros)
    }

    /// A moment that may be absent.
    pub(crate) fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_micros))
    }

    /// JSON kept as text.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|cause| StoreError::Unreadable(cause.to_string()))
    }

    /// JSON kept as text that may be absent.
    pub(crate) fn opt_json<T: serde::de::DeserializeOwned>(
        &self,
        column: usize,
    ) -> Result<Option<T>, StoreError> {
        self.opt_text(column)?.map(|_| self.json(column)).transpose()
    }

    /// A word of a closed set.
    pub(crate) fn word<T: std::str::FromStr<Err = String>>(&self, column: usize) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(StoreError::Unreadable)
    }
}

/// JSON as text for a column.
pub(crate) fn json_text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|cause| StoreError::Unreadable(cause.to_string()))
}
