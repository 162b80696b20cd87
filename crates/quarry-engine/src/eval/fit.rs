//! Refitting the weights of the ranker and of the answerer, honestly: what is reported for a set was fitted on all
//! the others.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use quarry_core::{Access, CollectionName};
use quarry_index::rank::{self, LinearWeights, QuerySamples, SetSamples};
use serde::{Deserialize, Serialize};

use super::{
    dataset::{Dataset, Question},
    learn::{self, Group},
    metrics,
    run::{self, Stage},
};
use crate::{
    answer::{evidence, extract, read, weights::AnswerWeights},
    engine::Engine,
    error::EngineError,
    retrieve::{self, SearchRequest},
};

/// Questions of one set that are used at most: more tell little and cost time.
const MOST_QUESTIONS: usize = 600;
/// Share of a set's own questions that must be answered; the threshold is set to it.
const ANSWERED: f64 = 0.88;
/// Regularisation of all three fits.
const L2: f64 = 1e-3;

/// What to fit on.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// The sets' folders; at least three, since one is always left out.
    pub datasets: Vec<PathBuf>,
    /// Passages that the answerer reads.
    pub passages: usize,
}

/// The fitted weights and what they are worth.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FitReport {
    /// Each set, measured with weights fitted on the others.
    pub sets: Vec<SetQuality>,
    /// The ranker's weights, fitted on all sets, as its file holds them.
    pub ranker: serde_json::Value,
    /// The answerer's weights, fitted on all sets.
    pub answer: AnswerWeights,
}

/// A set measured with weights that never saw it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SetQuality {
    /// Its name.
    pub name: String,
    /// nDCG@10 of the refitted ranker.
    pub ndcg_at_10: f64,
    /// Share of questions whose best sentence holds a gold answer.
    pub best_sentence: Option<f64>,
    /// Whose three best do.
    pub three_sentences: Option<f64>,
    /// Share of its own questions that are answered.
    pub answered: f64,
    /// Share of another set's questions that are refused.
    pub refused: f64,
}

/// What a ranking of one question's candidates is measured against.
struct Truth {
    sources: Vec<Option<String>>,
    gains: HashMap<String, f64>,
}

/// One set's samples.
struct Samples {
    name: String,
    ranking: SetSamples,
    /// For each question of `ranking`: the candidates' documents, and what is judged relevant, found or not.
    truth: Vec<Truth>,
    sentences: Vec<Group<{ extract::FEATURES }>>,
    evidence: Group<{ evidence::FEATURES }>,
}

/// Share of a set's questions that some sentence must answer, for the set to teach which one does. Below it the gold
/// answers are written in other words, and the few sentences that hold one are chance.
const QUOTABLE: f64 = 0.3;

impl Samples {
    /// Its sentences, where they can teach something.
    fn quotable(&self) -> Option<Vec<Group<{ extract::FEATURES }>>> {
        let held = self.sentences.iter().filter(|group| group.iter().any(|(_, right)| *right)).count();
        (held as f64 > QUOTABLE * self.sentences.len() as f64).then(|| self.sentences.clone())
    }
}

/// Fits on every set, and measures each with what was fitted on the others.
///
/// # Errors
/// `invalid_dataset`, `too_few_datasets`, and what the engine's verbs give.
pub async fn fit(
    engine: &Engine,
    access: &Access,
    options: &FitOptions,
    progress: &(dyn Fn(Stage, usize, usize) + Send + Sync),
) -> Result<FitReport, EngineError> {
    if options.datasets.len() < 3 {
        let problem = "fitting needs at least three sets: each is measured with weights fitted on the others";
        return Err(EngineError::invalid("too_few_datasets", "", problem));
    }
    let mut sets = Vec::new();
    for folder in &options.datasets {
        let mut set = Dataset::read(folder)?;
        let step = set.queries.len().div_ceil(MOST_QUESTIONS).max(1);
        set.queries = set.queries.into_iter().step_by(step).collect();
        sets.push(set);
    }
    let mut samples = Vec::new();
    for (number, set) in sets.iter().enumerate() {
        let foreign = sets.get((number + 1) % sets.len()).map_or(&[][..], |set| set.queries.as_slice());
        samples.push(gather(engine, access, options, (set, foreign), progress).await?);
    }
    let report = tokio::task::spawn_blocking(move || report(&samples)).await;
    report.map_err(|error| EngineError::Task(error.to_string()))
}

