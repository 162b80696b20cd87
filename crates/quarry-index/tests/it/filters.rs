//! Filters select what `Filter::matches` says, whatever they are.

use std::sync::Arc;

use proptest::prelude::*;
use quarry_core::{
    DocumentId, Filter, Metadata, Value,
    filter::{Comparison, Membership, Presence, Range},
};
use quarry_index::{Index, IndexSettings, Search, testing::contract};

use crate::support::Local;

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "ab", "b", "a-b"]).prop_map(str::to_owned)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(vec![-1e9, -1.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 2024.0, 1e12])
            .prop_map(Value::Number),
        prop::sample::select(vec![
            "",
            "a",
            "aa",
            "b",
            "ä",
            "2024-01-01",
            "2024-06-30T10:00:00Z",
            "\u{10ffff}"
        ])
        .prop_map(Value::from),
    ]
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let value = prop_oneof![
        3 => scalar(),
        1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::List),
    ];
    prop::collection::btree_map(field(), value, 0..4)
}

fn filter() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        (field(), scalar()).prop_map(|(field, value)| Filter::Eq(Comparison { field, value })),
        (field(), prop::collection::vec(scalar(), 0..4))
            .prop_map(|(field, values)| Filter::In(Membership { field, values })),
        (field(), prop::collection::vec(prop::option::of(scalar()), 4)).prop_map(|(field, bounds)| {
            let [gt, gte, lt, lte] = bounds.try_into().unwrap();
            Filter::Range(Range { field, gt, gte, lt, lte })
        }),
        (field(), prop::sample::select(vec![-1.0, 0.0, 1.0, 2000.0])).prop_map(|(field, from)| {
            Filter::Range(Range { field, gte: Some(from.into()), ..Range::default() })
        }),
        (field(), prop::sample::select(vec!["a", "2024-02", "b"])).prop_map(|(field, to)| {
            Filter::Range(Range { field, lt: Some(to.into()), ..Range::default() })
        }),
        field().prop_map(|field| Filter::Exists(Presence { field })),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn filters_select_what_they_say(
        subjects in prop::collection::vec(metadata(), 1..30),
        filters in prop::collection::vec(filter(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let local = Local::new(IndexSettings::default());
            let scope = contract::scope();
            let chunks = subjects.iter().enumerate().map(|(place, metadata)| {
                let mut chunk = contract::chunk(place as u64, DocumentId::new(), &[7], Some(&[1.0, 0.5]));
                chunk.metadata = Arc::new(metadata.clone());
                chunk
            });
            local.index.apply(&scope, contract::adding(1, chunks.collect())).await.unwrap();
            local.index.commit(&scope).await.unwrap();
            for filter in &filters {
                let expected: Vec<u64> = (0..).zip(&subjects)
                    .filter(|(_, metadata)| filter.matches(metadata)).map(|(key, _)| key).collect();
                let stems = Search { stems: &[7], vector: None, filter: Some(filter), depth: 100, terms: true };
                let found = local.index.search(&scope, stems).await.unwrap();
                prop_assert_eq!(contract::keys(&found), expected.clone(), "{:?}", filter);
                let dense = Search { stems: &[], vector: Some(&[1.0, 0.0]), filter: Some(filter), depth: 100, terms: true };
                let found = local.index.search(&scope, dense).await.unwrap();
                prop_assert_eq!(contract::keys(&found), expected, "{:?}", filter);
            }
            Ok(())
        })?;
    }
}
