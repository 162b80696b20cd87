//! Measures the analyzer and the ranker on judged sets, without an engine: every chunk is scored by brute force.
//!
//! `rank_lab <sets> <vectors> [suffix] [option=value ...]`, where `<sets>` holds folders in the BEIR layout and
//! `<vectors>` holds `<set>.docs<suffix>.f32` and `<set>.queries<suffix>.f32`: normalised little-endian `f32` rows in
//! the order of the files. Options: `only=a,b`, `drop=feature,feature`, `l2=0.05`, `prior=0.4` (the weight of
//! `dense` that fitting starts from), `write=weights.json`, `model=name`, `date=2026-01-31`, `misses=set`.
//!
//! Prints nDCG@10 (linear gain) of BM25, the vectors, their standardised sum, and the ranker with weights fitted on all
//! sets but the one measured. Sets that share questions (`squad` and its translations) are left out together.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::too_many_lines
)]

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    time::{Duration, Instant},
};

use quarry_index::{
    Candidate, Candidates, Leg, QueryTerms,
    analyzer::{ChunkText, Language, QueryLanguages, analyse_chunk, analyse_query, detect},
    rank::{
        FEATURES, FeatureVector, FitOptions, LinearWeights, NAMES, QuerySamples, RankRequest, Ranker,
        SetSamples, features, fit, fit_without, rank,
    },
};

struct Question {
    text: String,
    query: QueryTerms,
    candidates: Candidates,
    gains: HashMap<u64, f32>,
}

struct Set {
    name: String,
    english: bool,
    questions: Vec<Question>,
    documents: Vec<String>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options: HashMap<&str, &str> =
        arguments.iter().filter_map(|argument| argument.split_once('=')).collect();
    let plain: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.contains('=')).collect();
    let (sets, vectors) = (Path::new(plain[0]), Path::new(plain[1]));
    let suffix = plain.get(2).copied().unwrap_or("");
    let mut names: Vec<String> = std::fs::read_dir(sets)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    if let Some(only) = options.get("only") {
        names.retain(|name| only.split(',').any(|wanted| wanted == name));
    }
    let loaded: Vec<Set> = names
        .iter()
        .filter(|name| vectors.join(format!("{name}.docs{suffix}.f32")).exists())
        .map(|name| load(sets, vectors, name, suffix))
        .collect();
    let mut fit_options =
        FitOptions::with_dense(options.get("prior").map_or(0.4, |prior| prior.parse().unwrap()));
    if let Some(l2) = options.get("l2") {
        fit_options.l2 = l2.parse().unwrap();
    }
    let dropped: Vec<&str> = options.get("drop").iter().flat_map(|list| list.split(',')).collect();
    fit_options = fit_options.without(&dropped);
    report(&loaded, &fit_options, &options);
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &serde_json::Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn floats(path: &Path) -> Vec<f32> {
    std::fs::read(path).unwrap().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn load(sets: &Path, vectors: &Path, name: &str, suffix: &str) -> Set {
    let folder = sets.join(name);
    let corpus = lines(&folder.join("corpus.jsonl"));
    let started = Instant::now();
    let languages: Vec<Language> = corpus
        .iter()
        .map(|document| detect(&format!("{}\n{}", text(document, "title"), text(document, "text"))))
        .collect();
    let detecting = started.elapsed();
    let texts: Vec<(String, String)> = corpus.iter().map(|d| (text(d, "title"), text(d, "text"))).collect();
    let started = Instant::now();
    let terms: Vec<Vec<u64>> = texts
        .iter()
        .zip(&languages)
        .map(|((title, text), language)| {
            analyse_chunk(&ChunkText { title, headings: &[], text, language: *language }).0.to_vec()
        })
        .collect();
    let analysing = started.elapsed();
    let words: usize = texts
        .iter()
        .map(|(title, text)| title.split_whitespace().count() + text.split_whitespace().count())
        .sum();
    let average = terms.iter().map(Vec::len).sum::<usize>() as f32 / terms.len() as f32;
    println!(
        "{name}: {} chunks, {average:.0} terms each, analysed at {:.1} us per 120 words, detected at {:.1} us each",
        terms.len(),
        analysing.as_secs_f64() * 1e6 / words as f64 * 120.0,
        detecting.as_secs_f64() * 1e6 / terms.len() as f64
    );
    let mut postings: HashMap<u32, Vec<(u32, f32)>> = HashMap::new();
    for (document, terms) in terms.iter().enumerate() {
        let mut counts: HashMap<u32, f32> = HashMap::new();
        for term in terms {
            *counts.entry((term >> 32) as u32).or_default() += 1.0;
        }
        for (stem, count) in counts {
            postings.entry(stem).or_default().push((document as u32, count));
        }
    }
    let mut frequent: BTreeMap<Language, usize> = BTreeMap::new();
    for language in &languages {
        *frequent.entry(*language).or_default() += 1;
    }
    let mut frequent: Vec<(Language, usize)> = frequent.into_iter().collect();
    frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!("    languages {:?}", &frequent[..frequent.len().min(5)]);
    let hint = QueryLanguages(frequent.into_iter().map(|(language, _)| language).collect());

    let places: HashMap<String, u64> =
        corpus.iter().enumerate().map(|(at, d)| (text(d, "_id"), at as u64)).collect();
    let mut gains: HashMap<String, HashMap<u64, f32>> = HashMap::new();
    for line in std::fs::read_to_string(folder.join("qrels/test.tsv")).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let gain: f32 = fields[2].parse().unwrap();
        if gain > 0.0 {
            gains.entry(fields[0].to_owned()).or_default().insert(places[fields[1]], gain);
        }
    }
    let documents = floats(&vectors.join(format!("{name}.docs{suffix}.f32")));
    let queries = floats(&vectors.join(format!("{name}.queries{suffix}.f32")));
    let dimension = documents.len() / corpus.len();
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let questions = lines(&folder.join("queries.jsonl"))
        .iter()
        .zip(queries.chunks(dimension))
        .filter_map(|(line, vector)| {
            let gains = gains.remove(&text(line, "_id"))?;
            let question = text(line, "text");
            let query = analyse_query(&question, &hint);
            *others.entry(query.language.clone()).or_default() += 1;
            let candidates = search(&query, vector, &documents, &postings, &terms, average);
            Some(Question { text: question, query, candidates, gains })
        })
        .collect();
    println!("    questions {others:?}");
    let documents = texts.into_iter().map(|(title, text)| format!("{title} | {text}")).collect();
    Set { name: name.to_owned(), english: !name.starts_with("xquad"), questions, documents }
}