async fn gather(
    engine: &Engine,
    access: &Access,
    options: &FitOptions,
    (set, foreign): (&Dataset, &[Question]),
    progress: &(dyn Fn(Stage, usize, usize) + Send + Sync),
) -> Result<Samples, EngineError> {
    let name = run::collection_name(&set.name);
    run::ingest(engine, access, set, &name, progress).await?;
    let mut samples = Samples {
        name: set.name.clone(),
        ranking: SetSamples { name: set.name.clone(), queries: Vec::new() },
        truth: Vec::new(),
        sentences: Vec::new(),
        evidence: Vec::new(),
    };
    let all = set.queries.len() + foreign.len();
    for (number, question) in set.queries.iter().enumerate() {
        progress(Stage::Ask, number, all);
        let (query, truth) = ranking(engine, access, &name, question).await?;
        samples.ranking.queries.push(query);
        samples.truth.push(truth);
        let request = request(&name, &question.text, options.passages);
        let found = retrieve::find(engine.inner(), access, &request).await?;
        let (asked, scored) = read(&engine.inner().table, &found, (&question.text, options.passages));
        samples.evidence.push((evidence::features(&asked, &found.hits, &found.cosines, &scored), true));
        if !question.answers.is_empty() {
            let label = |sentence: &extract::Scored| {
                let hit = found.hits.get(sentence.hit)?;
                let text = hit.text.get(sentence.quote.clone())?;
                Some(metrics::holds(text, &question.answers))
            };
            let group = scored.iter().map(|sentence| (sentence.features, label(sentence).unwrap_or(false)));
            samples.sentences.push(group.collect());
        }
    }
    for (number, question) in foreign.iter().enumerate() {
        progress(Stage::Ask, set.queries.len() + number, all);
        let request = request(&name, &question.text, options.passages);
        let found = retrieve::find(engine.inner(), access, &request).await?;
        let (asked, scored) = read(&engine.inner().table, &found, (&question.text, options.passages));
        samples.evidence.push((evidence::features(&asked, &found.hits, &found.cosines, &scored), false));
    }
    Ok(samples)
}

fn request(name: &CollectionName, text: &str, k: usize) -> SearchRequest {
    let mut request = SearchRequest::new(name.clone(), text);
    request.k = k;
    request.record = false;
    request
}

async fn ranking(
    engine: &Engine,
    access: &Access,
    name: &CollectionName,
    question: &Question,
) -> Result<(QuerySamples, Truth), EngineError> {
    let (query, candidates, sources) =
        retrieve::candidates(engine.inner(), access, &request(name, &question.text, 10)).await?;
    let features = rank::features(&query, &candidates);
    let gain = |source: &Option<String>| {
        source.as_ref().and_then(|source| question.gains.get(source)).copied().unwrap_or(0.0) as f32
    };
    let gains = sources.iter().map(gain).collect();
    Ok((QuerySamples { features, gains }, Truth { sources, gains: question.gains.clone() }))
}

fn report(samples: &[Samples]) -> FitReport {
    let ranking: Vec<SetSamples> = samples.iter().map(|set| set.ranking.clone()).collect();
    let options = rank::FitOptions::default();
    let sets = (0..samples.len()).filter_map(|number| quality(samples, number, &ranking, &options)).collect();
    let names: Vec<String> = samples.iter().map(|set| set.name.clone()).collect();
    let with_answers: Vec<_> = samples.iter().filter_map(Samples::quotable).collect();
    let all_evidence: Vec<_> = samples.iter().map(|set| set.evidence.clone()).collect();
    let evidence = learn::logistic(&all_evidence, L2);
    let sentence = learn::listwise(&with_answers, L2);
    let lexical = options.without_vectors();
    let ranker = LinearWeights::new(
        "static-en-256",
        "",
        names.clone(),
        (rank::fit(&ranking, &options), rank::fit(&ranking, &lexical)),
    );
    FitReport {
        sets,
        ranker: serde_json::to_value(&ranker).unwrap_or_default(),
        answer: AnswerWeights {
            version: AnswerWeights::embedded().version,
            sets: names,
            sentence: named(&extract::NAMES, &sentence),
            evidence: named(&evidence::NAMES, &evidence),
            threshold: threshold(&all_evidence, &evidence),
        },
    }
}

