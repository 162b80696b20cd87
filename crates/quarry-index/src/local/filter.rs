//! Filters on metadata as terms of the lexical index.
//!
//! A value becomes the term `field 0 tag value`: numbers as eight bytes in the order of the numbers, text as its
//! UTF-8. So equality is one term, and a range is a range of terms. A field that has a value at all also has the
//! term `field 0` with the tag of presence. Field names hold no zero byte, so no field's terms run into another's.

use std::ops::Bound;

use quarry_core::{Filter, Metadata, Value};
use tantivy::{
    Term,
    query::{AllQuery, BooleanQuery, EmptyQuery, InvertedIndexRangeQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption},
};

const PRESENT: u8 = 0;
const BOOL: u8 = 1;
const NUMBER: u8 = 2;
const TEXT: u8 = 3;

/// The terms of one document's metadata.
pub fn terms(metadata: &Metadata) -> Vec<Vec<u8>> {
    let mut terms = Vec::new();
    for (field, value) in metadata {
        let mut present = false;
        for scalar in value.scalars() {
            present = true;
            terms.extend(term(field, scalar));
        }
        if present {
            terms.push(start(field, PRESENT));
        }
    }
    terms
}

fn start(field: &str, tag: u8) -> Vec<u8> {
    let mut term = Vec::with_capacity(field.len() + 10);
    term.extend_from_slice(field.as_bytes());
    term.extend_from_slice(&[0, tag]);
    term
}

/// `None` for what equals nothing: a list, or the number that is none.
fn term(field: &str, value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bool(truth) => {
            let mut term = start(field, BOOL);
            term.push(u8::from(*truth));
            Some(term)
        }
        Value::Number(number) if number.is_nan() => None,
        Value::Number(number) => {
            let mut term = start(field, NUMBER);
            term.extend_from_slice(&ordered(*number).to_be_bytes());
            Some(term)
        }
        Value::Text(text) => {
            let mut term = start(field, TEXT);
            term.extend_from_slice(text.as_bytes());
            Some(term)
        }
        Value::List(_) => None,
    }
}

/// Bits that sort as the numbers do; both zeros are one.
fn ordered(number: f64) -> u64 {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The query that finds the chunks a filter means.
pub fn compile(field: Field, filter: &Filter) -> Box<dyn Query> {
    let parts = |parts: &[Filter]| parts.iter().map(|part| compile(field, part)).collect::<Vec<_>>();
    match filter {
        Filter::And(all) if all.is_empty() => Box::new(AllQuery),
        Filter::And(all) => Box::new(BooleanQuery::intersection(parts(all))),
        Filter::Or(any) if any.is_empty() => Box::new(EmptyQuery),
        Filter::Or(any) => Box::new(BooleanQuery::union(parts(any))),
        Filter::Not(part) => Box::new(BooleanQuery::new(vec![
            (Occur::Must, Box::new(AllQuery)),
            (Occur::MustNot, compile(field, part)),
        ])),
        Filter::Eq(eq) => exact(field, term(&eq.field, &eq.value)),
        Filter::In(within) => any_of(
            within
                .values
                .iter()
                .filter_map(|value| term(&within.field, value))
                .map(|t| exact(field, Some(t)))
                .collect(),
        ),
        Filter::Range(range) => compile_range(field, range),
        Filter::Exists(presence) => exact(field, Some(start(&presence.field, PRESENT))),
    }
}

fn any_of(queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    if queries.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::union(queries)) }
}

fn exact(field: Field, term: Option<Vec<u8>>) -> Box<dyn Query> {
    match term {
        Some(term) => {
            Box::new(TermQuery::new(Term::from_field_bytes(field, &term), IndexRecordOption::Basic))
        }
        None => Box::new(EmptyQuery),
    }
}

fn compile_range(field: Field, range: &quarry_core::filter::Range) -> Box<dyn Query> {
    let Some((_, first)) = range.bounds().next() else {
        return exact(field, Some(start(&range.field, PRESENT)));
    };
    let tag = match first {
        Value::Number(_) => NUMBER,
        Value::Text(_) => TEXT,
        Value::Bool(_) | Value::List(_) => return Box::new(EmptyQuery),
    };
    let (mut low, mut high) =
        (Bound::Included(start(&range.field, tag)), Bound::Excluded(start(&range.field, tag + 1)));
    for (name, bound) in range.bounds() {
        let matching = matches!((tag, bound), (NUMBER, Value::Number(_)) | (TEXT, Value::Text(_)));
        let Some(term) = term(&range.field, bound).filter(|_| matching) else { return Box::new(EmptyQuery) };
        match name {
            "gt" => low = later(low, Bound::Excluded(term)),
            "gte" => low = later(low, Bound::Included(term)),
            "lt" => high = earlier(high, Bound::Excluded(term)),
            _ => high = earlier(high, Bound::Included(term)),
        }
    }
    let key = |bound: Bound<Vec<u8>>| bound.map(|term| Term::from_field_bytes(field, &term));
    let crossed = match (&low, &high) {
        (Bound::Included(low), Bound::Included(high)) => low > high,
        (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => {
            low >= high
        }
        _ => false,
    };
    if crossed { Box::new(EmptyQuery) } else { Box::new(InvertedIndexRangeQuery::new(key(low), key(high))) }
}

/// The bound that leaves less above it.
fn later(left: Bound<Vec<u8>>, right: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    let rank = |bound: &Bound<Vec<u8>>| match bound {
        Bound::Included(term) => (term.clone(), 0),
        Bound::Excluded(term) => (term.clone(), 1),
        Bound::Unbounded => (Vec::new(), 0),
    };
    if rank(&left) >= rank(&right) { left } else { right }
}

/// The bound that leaves less below it.
fn earlier(left: Bound<Vec<u8>>, right: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    let rank = |bound: &Bound<Vec<u8>>| match bound {
        Bound::Included(term) => (term.clone(), 1),
        Bound::Excluded(term) => (term.clone(), 0),
        Bound::Unbounded => (vec![u8::MAX], 1),
    };
    if rank(&left) <= rank(&right) { left } else { right }
}

#[cfg(test)]
mod tests {
    use super::ordered;

    #[test]
    fn numbers_keep_their_order() {
        let numbers = [
            f64::NEG_INFINITY,
            -1e300,
            -2.5,
            -1.0,
            -f64::MIN_POSITIVE,
            0.0,
            1e-300,
            1.0,
            2.0,
            1e300,
            f64::INFINITY,
        ];
        for pair in numbers.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
        assert_eq!(ordered(0.0), ordered(-0.0));
    }
}