fn search(
    query: &QueryTerms,
    vector: &[f32],
    documents: &[f32],
    postings: &HashMap<u32, Vec<(u32, f32)>>,
    terms: &[Vec<u64>],
    average: f32,
) -> Candidates {
    let count = terms.len() as f32;
    let mut bm25 = vec![0.0_f32; terms.len()];
    let mut frequencies = Vec::new();
    for stem in query.stems() {
        let list = postings.get(&stem).map(Vec::as_slice).unwrap_or_default();
        let found = list.len() as f32;
        frequencies.push(list.len() as u64);
        let idf = (1.0 + (count - found + 0.5) / (found + 0.5)).ln();
        for (document, tf) in list {
            let length = terms[*document as usize].len() as f32 / average;
            bm25[*document as usize] += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length));
        }
    }
    let cosine: Vec<f32> =
        documents.chunks(vector.len()).map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect();
    let best = |scores: &[f32]| {
        let mut order: Vec<usize> = (0..scores.len()).filter(|&at| scores[at] > 0.0).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        order.truncate(100);
        order
    };
    let mut items: BTreeMap<usize, (Option<Leg>, Option<Leg>)> = BTreeMap::new();
    for (rank, at) in best(&bm25).into_iter().enumerate() {
        items.entry(at).or_default().0 = Some(Leg { rank: rank as u32 + 1, score: bm25[at] });
    }
    for (rank, at) in best(&cosine).into_iter().enumerate() {
        items.entry(at).or_default().1 = Some(Leg { rank: rank as u32 + 1, score: cosine[at] });
    }
    let mut candidates = Candidates {
        chunks: terms.len() as u64,
        average_length: average,
        frequencies,
        ..Candidates::default()
    };
    for (at, (lexical, dense)) in items {
        let start = candidates.terms.len();
        candidates.terms.extend(&terms[at]);
        candidates.items.push(Candidate {
            key: at as u64,
            lexical,
            dense,
            cosine: cosine[at],
            terms: start..candidates.terms.len(),
        });
    }
    candidates
}