fn named<const N: usize>(names: &[&str; N], weights: &[f32; N]) -> BTreeMap<String, f32> {
    names.iter().map(|name| (*name).to_owned()).zip(weights.iter().copied()).collect()
}

/// The confidence that the wanted share of the answerable questions reaches, in the mean over the sets.
fn threshold(sets: &[Group<{ evidence::FEATURES }>], weights: &[f32; evidence::FEATURES]) -> f32 {
    let per_set = sets.iter().map(|set| {
        let mut own: Vec<f64> = set
            .iter()
            .filter(|(_, right)| *right)
            .map(|(features, _)| confidence(features, weights))
            .collect();
        own.sort_by(f64::total_cmp);
        metrics::percentile(&own, 1.0 - ANSWERED)
    });
    (per_set.sum::<f64>() / sets.len().max(1) as f64) as f32
}

fn confidence<const N: usize>(features: &[f32; N], weights: &[f32; N]) -> f64 {
    1.0 / (1.0 + (-learn::dot(features, &weights.map(f64::from))).exp())
}

fn quality(
    samples: &[Samples],
    number: usize,
    ranking: &[SetSamples],
    options: &rank::FitOptions,
) -> Option<SetQuality> {
    let set = samples.get(number)?;
    let others: Vec<&Samples> =
        samples.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, set)| set).collect();
    let ranker = rank::fit_without(ranking, &[set.name.as_str()], options);
    let measured = set.ranking.queries.iter().zip(&set.truth);
    let ndcg = measured.map(|(query, truth)| ndcg(query, truth, &ranker)).sum::<f64>();
    let with_answers: Vec<_> = others.iter().filter_map(|set| set.quotable()).collect();
    let sentence = learn::listwise(&with_answers, L2);
    let evidence_of_others: Vec<_> = others.iter().map(|set| set.evidence.clone()).collect();
    let evidence = learn::logistic(&evidence_of_others, L2);
    let limit = f64::from(threshold(&evidence_of_others, &evidence));
    let share = |own: bool| {
        let side = set.evidence.iter().filter(|(_, right)| *right == own);
        let kept = side.clone().filter(|(features, _)| confidence(features, &evidence) >= limit).count();
        kept as f64 / side.count().max(1) as f64
    };
    let held = |best: usize| {
        let hits = set.sentences.iter().filter(|group| holds_within(group, &sentence, best)).count();
        (!set.sentences.is_empty()).then(|| hits as f64 / set.sentences.len() as f64)
    };
    Some(SetQuality {
        name: set.name.clone(),
        ndcg_at_10: ndcg / set.ranking.queries.len().max(1) as f64,
        best_sentence: held(1),
        three_sentences: held(3),
        answered: share(true),
        refused: 1.0 - share(false),
    })
}

fn holds_within<const N: usize>(group: &Group<N>, weights: &[f32; N], best: usize) -> bool {
    let weights = weights.map(f64::from);
    let mut order: Vec<(f64, bool)> =
        group.iter().map(|(features, right)| (learn::dot(features, &weights), *right)).collect();
    order.sort_by(|one, other| other.0.total_cmp(&one.0));
    order.iter().take(best).any(|(_, right)| *right)
}

/// Over documents, as users see them: a document counts once, where its best chunk stands.
fn ndcg(query: &QuerySamples, truth: &Truth, weights: &rank::FeatureVector) -> f64 {
    let score = |row: &rank::FeatureVector| {
        row.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f32>()
    };
    let mut order: Vec<(f32, &Option<String>)> =
        query.features.iter().map(score).zip(&truth.sources).collect();
    order.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut ranked: Vec<&str> = Vec::with_capacity(order.len());
    for source in order.iter().filter_map(|(_, source)| source.as_deref()) {
        if !ranked.contains(&source) {
            ranked.push(source);
        }
    }
    metrics::ndcg(&ranked, &truth.gains, 10)
}
