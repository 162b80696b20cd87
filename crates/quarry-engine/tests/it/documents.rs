use quarry_core::{DocumentStatus, ErrorKind, Fault, PageRequest};
use quarry_engine::AddOutcome;

use crate::world::{World, access, collection, found, put, stop, upload};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_found_after_it_is_ready_and_never_after_it_is_removed() {
    let world = World::new();
    let engine = world.engine().await;
    let ready =
        put(&engine, vec![upload("a", "The heron stands in shallow water and waits for fish.")]).await;
    assert_eq!(ready[0].status, DocumentStatus::Ready);
    assert_eq!(ready[0].chunks, 1);
    assert_eq!(found(&engine, "heron fish").await, ["a"]);

    engine.documents().remove(&access(), ready[0].id).await.unwrap();
    assert!(found(&engine, "heron fish").await.is_empty());
    let gone = engine.documents().get(&access(), ready[0].id).await.unwrap_err();
    assert_eq!((gone.kind(), gone.code()), (ErrorKind::NotFound, "document_not_found"));
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_no_work_and_other_bytes_replace() {
    let world = World::new();
    let engine = world.engine().await;
    put(&engine, vec![upload("a", "Copper melts at 1085 degrees.")]).await;
    let again = vec![upload("a", "Copper melts at 1085 degrees.")];
    let same = engine.documents().add(&access(), &collection(), again).await.unwrap();
    assert_eq!(same[0].outcome, AddOutcome::Unchanged);
    assert!(same[0].job_id.is_none());

    let replaced = put(&engine, vec![upload("a", "Tin melts at 232 degrees.")]).await;
    assert_eq!(replaced[0].version, 2);
    assert_eq!(found(&engine, "tin melts").await, ["a"]);
    let text = engine.documents().text(&access(), replaced[0].id).await.unwrap();
    assert_eq!(text, "Tin melts at 232 degrees.");
    let chunks = engine.documents().chunks(&access(), replaced[0].id, &PageRequest::default()).await.unwrap();
    assert_eq!(chunks.items.len(), 1);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_cannot_be_read_fails_with_a_sentence_and_costs_the_others_nothing() {
    let world = World::new();
    let engine = world.engine().await;
    let mut broken = upload("broken", "%PDF-1.7 and then nothing of the kind");
    broken.name = "broken.pdf".to_owned();
    let documents = put(&engine, vec![broken, upload("fine", "Basalt is a dark volcanic rock.")]).await;
    assert_eq!(documents[0].status, DocumentStatus::Failed);
    assert!(documents[0].error.as_ref().is_some_and(|reason| reason.contains(' ')), "{documents:?}");
    assert_eq!(documents[1].status, DocumentStatus::Ready);
    assert_eq!(found(&engine, "volcanic rock").await, ["fine"]);
    stop(engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_uploads_say_why() {
    let world = World::new();
    let engine = world.engine().await;
    let cases = [
        (vec![], "no_documents"),
        (vec![upload("empty", "")], "empty_document"),
        (vec![upload("a", "x"), upload("a", "y")], "duplicate_source"),
    ];
    for (uploads, code) in cases {
        let error = engine.documents().add(&access(), &collection(), uploads).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, code));
    }
    let missing = "elsewhere".parse().unwrap();
    let error = engine.documents().add(&access(), &missing, vec![upload("a", "x")]).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no collection `elsewhere`");
    stop(engine).await;
}