fn ndcg(order: impl Iterator<Item = u64>, gains: &HashMap<u64, f32>) -> f64 {
    let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let mut ideal: Vec<f32> = gains.values().copied().collect();
    ideal.sort_by(|a, b| b.total_cmp(a));
    let best: f64 =
        ideal.iter().take(10).enumerate().map(|(place, gain)| f64::from(*gain) * discount(place)).sum();
    order
        .take(10)
        .enumerate()
        .map(|(place, key)| f64::from(gains.get(&key).copied().unwrap_or(0.0)) * discount(place))
        .sum::<f64>()
        / best
}

fn by_leg(question: &Question, leg: impl Fn(&Candidate) -> Option<Leg>) -> f64 {
    let mut listed: Vec<(u32, u64)> =
        question.candidates.items.iter().filter_map(|item| Some((leg(item)?.rank, item.key))).collect();
    listed.sort_unstable();
    ndcg(listed.into_iter().map(|(_, key)| key), &question.gains)
}

fn ranked(question: &Question, request: &RankRequest<'_>) -> f64 {
    let order = rank(&question.query, &question.candidates, request);
    ndcg(order.iter().map(|ranked| question.candidates.items[ranked.index].key), &question.gains)
}

/// What an index without vectors would propose.
fn without_vectors(candidates: &Candidates) -> Candidates {
    let mut candidates = candidates.clone();
    candidates.items.retain(|item| item.lexical.is_some());
    candidates.items.iter_mut().for_each(|item| (item.cosine, item.dense) = (0.0, None));
    candidates
}

/// Ranked by terms alone.
fn by_terms(question: &Question, weights: &LinearWeights) -> f64 {
    let candidates = without_vectors(&question.candidates);
    let request = RankRequest { dense: 0.0, ..RankRequest::linear(weights) };
    let order = rank(&question.query, &candidates, &request);
    ndcg(order.iter().map(|ranked| candidates.items[ranked.index].key), &question.gains)
}

fn mean(set: &Set, score: impl Fn(&Question) -> f64) -> f64 {
    set.questions.iter().map(score).sum::<f64>() / set.questions.len() as f64
}

/// Sets with the same questions in other languages.
fn family(name: &str) -> &str {
    if name.starts_with("xquad") { "squad" } else { name }
}

/// The features of every question, and how many microseconds they took.
fn sample(sets: &[Set], candidates: impl Fn(&Question) -> Candidates) -> (Vec<SetSamples>, f64) {
    let (mut spent, mut count) = (Duration::ZERO, 0_u32);
    let mut one = |question: &Question| {
        let candidates = candidates(question);
        // The fastest of three: other processes share the machine.
        let mut fastest = Duration::MAX;
        let mut rows = Vec::new();
        for _ in 0..3 {
            let started = Instant::now();
            rows = features(&question.query, &candidates);
            fastest = fastest.min(started.elapsed());
        }
        spent += fastest;
        count += 1;
        let gain = |item: &Candidate| question.gains.get(&item.key).copied().unwrap_or(0.0);
        QuerySamples { features: rows, gains: candidates.items.iter().map(gain).collect() }
    };
    let samples = sets
        .iter()
        .map(|set| SetSamples {
            name: set.name.clone(),
            queries: set.questions.iter().map(&mut one).collect(),
        })
        .collect();
    (samples, spent.as_secs_f64() * 1e6 / f64::from(count.max(1)))
}

/// Weights fitted on the English sets outside a set's family, from the first questions of each; remembered, since
/// sets of one family share them.
struct Fitter {
    samples: Vec<SetSamples>,
    options: FitOptions,
    known: HashMap<Option<String>, FeatureVector>,
}

impl Fitter {
    fn new(mut samples: Vec<SetSamples>, options: FitOptions, most: usize) -> Self {
        samples.retain(|set| !set.name.starts_with("xquad"));
        samples.iter_mut().for_each(|set| set.queries.truncate(most));
        Self { samples, options, known: HashMap::new() }
    }

    fn fit(&mut self, left_out: Option<&str>) -> FeatureVector {
        let left_out = left_out.map(family);
        let (samples, options) = (&self.samples, &self.options);
        *self.known.entry(left_out.map(str::to_owned)).or_insert_with(|| match left_out {
            Some(left_out) => fit_without(samples, &[left_out], options),
            None => fit(samples, options),
        })
    }
}

