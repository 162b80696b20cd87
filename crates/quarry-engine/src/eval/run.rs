//! One evaluation: ingest a corpus, ask every question, measure.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use quarry_core::{Access, CollectionName, DocumentStatus, Metadata};
use serde::{Deserialize, Serialize};

use super::{
    dataset::{self, Dataset, Question},
    metrics,
};
use crate::{
    answer::AnswerRequest,
    documents::Upload,
    engine::Engine,
    error::EngineError,
    generations::Change,
    retrieve::{Mode, RankerChoice, SearchRequest},
};

/// Documents handed over in one call.
const BATCH: usize = 500;
/// Chunks looked at to find a hundred documents: a document may have several.
const DEEP: usize = 200;
/// How long a corpus may take to become searchable.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What to measure.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The data set's folder.
    pub dataset: PathBuf,
    /// Which legs look.
    pub mode: Mode,
    /// How they are fused.
    pub ranker: RankerChoice,
    /// Only the first so many questions.
    pub limit: Option<usize>,
    /// A set whose questions these documents do not answer: how many are refused is measured.
    pub foreign: Option<PathBuf>,
}

/// What is going on, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Documents are being ingested.
    Ingest,
    /// Questions are being asked.
    Ask,
}

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The data set's name.
    pub dataset: String,
    /// The embedder.
    pub embedder: String,
    /// The legs.
    pub mode: Mode,
    /// The ranker.
    pub ranker: RankerChoice,
    /// Documents ingested.
    pub documents: usize,
    /// Chunks they became.
    pub chunks: u64,
    /// Questions asked.
    pub queries: usize,
    /// Means over the questions.
    pub metrics: Metrics,
    /// Milliseconds of a search for ten hits.
    pub latency_ms: Latency,
    /// How ingestion went; absent when the documents were there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingest: Option<Ingest>,
    /// Each question's own measures, for `--compare`.
    pub per_query: Vec<PerQuery>,
}

/// Means over the questions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Metrics {
    /// Normalised discounted cumulative gain over ten, linear gain.
    pub ndcg_at_10: f64,
    /// Share of the relevant documents among the first 5.
    pub recall_at_5: f64,
    /// Among the first 10.
    pub recall_at_10: f64,
    /// Among the first 100.
    pub recall_at_100: f64,
    /// One over the place of the first relevant document, within ten.
    pub mrr_at_10: f64,
    /// Share of the questions for which one of the three best quoted sentences holds a gold answer; over the
    /// questions that have one. Whether the answerer would have refused is not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_containment: Option<f64>,
    /// The same for the best sentence alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_containment_at_1: Option<f64>,
    /// Share of the questions that are answered and not refused.
    pub answered: f64,
    /// Share of the foreign questions that are refused; only with a foreign set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_refused: Option<f64>,
}

/// Milliseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// Half are faster.
    pub p50: f64,
    /// One in a hundred is slower.
    pub p99: f64,
}

/// How ingestion went, from the first call to the last document being searchable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ingest {
    /// Seconds on the clock.
    pub seconds: f64,
    /// Seconds of processor time of this process; 0 where the system does not tell.
    pub cpu_seconds: f64,
    /// Chunks a second of processor time.
    pub chunks_per_cpu_second: f64,
}

/// One question's measures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PerQuery {
    /// The question's id.
    pub id: String,
    /// Its nDCG@10.
    pub ndcg_at_10: f64,
    /// Its reciprocal rank.
    pub mrr_at_10: f64,
}

