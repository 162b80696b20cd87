use quarry_core::{Fault, Filter, Value};
use quarry_engine::{Mode, SearchRequest};

use crate::world::{World, access, collection, found, put, stop, upload};

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_in_every_mode() {
    let world = World::new();
    let engine = world.engine().await;
    let mut uploads = Vec::new();
    for year in 2020..2026 {
        let mut next = upload(&format!("report-{year}"), "The annual report describes revenue and profit.");
        next.metadata.insert("year".to_owned(), Value::Number(f64::from(year)));
        next.bytes = format!("The annual report of {year} describes revenue and profit.").into();
        uploads.push(next);
    }
    put(&engine, uploads).await;
    let filter: Filter = serde_json::from_str(r#"{"range": {"field": "year", "gte": 2024}}"#).unwrap();
    for mode in [Mode::Hybrid, Mode::Lexical, Mode::Dense] {
        let mut request = SearchRequest::new(collection(), "annual revenue report");
        request.mode = mode;
        request.filter = Some(filter.clone());
        let response = engine.search(&access(), request).await.unwrap();
        let mut sources: Vec<_> = response.hits.iter().map(|hit| hit.source.as_str()).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["report-2024", "report-2025"], "{mode:?}");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_accounts_for_the_whole_score() {
    let world = World::new();
    let engine = world.engine().await;
    put(
        &engine,
        vec![upload("a", "Otters swim."), upload("b", "Otters sleep on rivers."), upload("c", "Snow.")],
    )
    .await;
    let mut request = SearchRequest::new(collection(), "otters rivers");
    request.explain = true;
    let response = engine.search(&access(), request).await.unwrap();
    assert_eq!(response.hits[0].source, "b");
    for hit in &response.hits {
        let explain = hit.explain.as_ref().unwrap();
        let sum: f32 = explain.features.iter().map(|share| share.share).sum();
        assert!((sum - hit.score).abs() < 1e-3, "{sum} is not {}", hit.score);
    }
    assert_eq!(response.hits[0].explain.as_ref().unwrap().lexical.unwrap().rank, 1);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widened_hit_is_exactly_its_span_of_the_parsed_text() {
    let world = World::new();
    let engine = world.engine().await;
    let paragraph =
        |word: &str| format!("{word} paragraph. {}", format!("The {word} matter is long. ").repeat(90));
    let text = ["first", "second", "third"].map(paragraph).join("\n\n");
    let documents = put(&engine, vec![upload("long", &text)]).await;
    assert!(documents[0].chunks >= 3);
    let mut request = SearchRequest::new(collection(), "second matter");
    request.widen = 1;
    request.k = 1;
    let hit = engine.search(&access(), request).await.unwrap().hits.remove(0);
    let whole = engine.documents().text(&access(), documents[0].id).await.unwrap();
    let expected: String =
        whole.chars().skip(hit.span.start as usize).take((hit.span.end - hit.span.start) as usize).collect();
    assert_eq!(hit.text, expected);
    assert!(hit.text.len() > 3_000);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_searches_say_what_is_wrong_and_where() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("a", "x marks the spot")]).await;
    let request = |change: &dyn Fn(&mut SearchRequest)| {
        let mut request = SearchRequest::new(collection(), "spot");
        change(&mut request);
        request
    };
    let bad_filter: Filter = serde_json::from_str(r#"{"eq": {"field": "a b", "value": 1}}"#).unwrap();
    let cases = [
        (request(&|request| request.query = "  ".to_owned()), "invalid_query", "/query"),
        (request(&|request| request.k = 0), "invalid_query", "/k"),
        (request(&|request| request.diversity = 2.0), "invalid_query", "/diversity"),
        (request(&|request| request.widen = 99), "invalid_query", "/widen"),
        (request(&|request| request.filter = Some(bad_filter.clone())), "invalid_filter", "/filter/eq/field"),
    ];
    for (request, code, pointer) in cases {
        let error = engine.search(&access(), request).await.unwrap_err();
        assert_eq!((error.code(), error.pointer().as_deref()), (code, Some(pointer)));
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_in_the_history_and_can_be_erased() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("a", "Granite is hard.")]).await;
    found(&engine, "granite").await;
    let listed = engine.history().list(&access(), None, &quarry_core::PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].question, "granite");
    assert_eq!(listed.items[0].hits.as_array().map(Vec::len), Some(1));
    engine.history().erase(&access(), listed.items[0].id).await.unwrap();
    let error = engine.history().get(&access(), listed.items[0].id).await.unwrap_err();
    assert_eq!(error.code(), "history_not_found");
    stop(engine).await;
}
