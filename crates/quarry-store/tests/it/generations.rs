use quarry_core::{ChunkStrategy, Chunking, Collection, Fault as _};
use quarry_store::{GenerationState, NewGeneration, Publication};

use crate::world::{ME, ROOT, World, publication, stories};

fn fixed() -> NewGeneration {
    let chunking = Chunking { strategy: ChunkStrategy::Fixed, max_tokens: Some(64), overlap_tokens: None };
    NewGeneration { embedder: "mini".into(), dimension: 4, chunking: Some(chunking) }
}

/// Builds what a generation lacks.
async fn build(world: &World, collection: &Collection, set: u32, chunks: usize) -> usize {
    let lacking = world.store.generations().lacking(collection.id, set, 100).await.unwrap();
    let mut ready: Vec<Publication> = Vec::new();
    for job in lacking {
        let document = world.store.documents().get(ROOT, job.document).await.unwrap();
        let mut publication = publication(ROOT, &document, chunks);
        publication.version = job.version;
        publication.chunk_set = set;
        publication.model = ("mini".into(), 4);
        ready.push(publication);
    }
    world.store.chunks().build(&ready).await.unwrap()
}

async fn a_generation_is_built_swapped_in_and_back(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    let a = world.put(&collection, "a", "one", 2).await;
    world.put(&collection, "b", "two", 3).await;
    world.add(&collection, "waits", "three").await;
    let id = (ROOT, collection.id);
    let generations = world.store.generations();
    let next = generations.begin(id, &fixed(), &ME).await.unwrap();
    assert_eq!((next.number, next.chunk_set, next.state), (2, 2, GenerationState::Building));
    assert_eq!(generations.begin(id, &fixed(), &ME).await.unwrap_err().code(), "generation_busy");
    assert_eq!(generations.progress(collection.id, 2).await.unwrap(), (2, 2));
    assert_eq!(build(world, &collection, 2, 5).await, 2);
    let sequence = async || world.store.collections().get_by_id(ROOT, collection.id).await.unwrap().sequence;

    // What answers is as before, and each index sees its own chunks.
    let keys = async || world.store.chunks().keys(ROOT, collection.id).await.unwrap();
    assert_eq!(keys().await.len(), 5);
    let building = quarry_core::Scope { generation: 2, ..collection.scope() };
    let added = async |scope| {
        let pages = world.store.chunks().changes_after(scope, 0, 100).await.unwrap();
        assert_eq!(pages.last().unwrap().sequence, sequence().await, "each index comes to the last number");
        pages.iter().map(|page| page.added.len()).sum::<usize>()
    };
    assert_eq!((added(&collection.scope()).await, added(&building).await), (5, 10));

    // A document that changes loses its chunks there.
    world.put(&collection, "a", "four", 1).await;
    let refused = generations.swap(id, 2, sequence().await).await.unwrap_err();
    assert_eq!(refused.code(), "collection_changed");
    assert_eq!(generations.progress(collection.id, 2).await.unwrap(), (1, 2));
    assert_eq!(build(world, &collection, 2, 5).await, 1);
    let swapped = generations.swap(id, 2, sequence().await).await.unwrap();
    assert_eq!((swapped.generation, swapped.chunk_set, swapped.embedder.as_str()), (2, 2, "mini"));
    assert_eq!(swapped.chunking, fixed().chunking);
    assert_eq!(keys().await.len(), 10);
    assert_eq!(world.store.documents().get(ROOT, a.id).await.unwrap().chunks, 5);
    assert_eq!(world.store.collections().document_counts(ROOT, collection.id).await.unwrap().chunks, 10);
    // What a worker had cut for the old one is not taken any more.
    let waiting =
        world.store.documents().find_by_source(ROOT, collection.id, "waits").await.unwrap().unwrap();
    let late = world.store.chunks().publish(&[publication(ROOT, &waiting, 1)]).await.unwrap_err();
    assert_eq!(late.code(), "embedder_changed");

    let back = generations.resume(id, 1, &ME).await.unwrap();
    assert_eq!(back.state, GenerationState::Building);
    assert_eq!(generations.drop_one(id, 2, &ME).await.unwrap_err().code(), "generation_busy");
    assert!(generations.progress(collection.id, 0).await.unwrap().0 == 0, "its chunks are all there");
    generations.swap(id, 1, sequence().await).await.unwrap();
    assert_eq!(keys().await.len(), 4);
    generations.drop_one(id, 2, &ME).await.unwrap();
    let left: Vec<_> = generations.list(ROOT, collection.id).await.unwrap();
    assert_eq!(
        left.iter().map(|one| (one.number, one.state)).collect::<Vec<_>>(),
        [(1, GenerationState::Live)]
    );
}

async fn one_that_failed_says_why_and_can_be_tried_again(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    world.put(&collection, "a", "one", 2).await;
    let id = (ROOT, collection.id);
    let generations = world.store.generations();
    generations.begin(id, &fixed(), &ME).await.unwrap();
    assert_eq!(generations.building().await.unwrap(), [(ROOT, collection.id, 2)]);
    generations
        .note((ROOT, collection.id), 2, (GenerationState::Failed, Some("It cannot be read.")))
        .await
        .unwrap();
    let failed = generations.get(ROOT, collection.id, 2).await.unwrap();
    assert_eq!(
        (failed.state, failed.error.as_deref()),
        (GenerationState::Failed, Some("It cannot be read."))
    );
    assert!(generations.building().await.unwrap().is_empty());
    let again = generations.resume(id, 2, &ME).await.unwrap();
    assert_eq!((again.state, again.error), (GenerationState::Building, None));
    world.store.collections().remove(ROOT, collection.id, &ME).await.unwrap();
    assert!(generations.building().await.unwrap().is_empty());
}

async fn an_index_alone_takes_the_live_number_over(world: &World) {
    let collection = world.collection(ROOT, "c").await;
    world.put(&collection, "a", "one", 2).await;
    let generations = world.store.generations();
    let number = generations.begin_index(ROOT, collection.id).await.unwrap();
    assert_eq!(number, 2);
    let scope = quarry_core::Scope { generation: 2, ..collection.scope() };
    assert_eq!(world.store.chunks().changes_after(&scope, 0, 10).await.unwrap()[0].added.len(), 2);
    let now = world.store.collections().get_by_id(ROOT, collection.id).await.unwrap();
    let swapped =
        world.store.collections().swap_index((ROOT, collection.id), (2, now.sequence), &ME).await.unwrap();
    assert_eq!((swapped.generation, swapped.chunk_set), (2, 0));
    assert_eq!(generations.list(ROOT, collection.id).await.unwrap()[0].number, 2);
}

stories!(
    a_generation_is_built_swapped_in_and_back,
    one_that_failed_says_why_and_can_be_tried_again,
    an_index_alone_takes_the_live_number_over,
);