/// Ingests, asks and measures. `progress` is told the stage, how much is done and how much there is.
///
/// # Errors
/// `invalid_dataset`, and what the engine's verbs give. A document that cannot be ingested is an error too: the
/// numbers would be about another corpus.
pub async fn run(
    engine: &Engine,
    access: &Access,
    options: &RunOptions,
    progress: &(dyn Fn(Stage, usize, usize) + Send + Sync),
) -> Result<Report, EngineError> {
    let mut set = Dataset::read(&options.dataset)?;
    set.queries.truncate(options.limit.unwrap_or(usize::MAX));
    let name = collection_name(&set.name);
    let ingest = ingest(engine, access, &set, &name, progress).await?;
    let collection = engine.collections().get(access, &name).await?;
    let counts = engine.collections().counts(access, &name).await?;
    let mut asker =
        Asker { engine, access, name: &name, options, latencies: Vec::new(), total: Metrics::default() };
    let mut per_query = Vec::with_capacity(set.queries.len());
    for (number, question) in set.queries.iter().enumerate() {
        progress(Stage::Ask, number, set.queries.len());
        per_query.push(asker.ask(question).await?);
    }
    progress(Stage::Ask, set.queries.len(), set.queries.len());
    let answerable = set.queries.iter().filter(|question| !question.answers.is_empty()).count();
    let mut metrics = mean(asker.total, set.queries.len(), answerable);
    if let Some(folder) = &options.foreign {
        metrics.foreign_refused = Some(refused(engine, access, &name, folder, options).await?);
    }
    asker.latencies.sort_by(f64::total_cmp);
    Ok(Report {
        dataset: set.name,
        embedder: collection.embedder,
        mode: options.mode,
        ranker: options.ranker,
        documents: set.corpus.len(),
        chunks: counts.chunks,
        queries: set.queries.len(),
        metrics,
        latency_ms: Latency {
            p50: metrics::percentile(&asker.latencies, 0.5),
            p99: metrics::percentile(&asker.latencies, 0.99),
        },
        ingest,
        per_query,
    })
}

/// A folder's name as a collection's.
pub(super) fn collection_name(name: &str) -> CollectionName {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' })
        .take(56)
        .collect();
    format!("eval-{plain}").parse().unwrap_or_else(|_| CollectionName::fallback())
}

/// Ingests a set into its collection; nothing happens when it is there already.
pub(super) async fn ingest(
    engine: &Engine,
    access: &Access,
    set: &Dataset,
    name: &CollectionName,
    progress: &(dyn Fn(Stage, usize, usize) + Send + Sync),
) -> Result<Option<Ingest>, EngineError> {
    if engine.collections().get(access, name).await.is_ok() {
        let counts = engine.collections().counts(access, name).await?;
        let ready = counts.documents.get("ready").copied().unwrap_or(0);
        if ready == set.corpus.len() as u64 {
            return Ok(None);
        }
    } else {
        engine
            .collections()
            .add(access, name, format!("evaluation set {}", set.name), Change::default())
            .await?;
    }
    let started = Instant::now();
    let cpu = cpu_seconds();
    let mut ids = Vec::with_capacity(set.corpus.len());
    for batch in set.corpus.chunks(BATCH) {
        let uploads = batch.iter().map(upload).collect();
        let added = engine.documents().add(access, name, uploads).await?;
        ids.extend(added.into_iter().map(|added| added.document.id));
        progress(Stage::Ingest, ids.len(), set.corpus.len());
    }
    let settled = engine.documents().settled(access, &ids, PATIENCE).await?;
    if let Some(failed) = settled.iter().find(|document| document.status != DocumentStatus::Ready) {
        let reason = failed.error.clone().unwrap_or_else(|| failed.status.as_str().to_owned());
        return Err(EngineError::Task(format!(
            "the document `{}` was not ingested: {reason}",
            failed.source
        )));
    }
    let seconds = started.elapsed().as_secs_f64();
    let cpu_seconds = cpu_seconds() - cpu;
    let chunks = engine.collections().counts(access, name).await?.chunks as f64;
    let per_second = if cpu_seconds > 0.0 { chunks / cpu_seconds } else { 0.0 };
    Ok(Some(Ingest { seconds, cpu_seconds, chunks_per_cpu_second: per_second }))
}

fn upload(passage: &dataset::Passage) -> Upload {
    Upload {
        source: passage.id.clone(),
        title: Some(passage.title.clone()),
        name: String::new(),
        media_type: Some("text/plain".to_owned()),
        metadata: Metadata::new(),
        password: None,
        priority: None,
        readers: None,
        bytes: bytes::Bytes::from(passage.text.clone()),
    }
}