fn report(sets: &[Set], options: &FitOptions, given: &HashMap<&str, &str>) {
    let most: usize = given.get("most").map_or(700, |most| most.parse().unwrap());
    let (samples, microseconds) = sample(sets, |question| question.candidates.clone());
    println!("features: {microseconds:.1} us a question\n");
    let mut hybrid = Fitter::new(samples, *options, most);
    let (samples, _) = sample(sets, |question| without_vectors(&question.candidates));
    let mut lexical = FitOptions { used: options.used, ..FitOptions::with_dense(0.0) }.without_vectors();
    lexical.l2 = options.l2;
    let mut lexical = Fitter::new(samples, lexical, most);
    let pack = |pair: (FeatureVector, FeatureVector)| LinearWeights::new("lab", "", Vec::new(), pair);
    let everything = (hybrid.fit(None), lexical.fit(None));
    let all = pack(everything);
    let mut left_out = BTreeMap::new();
    let mut totals = [0.0_f64; 9];
    let heads = ["bm25", "dense", "rrf", "z .3", "z .5", "ranker", "(fitted)", "lexical", "(fitted)"];
    println!("{:<18}{}", "nDCG@10", heads.map(|head| format!("{head:>9}")).concat());
    for set in sets {
        let loso = pack((hybrid.fit(Some(&set.name)), lexical.fit(Some(&set.name))));
        let request = RankRequest::linear(&loso);
        let with = |ranker| RankRequest { ranker, ..request };
        let row = [
            mean(set, |q| by_leg(q, |item| item.lexical)),
            mean(set, |q| by_leg(q, |item| item.dense)),
            mean(set, |q| ranked(q, &with(Ranker::ReciprocalRank))),
            mean(set, |q| ranked(q, &with(Ranker::Standardised { dense_weight: 0.3 }))),
            mean(set, |q| ranked(q, &with(Ranker::Standardised { dense_weight: 0.5 }))),
            mean(set, |q| ranked(q, &request)),
            mean(set, |q| ranked(q, &RankRequest::linear(&all))),
            mean(set, |q| by_terms(q, &loso)),
            mean(set, |q| by_terms(q, &all)),
        ];
        println!("{:<18}{}", set.name, row.map(|value| format!("{:9.2}", value * 100.0)).concat());
        if set.english {
            totals.iter_mut().zip(row).for_each(|(total, value)| *total += value);
        }
        left_out.insert(set.name.clone(), (row[if set.english { 5 } else { 7 }] * 1e4).round() as f32 / 1e4);
    }
    let english = sets.iter().filter(|set| set.english).count().max(1) as f64;
    println!(
        "{:<18}{}\n",
        "mean (English)",
        totals.map(|total| format!("{:9.2}", total / english * 100.0)).concat()
    );
    for (place, name) in NAMES.iter().enumerate().take(FEATURES) {
        println!("{name:<18}{:9.3}{:9.3}", everything.0[place], everything.1[place]);
    }
    if let Some(wanted) = given.get("misses") {
        misses(sets.iter().find(|set| set.name == *wanted).unwrap(), &all);
    }
    if let Some(path) = given.get("write") {
        let names = sets.iter().filter(|set| set.english).map(|set| set.name.clone()).collect();
        let mut weights = LinearWeights::new(
            given.get("model").unwrap_or(&"lab"),
            given.get("date").unwrap_or(&""),
            names,
            everything,
        );
        weights.left_out = left_out;
        std::fs::write(path, serde_json::to_string_pretty(&weights).unwrap() + "\n").unwrap();
    }
}

/// Questions that the ranker gets wrong, with what it put first and what is right.
fn misses(set: &Set, weights: &LinearWeights) {
    for question in &set.questions {
        let value = ranked(question, &RankRequest::linear(weights));
        if value > 0.5 {
            continue;
        }
        let order = rank(&question.query, &question.candidates, &RankRequest::linear(weights));
        let keys: Vec<u64> = order.iter().map(|ranked| question.candidates.items[ranked.index].key).collect();
        let place = keys.iter().position(|key| question.gains.contains_key(key));
        let short =
            |key: u64| set.documents[key as usize].chars().take(500).collect::<String>().replace('\n', "⏎");
        println!("\n? {} ({value:.2}, right one at {place:?})", question.text);
        println!("  first: {}", keys.first().map(|key| short(*key)).unwrap_or_default());
        println!("  right: {}", question.gains.keys().next().map(|key| short(*key)).unwrap_or_default());
    }
}
