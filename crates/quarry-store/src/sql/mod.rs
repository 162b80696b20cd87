//! The little that stands between our queries and the two drivers: values in, rows out, transactions, migrations.
//!
//! Each query is written once, with `$1` parameters. What differs between the databases is in [`dialect`].

pub(crate) mod connections;
pub(crate) mod database;
pub(crate) mod dialect;
pub(crate) mod migrate;
pub(crate) mod value;

pub(crate) use database::{Database, Session};
pub(crate) use dialect::Dialect;
pub(crate) use value::{Arg, Row, args};
