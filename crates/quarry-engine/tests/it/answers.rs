use quarry_engine::AnswerRequest;

use crate::world::{World, access, collection, put, stop, upload};

const DOCUMENTS: [(&str, &str); 4] = [
    (
        "bridge",
        "The Ostrava bridge is a road bridge. It was opened in 1931 by the mayor. Its length is 240 metres.",
    ),
    ("mill", "The paper mill burned down twice. Nobody was hurt. It was rebuilt with brick walls."),
    ("school", "The village school has four teachers. Lessons start at eight in the morning."),
    ("river", "The river floods every spring. Fishing is allowed from May to October."),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_quotes_the_sentence_exactly_where_it_stands() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, DOCUMENTS.iter().map(|(source, text)| upload(source, text)).collect()).await;
    let request = AnswerRequest::new(collection(), "When was the Ostrava bridge opened?");
    let answer = engine.answer(&access(), request).await.unwrap();
    assert!(answer.answered, "{answer:?}");
    // "It" needs the sentence before it.
    let expected = "The Ostrava bridge is a road bridge. It was opened in 1931 by the mayor.";
    assert!(answer.answer.starts_with(expected), "{}", answer.answer);
    assert!(answer.answer.contains("[1]"));
    for citation in &answer.citations {
        let text = engine.documents().text(&access(), citation.document_id).await.unwrap();
        let span = citation.span;
        let quoted: String =
            text.chars().skip(span.start as usize).take((span.end - span.start) as usize).collect();
        assert_eq!(quoted, citation.quote);
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_documents_do_not_say_is_not_answered() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, DOCUMENTS.iter().map(|(source, text)| upload(source, text)).collect()).await;
    for question in
        ["Which enzyme unwinds the DNA double helix?", "How do I restart a Kubernetes StatefulSet?"]
    {
        let answer = engine.answer(&access(), AnswerRequest::new(collection(), question)).await.unwrap();
        assert!(!answer.answered, "{question}: {answer:?}");
        assert_eq!(answer.answer, "The documents do not answer this.");
    }
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heading_is_no_part_of_a_quote() {
    let world = World::new();
    let engine = world.engine().await;
    let mut page =
        upload("library", "# Handbook\n\n## Reading room\n\nThe reading room has forty-two seats.\n");
    page.name = "library.md".to_owned();
    put(&engine, vec![page]).await;
    let request = AnswerRequest::new(collection(), "How many seats has the reading room?");
    let answer = engine.answer(&access(), request).await.unwrap();
    assert!(answer.answered, "{answer:?}");
    assert_eq!(answer.answer, "The reading room has forty-two seats. [1]");
    stop(engine).await;
}