struct Asker<'a> {
    engine: &'a Engine,
    access: &'a Access,
    name: &'a CollectionName,
    options: &'a RunOptions,
    latencies: Vec<f64>,
    total: Metrics,
}

impl Asker<'_> {
    fn request(&self, text: &str, k: usize) -> SearchRequest {
        let mut request = SearchRequest::new(self.name.clone(), text);
        request.k = k;
        request.mode = self.options.mode;
        request.ranker = self.options.ranker;
        request.record = false;
        request
    }

    async fn ask(&mut self, question: &Question) -> Result<PerQuery, EngineError> {
        let started = Instant::now();
        self.engine.search(self.access, self.request(&question.text, 10)).await?;
        self.latencies.push(started.elapsed().as_secs_f64() * 1_000.0);
        let found = self.engine.search(self.access, self.request(&question.text, DEEP)).await?;
        let mut ranked: Vec<&str> = Vec::with_capacity(found.hits.len());
        for hit in &found.hits {
            if !ranked.contains(&hit.source.as_str()) {
                ranked.push(&hit.source);
            }
        }
        let ndcg = metrics::ndcg(&ranked, &question.gains, 10);
        let reciprocal = metrics::reciprocal_rank(&ranked, &question.gains, 10);
        self.total.ndcg_at_10 += ndcg;
        self.total.mrr_at_10 += reciprocal;
        self.total.recall_at_5 += metrics::recall(&ranked, &question.gains, 5);
        self.total.recall_at_10 += metrics::recall(&ranked, &question.gains, 10);
        self.total.recall_at_100 += metrics::recall(&ranked, &question.gains, 100);
        let asked = AnswerRequest { search: self.request(&question.text, 10), sentences: 3 };
        let answer = self.engine.answer(self.access, asked).await?;
        self.total.answered += f64::from(u8::from(answer.answered));
        if !question.answers.is_empty() {
            let held = answer
                .citations
                .iter()
                .position(|citation| metrics::holds(&citation.quote, &question.answers));
            *self.total.answer_containment.get_or_insert(0.0) += f64::from(u8::from(held.is_some()));
            *self.total.answer_containment_at_1.get_or_insert(0.0) += f64::from(u8::from(held == Some(0)));
        }
        Ok(PerQuery { id: question.id.clone(), ndcg_at_10: ndcg, mrr_at_10: reciprocal })
    }
}

fn mean(total: Metrics, queries: usize, answerable: usize) -> Metrics {
    let all = queries.max(1) as f64;
    let with_answers = answerable.max(1) as f64;
    Metrics {
        ndcg_at_10: total.ndcg_at_10 / all,
        recall_at_5: total.recall_at_5 / all,
        recall_at_10: total.recall_at_10 / all,
        recall_at_100: total.recall_at_100 / all,
        mrr_at_10: total.mrr_at_10 / all,
        answered: total.answered / all,
        answer_containment: total.answer_containment.map(|sum| sum / with_answers),
        answer_containment_at_1: total.answer_containment_at_1.map(|sum| sum / with_answers),
        foreign_refused: None,
    }
}

async fn refused(
    engine: &Engine,
    access: &Access,
    name: &CollectionName,
    folder: &std::path::Path,
    options: &RunOptions,
) -> Result<f64, EngineError> {
    let mut questions = dataset::questions(folder)?;
    questions.truncate(options.limit.unwrap_or(usize::MAX));
    let mut refused = 0;
    for text in &questions {
        let mut request = AnswerRequest::new(name.clone(), text.as_str());
        request.search.record = false;
        request.search.mode = options.mode;
        request.search.ranker = options.ranker;
        refused += usize::from(!engine.answer(access, request).await?.answered);
    }
    Ok(refused as f64 / questions.len().max(1) as f64)
}

/// Processor seconds of this process so far, user and system; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    // Fields 14 and 15 of the line, counted from 1; the command in field 2 may hold spaces, so count after it.
    let Ok(line) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    let after = line.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    // The kernel counts hundredths of a second on every platform Linux supports today.
    ticks / 100.0
}
