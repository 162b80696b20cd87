//! One question, from the search to the cited answer.

use std::{fmt::Write, time::Instant};

use quarry_core::{Access, QueryId, Span};
use quarry_models::StaticTable;

use super::{
    evidence,
    extract::{self, Question, Scored},
    quote::{Quote, quotes},
    types::{Answer, AnswerRequest, Citation, Sentence},
    weights::{AnswerWeights, Prepared},
};
use crate::{
    engine::Inner,
    error::EngineError,
    events, history,
    retrieve::{self, Found, Hit},
};

/// What is said when the documents do not answer.
const NOT_ANSWERED: &str = "The documents do not answer this.";

/// Sentences of a question, best first, with the confidence that the documents answer.
pub(crate) struct Judged {
    pub(crate) confidence: f32,
    pub(crate) best: Vec<(f32, Scored)>,
}

/// Answers and records the question.
pub(crate) async fn answer(
    inner: &Inner,
    access: &Access,
    request: AnswerRequest,
) -> Result<Answer, EngineError> {
    if !(1..=AnswerRequest::MAX_SENTENCES).contains(&request.sentences) {
        let problem =
            format!("`sentences` must be 1 to {}, not {}", AnswerRequest::MAX_SENTENCES, request.sentences);
        return Err(EngineError::invalid("invalid_query", "/sentences", problem));
    }
    let started = Instant::now();
    let query_id = QueryId::new();
    let mut search = request.search;
    let wanted = search.k;
    search.k = search.k.max(inner.settings.answer.passages);
    let mut found = retrieve::find(inner, access, &search).await?;
    let judged =
        judge(&inner.table, &found, (&search.query, inner.settings.answer.passages), Prepared::embedded());
    let threshold = inner.settings.answer.threshold.unwrap_or(AnswerWeights::embedded().threshold);
    let answered = !judged.best.is_empty() && judged.confidence >= threshold;
    let (sentences, citations) = quote(&judged, &found.hits, request.sentences);
    let text = if answered { written(&sentences) } else { NOT_ANSWERED.to_owned() };
    found.hits.truncate(wanted);
    let took = started.elapsed();
    events::searched("answer", took, found.hits.len());
    if search.record {
        let asked = history::Asked {
            id: query_id,
            kind: "query",
            collection: &found.collection,
            question: &search.query,
        };
        history::record(inner, access, asked, (&found.hits, Some((&text, answered))), took);
    }
    Ok(Answer {
        query_id,
        collection: search.collection,
        question: search.query,
        answered,
        answer: text,
        confidence: judged.confidence,
        sentences,
        citations,
        hits: found.hits,
        answerer: quarry_models::EXTRACTIVE.to_owned(),
        took_ms: took.as_secs_f64() * 1_000.0,
    })
}

/// The question as the answerer reads it, and the features of every sentence of the first passages.
pub(crate) fn read(
    table: &StaticTable,
    found: &Found,
    (text, passages): (&str, usize),
) -> (Question, Vec<Scored>) {
    // The static table knows English only; for other languages similarity would be noise.
    let vector = (found.query.language == "eng").then(|| embed(table, text));
    let question = Question::new(text, &found.query.language, found.weights.clone(), vector);
    let hits = found.hits.get(..passages.min(found.hits.len())).unwrap_or_default();
    let similarity = |sentence: &str, vector: &[f32]| -> f32 {
        embed(table, sentence).iter().zip(vector).map(|(one, other)| one * other).sum()
    };
    let scored = extract::sentences(&question, hits, &found.cosines, &similarity);
    (question, scored)
}

fn embed(table: &StaticTable, text: &str) -> Vec<f32> {
    let mut vector = Vec::new();
    table.embed_into(text, &mut vector);
    vector
}

fn judge(table: &StaticTable, found: &Found, asked: (&str, usize), weights: &Prepared) -> Judged {
    let (question, scored) = read(table, found, asked);
    let confidence = weights.confidence(&evidence::features(&question, &found.hits, &found.cosines, &scored));
    let mut best: Vec<(f32, Scored)> =
        scored.into_iter().map(|sentence| (weights.score(&sentence.features), sentence)).collect();
    best.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.hit.cmp(&other.1.hit)));
    Judged { confidence, best }
}

/// Quotes looked at beyond those asked for.
const SPARE: usize = 5;

/// The best quotes with their citations; one that says the same words as a better one is left out.
fn quote(judged: &Judged, hits: &[Hit], most: usize) -> (Vec<Sentence>, Vec<Citation>) {
    let mut sentences: Vec<Sentence> = Vec::new();
    let mut citations: Vec<Citation> = Vec::new();
    // A few more than asked for, since the same words in another document are left out.
    for quote in quotes(&judged.best, most + SPARE) {
        if sentences.len() == most {
            break;
        }
        let Some(hit) = hits.get(quote.hit) else { continue };
        let Some((span, text)) = cut(hit, &quote) else { continue };
        if citations.iter().any(|citation| citation.quote == text) {
            continue;
        }
        let number = u32::try_from(citations.len() + 1).unwrap_or(u32::MAX);
        sentences.push(Sentence {
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            citation: number,
            score: quote.score,
        });
        citations.push(Citation {
            number,
            document_id: hit.document_id,
            chunk_id: hit.chunk_id,
            title: hit.title.clone(),
            source: hit.source.clone(),
            page: hit.page,
            span,
            quote: text,
        });
    }
    (sentences, citations)
}

/// A quote's text without the space around it, and where it stands in the document's parsed text.
fn cut(hit: &Hit, quote: &Quote) -> Option<(Span, String)> {
    let raw = hit.text.get(quote.range.clone())?;
    let text = raw.trim();
    let lead = raw.len() - raw.trim_start().len();
    let before = hit.text.get(..quote.range.start + lead)?.chars().count();
    let start = hit.span.start + u32::try_from(before).ok()?;
    let end = start + u32::try_from(text.chars().count()).ok()?;
    Some((Span { start, end }, text.to_owned()))
}

fn written(sentences: &[Sentence]) -> String {
    let mut text = String::new();
    for sentence in sentences {
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{} [{}]", sentence.text, sentence.citation);
    }
    text
}
