//! Conditions on metadata.

use utoipa::ToSchema;

/// True, false, a number or text.
#[derive(Clone, Debug, ToSchema)]
pub struct Scalar(pub serde_json::Value);

/// A condition on a document's metadata, with exactly one of these names.
///
/// A field with a list matches when one of its values does. `not` matches documents without the field too.
#[derive(Clone, Debug, ToSchema)]
#[allow(clippy::large_enum_variant, reason = "a shape for the document; no value of it is ever made")]
#[schema(rename_all = "snake_case", no_recursion, example = json!(
    {"and": [{"eq": {"field": "tags", "value": "finance"}}, {"range": {"field": "year", "gte": 2020}}]}
))]
pub enum Filter {
    /// All hold.
    And(Vec<Filter>),
    /// One holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The field has this value.
    Eq(Comparison),
    /// The field has one of these values.
    In(Membership),
    /// The field lies between bounds.
    Range(Range),
    /// The field is there.
    Exists(Presence),
}

/// A field and a value.
#[derive(Clone, Debug, ToSchema)]
pub struct Comparison {
    /// The field's name.
    pub field: String,
    /// True, false, a number or text.
    pub value: Scalar,
}

/// A field and the values it may have.
#[derive(Clone, Debug, ToSchema)]
pub struct Membership {
    /// The field's name.
    pub field: String,
    /// Single values.
    pub values: Vec<Scalar>,
}

/// A field and its bounds: at least one, all numbers or all text.
#[derive(Clone, Debug, ToSchema)]
pub struct Range {
    /// The field's name.
    pub field: String,
    /// Greater than.
    pub gt: Option<Scalar>,
    /// Greater than or equal.
    pub gte: Option<Scalar>,
    /// Less than.
    pub lt: Option<Scalar>,
    /// Less than or equal.
    pub lte: Option<Scalar>,
}

/// A field.
#[derive(Clone, Debug, ToSchema)]
pub struct Presence {
    /// The field's name.
    pub field: String,
}
