//! Lists of somebody who does not see all of a tenant's collections.

use std::collections::BTreeSet;

use quarry_core::CollectionId;

use crate::sql::{Arg, Dialect};

/// The collections that exist for whoever asks; none for all of the tenant.
pub type Reach = BTreeSet<CollectionId>;

/// ` AND column IN (...)` for those collections, whose parameter comes after the values there are.
pub(crate) fn within(
    dialect: Dialect,
    column: &str,
    reach: Option<&Reach>,
    values: &mut Vec<Arg<'_>>,
) -> String {
    let Some(reach) = reach else { return String::new() };
    values.push(Arg::from(dialect.ids(reach.iter().map(|id| id.uuid()))));
    let place = values.len();
    match dialect {
        Dialect::Sqlite => format!(" AND {column} IN (SELECT unhex(value) FROM json_each(${place}))"),
        Dialect::Postgres => format!(" AND {column} = ANY(${place}::uuid[])"),
    }
}
