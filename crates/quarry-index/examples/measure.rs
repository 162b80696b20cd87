//! What the local engine costs: adding, opening and searching, in CPU time.
//!
//! `cargo run --release -p quarry-index --example measure -- 100000`

// Reason: an example talks to whoever runs it, and stops when something is wrong.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::{sync::Arc, time::Instant};

use quarry_core::{CollectionId, DocumentId, Filter, Metadata, Scope, TenantId, filter::Comparison};
use quarry_index::{Batch, Change, Index, IndexChunk, IndexSettings, LocalIndex, Search, Term, vector};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A word's rank: Zipf over a vocabulary of 60,000, as far as a power of a uniform number gives it.
    fn word(&mut self) -> u32 {
        let rank = (60_000_f64.powf(self.unit())) as u32;
        // Hashed, as real stems are.
        rank.wrapping_mul(2_654_435_761)
    }

    fn around(&mut self, centre: &[f32], spread: f32) -> Vec<f32> {
        let step = spread / (centre.len() as f32).sqrt();
        let moved: Vec<f32> =
            centre.iter().map(|number| number + (self.unit() as f32 - 0.5) * 3.46 * step).collect();
        let norm = moved.iter().map(|number| number * number).sum::<f32>().sqrt();
        moved.iter().map(|number| number / norm).collect()
    }
}

/// CPU seconds of the whole process and its resident megabytes.
fn usage() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .map(|f| f.parse().unwrap_or(0))
        .collect();
    let ticks = fields.get(11).copied().unwrap_or(0) + fields.get(12).copied().unwrap_or(0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse::<f64>().ok())
        .unwrap_or(0.0);
    (ticks as f64 / 100.0, resident / 1024.0)
}

struct Questions {
    stems: Vec<Vec<u32>>,
    vectors: Vec<Vec<f32>>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::too_many_lines, reason = "one measurement after the other")]
async fn main() {
    let count: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let batch: u64 = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(5_000);
    let folder = std::env::temp_dir().join(format!("quarry-measure-{}", std::process::id()));
    let settings = IndexSettings::default();
    let scope = Scope { tenant: TenantId::new(), collection: CollectionId::new(), generation: 1 };
    let mut random = Random(1);
    let topics: Vec<Vec<f32>> = (0..500).map(|_| random.around(&vec![0.0; 256], 1.0)).collect();
    let chunks = make(&mut random, &topics, count);
    let index = LocalIndex::new(&folder, settings.clone());
    let (cpu, memory) = usage();
    let started = Instant::now();
    for (sequence, part) in (1..).zip(chunks.chunks(batch as usize)) {
        for (number, group) in part.chunks(200).enumerate() {
            let changes = group.iter().cloned().map(Change::Add).collect();
            let sequence = sequence * 1_000 + number as u64;
            index.apply(&scope, Batch { changes, sequence }).await.unwrap();
        }
        index.commit(&scope).await.unwrap();
    }
    let (after, more) = usage();
    println!(
        "add {count} chunks, commit every {batch}: {:.2} s, {:.1} us CPU a chunk, {:.0} MB more resident",
        started.elapsed().as_secs_f64(),
        (after - cpu) * 1e6 / count as f64,
        more - memory
    );
    index.close().await;
    drop(chunks);
    let index = LocalIndex::new(&folder, settings);
    let (_, before) = usage();
    let started = Instant::now();
    let state = index.state(&scope, false).await.unwrap();
    println!(
        "open {} chunks: {:.1} ms, {:.1} MB on disk",
        state.chunks,
        started.elapsed().as_secs_f64() * 1e3,
        state.bytes as f64 / 1e6
    );
    let questions = ask(&mut random, &topics);
    let filter = Filter::Eq(Comparison { field: "year".to_owned(), value: 2020.0.into() });
    for (name, lexical, dense, filter) in [
        ("both legs", true, true, None),
        ("lexical", true, false, None),
        ("dense", false, true, None),
        ("both, filtered to a tenth", true, true, Some(&filter)),
    ] {
        search(&index, &scope, name, &questions, (lexical, dense, filter)).await;
    }
    println!("resident after searching: {:.0} MB more than before opening", usage().1 - before);
    index.close_idle().await;
    index.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

fn make(random: &mut Random, topics: &[Vec<f32>], count: u64) -> Vec<IndexChunk> {
    let years: Vec<Arc<Metadata>> = (0..10)
        .map(|year| Arc::new(Metadata::from([("year".to_owned(), (2_015.0 + f64::from(year)).into())])))
        .collect();
    let mut document = DocumentId::new();
    (0..count)
        .map(|key| {
            if key % 8 == 0 {
                document = DocumentId::new();
            }
            let length = 50 + random.next() % 60;
            let topic = &topics[(random.next() % topics.len() as u64) as usize];
            IndexChunk {
                key,
                document,
                terms: (0..length).map(|_| Term::new(random.word(), 7, 1, 0)).collect(),
                vector: vector::encode(&random.around(topic, 1.2)).map(Arc::from),
                metadata: Arc::clone(&years[(key / 8 % 10) as usize]),
            }
        })
        .collect()
}

fn ask(random: &mut Random, topics: &[Vec<f32>]) -> Questions {
    Questions {
        stems: (0..500)
            .map(|_| {
                let mut stems: Vec<u32> = (0..6).map(|_| random.word()).collect();
                stems.sort_unstable();
                stems.dedup();
                stems
            })
            .collect(),
        vectors: (0..500).map(|place| random.around(&topics[place % 500], 0.8)).collect(),
    }
}

async fn search(
    index: &LocalIndex,
    scope: &Scope,
    name: &str,
    questions: &Questions,
    (lexical, dense, filter): (bool, bool, Option<&Filter>),
) {
    let rounds = 4;
    let mut times = Vec::new();
    let mut found = 0;
    let (cpu, _) = usage();
    for round in 0..rounds {
        for (stems, vector) in questions.stems.iter().zip(&questions.vectors) {
            let started = Instant::now();
            let search = Search {
                stems: if lexical { stems } else { &[] },
                vector: dense.then_some(vector.as_slice()),
                filter,
                depth: 100,
                terms: true,
            };
            found += index.search(scope, search).await.unwrap().items.len();
            if round > 0 {
                times.push(started.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    let (after, _) = usage();
    let asked = rounds * questions.stems.len();
    times.sort_by(f64::total_cmp);
    println!(
        "search, {name}: {:.0} us CPU, p50 {:.0} us, p99 {:.0} us, {} candidates",
        (after - cpu) * 1e6 / asked as f64,
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        found / asked
    );
}
