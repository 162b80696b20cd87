//! One search, from the question to hydrated hits.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use quarry_core::{Access, Action, Collection, Filter, QueryId, readers};
use quarry_index::{
    Candidates, QueryTerms, Search, Term, analyzer,
    rank::{self, LinearWeights, RankRequest, Ranked, Ranker},
};
use quarry_models::{EmbedRequest, Embedder, Purpose};

use super::{
    diversity, hydrate, languages,
    request::{Explanation, Hit, LegExplanation, Mode, RankerChoice, SearchRequest, SearchResponse, Share},
};
use crate::{engine::Inner, error::EngineError, events, history};

/// Passages kept beyond `k`, which step in where some of the first were deleted since the index last looked.
const SPARE: usize = 20;
/// Ranked passages that diversity chooses from.
const DIVERSITY_POOL: usize = 50;

/// A search with what the answerer needs besides the hits.
pub(crate) struct Found {
    pub(crate) collection: Arc<Collection>,
    pub(crate) query: QueryTerms,
    pub(crate) hits: Vec<Hit>,
    /// Cosine of each hit with the question.
    pub(crate) cosines: Vec<f32>,
    /// Weight of each distinct stem of the question: its inverse document frequency.
    pub(crate) weights: Vec<(u32, f32)>,
}

/// Searches and records the question.
pub(crate) async fn search(
    inner: &Inner,
    access: &Access,
    request: SearchRequest,
) -> Result<SearchResponse, EngineError> {
    let started = Instant::now();
    let query_id = QueryId::new();
    let found = find(inner, access, &request).await?;
    let took = started.elapsed();
    events::searched("search", took, found.hits.len());
    if request.record {
        let asked = history::Asked {
            id: query_id,
            kind: "search",
            collection: &found.collection,
            question: &request.query,
        };
        history::record(inner, access, asked, (&found.hits, None), took);
    }
    Ok(SearchResponse {
        query_id,
        collection: request.collection,
        language: found.query.language,
        hits: found.hits,
        took_ms: took.as_secs_f64() * 1_000.0,
    })
}

/// Whether a search can work.
pub(crate) fn check(request: &SearchRequest) -> Result<(), EngineError> {
    let wrong = |pointer, problem: String| Err(EngineError::invalid("invalid_query", pointer, problem));
    if request.query.trim().is_empty() {
        return wrong("/query", "the query is empty; say what to look for".to_owned());
    }
    if request.query.chars().count() > SearchRequest::MAX_QUERY {
        return wrong("/query", format!("the query is longer than {} characters", SearchRequest::MAX_QUERY));
    }
    if !(1..=SearchRequest::MAX_K).contains(&request.k) {
        return wrong("/k", format!("`k` must be 1 to {}, not {}", SearchRequest::MAX_K, request.k));
    }
    if request.widen > SearchRequest::MAX_WIDEN {
        return wrong(
            "/widen",
            format!("`widen` must be 0 to {}, not {}", SearchRequest::MAX_WIDEN, request.widen),
        );
    }
    if !(0.0..=1.0).contains(&request.diversity) {
        return wrong("/diversity", format!("`diversity` must be 0 to 1, not {}", request.diversity));
    }
    let weight = |weight: f32| (0.0..=100.0).contains(&weight);
    if !weight(request.weights.lexical) || !weight(request.weights.dense) {
        return wrong("/weights", "weights must be 0 to 100".to_owned());
    }
    if request.depth.is_some_and(|depth| !(1..=1_000).contains(&depth)) {
        return wrong("/depth", "`depth` must be 1 to 1000".to_owned());
    }
    if let Some(filter) = &request.filter {
        filter.check()?;
    }
    Ok(())
}

