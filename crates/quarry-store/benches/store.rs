//! CPU of the store's busiest calls, all threads of the process counted, on a SQLite file in a temporary folder.
//!
//! `cargo bench -p quarry-store --profile dev` needs no release build: the driver and SQLite are optimised in both.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quarry_core::{
    Actor, AgentId, AuditAction, AuditOutcome, By, ChunkKind, Clock as _, Collection, Metadata, Origin,
    RunId, SessionId, Span, SystemClock, TenantId, Value,
};
use quarry_store::{
    AuditNote, FinishedRun, Job, Lane, NewChunk, NewCollection, NewDocument, Publication, RunEventRow,
    RunRow, RunState, Store, StoreConfig,
};

const ROOT: TenantId = TenantId::ROOT;
const DOCUMENTS: usize = 4_000;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure(&folder));
}

/// User and system time of this process.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

async fn timed<T>(what: &str, count: usize, work: impl Future<Output = T>) -> T {
    let (cpu_before, before) = (cpu(), Instant::now());
    let value = work.await;
    let (spent, wall) = (cpu() - cpu_before, before.elapsed());
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!("{what:<44} {:>8.1} us CPU {:>8.1} us wall", each(spent), each(wall));
    value
}

async fn measure(folder: &tempfile::TempDir) {
    let config = StoreConfig {
        url: format!("sqlite://{}", folder.path().join("quarry.db").display()),
        max_connections: 8,
        acquire_timeout: Duration::from_secs(30),
        blobs: folder.path().join("blobs"),
    };
    let store = Store::open(&config, Arc::new(SystemClock)).await.unwrap();
    for batch in [1, 16, 64] {
        let runs = (0..DOCUMENTS).map(|_| finished_run()).collect();
        let what = format!("save runs of 12 events, {batch} a call, a run");
        timed(&what, DOCUMENTS, save(&store, runs, batch)).await;
    }
    let new = NewCollection {
        name: "bench".parse().unwrap(),
        description: String::new(),
        embedder: "static".into(),
        dimension: 256,
        chunking: None,
    };
    let collection = store.collections().add(ROOT, new, &By::new(Actor::Local)).await.unwrap();
    timed("blob, 40 KB", DOCUMENTS / 10, blobs(&store)).await;
    timed("add, one document a call, one caller", DOCUMENTS / 4, add(&store, &collection, 0, 1)).await;
    timed("add, one document a call, 32 callers", DOCUMENTS, add(&store, &collection, 1, 32)).await;
    timed("add, 100 documents a call", DOCUMENTS, add_bulk(&store, &collection)).await;
    let jobs = timed("claim, 64 jobs a call, for each job", DOCUMENTS * 9 / 4, claim(&store)).await;
    let (small, large) = jobs.split_at(DOCUMENTS);
    timed("publish, 32 documents of 1 chunk, a chunk", small.len(), publish(&store, small, 32, 1)).await;
    timed("publish, 8 documents of 16 chunks, a chunk", large.len() * 16, publish(&store, large, 8, 16))
        .await;
    timed("hydrate 10 keys", 5_000, hydrate(&store, &collection, 10)).await;
    timed("ranking rows of 100 keys", 2_000, ranking(&store, &collection, 100)).await;
    timed("replay, a chunk", DOCUMENTS + large.len() * 16, replay(&store, &collection)).await;
    timed("audit, one row a call", 1_000, audit(&store, 1_000, 1)).await;
    timed("audit, 64 rows a call, a row", 6_400, audit(&store, 6_400, 64)).await;
    let rows = store.audit().verify(ROOT, None).await.unwrap().rows;
    timed("verify the audit log, a row", usize::try_from(rows).unwrap(), verify(&store)).await;
    store.close().await;
}

async fn audit(store: &Store, rows: usize, together: usize) {
    let note = AuditNote {
        tenant: ROOT,
        at: SystemClock.now(),
        actor: Some(Actor::Local),
        origin: Origin::default(),
        action: AuditAction::DocumentAdd,
        object: RunId::new().to_string(),
        outcome: AuditOutcome::Allowed,
        details: serde_json::json!({"version": 1}),
    };
    let notes = vec![note; together];
    for _ in 0..rows / together {
        store.audit().add(&notes).await.unwrap();
    }
}

async fn verify(store: &Store) {
    assert!(store.audit().verify(ROOT, None).await.unwrap().intact);
}

async fn save(store: &Store, mut runs: Vec<FinishedRun>, batch: usize) {
    while !runs.is_empty() {
        let rest = runs.split_off(batch.min(runs.len()));
        store.runs().save(runs).await.unwrap();
        runs = rest;
    }
}