/// Finds and ranks; records nothing.
pub(crate) async fn find(
    inner: &Inner,
    access: &Access,
    request: &SearchRequest,
) -> Result<Found, EngineError> {
    let Gathered { collection, embedder, query, stems, dense, candidates } =
        gather(inner, access, request).await?;
    let ranked = rank::rank(&query, &candidates, &rank_request(embedder.as_ref(), request, dense));
    let pool = choose(&candidates, &ranked, request);
    let keys: Vec<u64> =
        pool.iter().filter_map(|ranked| candidates.items.get(ranked.index)).map(|item| item.key).collect();
    let rows = visible(inner, access, &collection, (&keys, request.k)).await?;
    let mut hits = Vec::with_capacity(request.k);
    let mut cosines = Vec::with_capacity(request.k);
    for (key, row) in rows.into_iter().take(request.k) {
        let mut hit = hydrate::hit(row);
        hit.rank = u32::try_from(hits.len() + 1).unwrap_or(u32::MAX);
        let place =
            pool.iter().find(|ranked| candidates.items.get(ranked.index).is_some_and(|item| item.key == key));
        if let Some(ranked) = place {
            hit.score = ranked.score;
            hit.explain = explanation(ranked, &candidates);
            cosines.push(candidates.items.get(ranked.index).map_or(0.0, |item| item.cosine));
        }
        hits.push(hit);
    }
    if request.widen > 0 {
        for hit in &mut hits {
            hydrate::widen(inner, access, hit, request.widen).await?;
        }
    }
    let weights = stem_weights(&query.stems(), &stems, &candidates);
    Ok(Found { collection, query, hits, cosines, weights })
}

/// The first `k` of these passages that the database still shows. The spare ones are read only where one is missing.
async fn visible(
    inner: &Inner,
    access: &Access,
    collection: &Collection,
    (keys, k): (&[u64], usize),
) -> Result<Vec<(u64, quarry_store::ChunkRow)>, EngineError> {
    let (first, spare) = keys.split_at(k.min(keys.len()));
    let mut rows = hydrate::rows(inner, access, collection, first).await?;
    if rows.len() < first.len() && !spare.is_empty() {
        rows.extend(hydrate::rows(inner, access, collection, spare).await?);
    }
    Ok(rows)
}

/// The candidates of both legs, with the source of each one's document where it is still there: what fitting needs.
pub(crate) async fn candidates(
    inner: &Inner,
    access: &Access,
    request: &SearchRequest,
) -> Result<(QueryTerms, Candidates, Vec<Option<String>>), EngineError> {
    let Gathered { collection, query, candidates, .. } = gather(inner, access, request).await?;
    let keys: Vec<u64> = candidates.items.iter().map(|item| item.key).collect();
    let rows = hydrate::rows(inner, access, &collection, &keys).await?;
    let mut by_key: HashMap<u64, String> = rows.into_iter().map(|(key, row)| (key, row.source)).collect();
    let sources = keys.iter().map(|key| by_key.remove(key)).collect();
    Ok((query, candidates, sources))
}

/// What both legs propose, before ranking.
struct Gathered {
    collection: Arc<Collection>,
    embedder: Arc<dyn Embedder>,
    query: QueryTerms,
    /// The stems that were searched for; empty without a lexical leg.
    stems: Vec<u32>,
    /// Whether the dense leg looked.
    dense: bool,
    candidates: Candidates,
}

async fn gather(inner: &Inner, access: &Access, request: &SearchRequest) -> Result<Gathered, EngineError> {
    check(request)?;
    // An answer and a run look for passages as well; which of the two is allowed was asked at their door.
    let action = if access.check(Action::Search).is_ok() { Action::Search } else { Action::Run };
    let collection = inner.permitted(access, action, &request.collection).await?;
    let embedder = inner.embedder_of(&collection)?;
    let languages = languages::of(inner, &collection).await?;
    let query = analyzer::analyse_query(&request.query, &languages);
    let trusted = trusts(embedder.as_ref(), &query.language);
    let vector = question_vector(embedder.as_ref(), request, trusted).await?;
    let stems = if request.mode == Mode::Dense { Vec::new() } else { query.stems() };
    let depth = request.depth.unwrap_or(inner.settings.retrieve.depth).max(request.k);
    let terms = request.ranker == RankerChoice::Linear || request.diversity > 0.0;
    let filter = let_through(inner, access, &collection, request.filter.as_ref()).await?;
    let (vector_of, filter) = (vector.as_deref(), filter.as_ref());
    let search = Search { stems: &stems, vector: vector_of, filter, depth, terms };
    let candidates = inner.index.search(&collection.scope(), search).await?;
    Ok(Gathered { collection, embedder, query, stems, dense: vector.is_some(), candidates })
}

/// The caller's filter, and the one that leaves out documents which are not for them: inside the index, so that what they may
/// read is not pushed out by what they may not.
async fn let_through(
    inner: &Inner,
    access: &Access,
    collection: &Collection,
    asked: Option<&Filter>,
) -> Result<Option<Filter>, EngineError> {
    let own = match readers::filter(access.visibility(collection.id)) {
        Some(own) if inner.restricted(collection).await? => own,
        _ => return Ok(asked.cloned()),
    };
    Ok(Some(match asked {
        Some(asked) => Filter::And(vec![own, asked.clone()]),
        None => own,
    }))
}