/// About 6 KB of events: two steps, one search that brought five passages, an answer in pieces.
fn finished_run() -> FinishedRun {
    let now = SystemClock.now();
    let event = |number| {
        let text = if number == 5 { "passage ".repeat(550) } else { "word ".repeat(20) };
        let event = serde_json::json!({"type": "said", "text": text, "call_id": "call_1", "took_ms": 0.25});
        RunEventRow { number, at: now, event }
    };
    let run = RunRow {
        id: RunId::new(),
        tenant: ROOT,
        user: "key:reader".into(),
        agent_id: Some(AgentId::new()),
        agent: "default".into(),
        version: 1,
        session_id: Some(SessionId::new()),
        question: "What is the notice period of the lease?".into(),
        state: RunState::Finished,
        model: "small".into(),
        answer: Some(serde_json::json!({"text": "word ".repeat(60), "answered": true})),
        error: None,
        prompt_tokens: 1_800,
        completion_tokens: 120,
        cost: 0.001,
        steps: 2,
        started_at: now,
        finished_at: Some(now),
    };
    FinishedRun { run, events: (1..=12).map(event).collect() }
}

async fn blobs(store: &Store) {
    for number in 0..DOCUMENTS / 10 {
        store.blobs().put(format!("{number:040000}").into()).await.unwrap();
    }
}

async fn document(store: &Store, collection: &Collection, run: usize, number: usize) -> NewDocument {
    let body = format!("{run}{number:01000}");
    NewDocument {
        collection: collection.id,
        source: format!("folder/{run}/document-{number}.txt"),
        title: None,
        name: format!("document-{number}.txt"),
        media_type: Some("text/plain".into()),
        metadata: Metadata::from([("number".to_owned(), Value::from(number as f64))]),
        bytes: body.len() as u64,
        content_hash: store.blobs().put(body.into()).await.unwrap(),
        password: None,
        priority: None,
        max_attempts: None,
    }
}

async fn add(store: &Store, collection: &Collection, run: usize, callers: usize) {
    let count = if callers == 1 { DOCUMENTS / 4 } else { DOCUMENTS };
    let calls = (0..callers).map(|caller| async move {
        for number in (caller..count).step_by(callers) {
            let new = document(store, collection, run, number).await;
            store.documents().add(ROOT, vec![new], &By::new(Actor::Local)).await.unwrap();
        }
    });
    futures::future::join_all(calls).await;
}

async fn add_bulk(store: &Store, collection: &Collection) {
    for start in (0..DOCUMENTS).step_by(100) {
        let batch = (start..start + 100).map(|number| document(store, collection, 2, number));
        let batch = futures::future::join_all(batch).await;
        store.documents().add(ROOT, batch, &By::new(Actor::Local)).await.unwrap();
    }
}

async fn claim(store: &Store) -> Vec<Job> {
    let mut all = Vec::new();
    loop {
        let jobs = store.jobs().claim("bench", Lane::Small, 64, Duration::from_secs(600)).await.unwrap();
        if jobs.is_empty() {
            return all;
        }
        all.extend(jobs);
    }
}

async fn publish(store: &Store, jobs: &[Job], batch: usize, chunks: usize) {
    for jobs in jobs.chunks(batch) {
        let publications: Vec<_> = jobs.iter().map(|job| publication(job, chunks)).collect();
        store.chunks().publish(&publications).await.unwrap();
    }
}

fn publication(job: &Job, chunks: usize) -> Publication {
    Publication {
        tenant: job.tenant,
        collection: job.collection,
        document: job.document,
        version: job.version,
        job: Some(job.id),
        title: job.name.clone(),
        media_type: "text/plain".into(),
        language: Some("eng".into()),
        pages: None,
        text: "word ".repeat(140 * chunks),
        model: ("static".into(), 256),
        chunk_set: 0,
        chunks: (0..chunks)
            .map(|place| NewChunk {
                text: "word ".repeat(140),
                headings: Vec::new(),
                page: None,
                span: Span { start: place as u32 * 700, end: place as u32 * 700 + 699 },
                window: None,
                kind: ChunkKind::Prose,
                content_hash: [place as u8; 16],
                terms: vec![7; 400],
                vector: Some(vec![1; 256]),
            })
            .collect(),
    }
}

async fn hydrate(store: &Store, collection: &Collection, count: u64) {
    for round in 0..5_000_u64 {
        let keys: Vec<u64> = (0..count).map(|place| (round * 7_919 + place * 104_729) % 60_000 + 1).collect();
        let rows = store.chunks().hydrate(ROOT, collection.id, &keys).await.unwrap();
        assert_eq!(rows.len(), keys.len());
    }
}

async fn ranking(store: &Store, collection: &Collection, count: u64) {
    for round in 0..2_000_u64 {
        let keys: Vec<u64> = (0..count).map(|place| (round * 7_919 + place * 104_729) % 60_000 + 1).collect();
        store.chunks().for_ranking(ROOT, collection.id, &keys).await.unwrap();
    }
}

async fn replay(store: &Store, collection: &Collection) {
    let mut applied = 0;
    loop {
        let changes = store.chunks().changes_after(&collection.scope(), applied, 1_000).await.unwrap();
        let Some(last) = changes.last() else { break };
        applied = last.sequence;
    }
}