/// Whether the embedder knows the question's language; a vector of unknown words would only add noise.
fn trusts(embedder: &dyn Embedder, language: &str) -> bool {
    embedder.info().languages.as_ref().is_none_or(|known| known.iter().any(|code| code == language))
}

async fn question_vector(
    embedder: &dyn Embedder,
    request: &SearchRequest,
    trusted: bool,
) -> Result<Option<Vec<f32>>, EngineError> {
    let wanted = match request.mode {
        Mode::Lexical => false,
        Mode::Dense => true,
        Mode::Hybrid => trusted && request.weights.dense > 0.0,
    };
    if !wanted {
        return Ok(None);
    }
    let texts = [request.query.as_str()];
    let vectors = embedder.embed(EmbedRequest { texts: &texts, purpose: Purpose::Query }).await?;
    Ok(vectors.into_iter().next().filter(|vector| vector.iter().any(|number| *number != 0.0)))
}

fn rank_request(embedder: &dyn Embedder, request: &SearchRequest, dense: bool) -> RankRequest<'static> {
    let info = embedder.info();
    let weights = match info.ranker.as_str() {
        "static" => LinearWeights::for_static(),
        _ => LinearWeights::for_transformer(),
    };
    RankRequest {
        weights,
        ranker: match request.ranker {
            RankerChoice::Linear => Ranker::Linear,
            RankerChoice::Standardised => Ranker::Standardised { dense_weight: info.dense_weight },
            RankerChoice::Rrf => Ranker::ReciprocalRank,
        },
        lexical: if request.mode == Mode::Dense { 0.0 } else { request.weights.lexical },
        dense: if dense { request.weights.dense } else { 0.0 },
        dense_trust: if dense { 1.0 } else { 0.0 },
        explain: request.explain,
    }
}

/// The ranked passages to hydrate, in the order to show them.
fn choose(candidates: &Candidates, ranked: &[Ranked], request: &SearchRequest) -> Vec<Ranked> {
    let wanted = request.k + SPARE;
    if request.diversity <= 0.0 {
        return ranked.iter().take(wanted).cloned().collect();
    }
    let pool: Vec<&Ranked> = ranked.iter().take(DIVERSITY_POOL.max(wanted)).collect();
    let best = pool.first().map_or(0.0, |ranked| ranked.score);
    let worst = pool.last().map_or(0.0, |ranked| ranked.score);
    let spread = (best - worst).max(f32::EPSILON);
    let passages: Vec<diversity::Passage> = pool
        .iter()
        .map(|ranked| diversity::Passage {
            score: (ranked.score - worst) / spread,
            stems: stems_of(candidates, ranked.index),
        })
        .collect();
    let order = diversity::order(&passages, request.diversity, wanted);
    order.into_iter().filter_map(|position| pool.get(position).map(|ranked| (*ranked).clone())).collect()
}

fn stems_of(candidates: &Candidates, index: usize) -> HashSet<u32> {
    let range = candidates.items.get(index).map(|item| item.terms.clone()).unwrap_or_default();
    let packed = candidates.terms.get(range).unwrap_or_default();
    packed.iter().map(|&packed| Term::from_packed(packed).stem()).collect()
}

fn explanation(ranked: &Ranked, candidates: &Candidates) -> Option<Explanation> {
    let shares = ranked.shares.as_ref()?;
    let item = candidates.items.get(ranked.index)?;
    let leg =
        |leg: Option<quarry_index::Leg>| leg.map(|leg| LegExplanation { rank: leg.rank, score: leg.score });
    let features = shares
        .iter()
        .map(|share| Share { feature: share.feature.to_owned(), value: share.value, share: share.share })
        .collect();
    Some(Explanation { lexical: leg(item.lexical), dense: leg(item.dense), features })
}

/// Inverse document frequencies of the question's stems. Without a lexical leg nothing is known and each counts one.
fn stem_weights(stems: &[u32], searched: &[u32], candidates: &Candidates) -> Vec<(u32, f32)> {
    let chunks = candidates.chunks as f32;
    let weight = |stem: &u32| {
        let place = searched.iter().position(|searched| searched == stem)?;
        let frequency = *candidates.frequencies.get(place)? as f32;
        Some((1.0 + (chunks - frequency + 0.5).max(0.5) / (frequency + 0.5)).ln())
    };
    stems.iter().map(|stem| (*stem, weight(stem).unwrap_or(1.0))).collect()
}
