//! Answers to questions: quotes, or a model's words with what they rest on.

use quarry_core::CollectionName;
use quarry_engine::agent::{RunAnswer, RunCitation, source::Source as Passage};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Hit, Source, Span, Usage};

/// An answer.
///
/// Of an extractive answer every sentence is quoted from a document. A model's answer is in its own words; each
/// sentence says what it cites and how well that supports it.
#[derive(Clone, Debug, ToSchema)]
pub struct Answer {
    /// Its id in the history; only of an extractive answer.
    pub query_id: Option<Uuid>,
    /// Its id among the runs; only of a model's answer.
    pub run_id: Option<Uuid>,
    /// The collection asked.
    pub collection: String,
    /// The question.
    pub question: String,
    /// Whether the documents answer it.
    pub answered: bool,
    /// The answer with `[n]` marks, or the sentence that says the documents do not answer.
    #[schema(example = "The moon raises the sea twice a day. [1]")]
    pub answer: String,
    /// How sure the answerer is that the documents answer, 0 to 1; only of an extractive answer.
    pub confidence: Option<f32>,
    /// Best first, of an extractive answer; when that is not answered, the closest sentences, which it does not claim.
    /// Of a model's answer its sentences in order.
    pub sentences: Vec<Sentence>,
    /// What is cited.
    pub citations: Vec<Citation>,
    /// The passages it was chosen from, best first; only of an extractive answer.
    pub hits: Option<Vec<Hit>>,
    /// The passages the model was given, best first; only of a model's answer.
    pub sources: Option<Vec<Source>>,
    /// Who wrote it: `extractive`, or the configured name of a model.
    #[schema(example = "extractive")]
    pub answerer: String,
    /// The same; only where a model was asked.
    pub model: Option<String>,
    /// Whether no model could answer, so that the answer is extractive; only where a model was asked.
    pub degraded: Option<bool>,
    /// Why.
    pub degraded_reason: Option<String>,
    /// Tokens; only where a model was asked.
    pub usage: Option<Usage>,
    /// Money; only where a model was asked.
    pub cost: Option<f64>,
    /// Milliseconds it took.
    pub took_ms: f64,
}

/// One sentence of an answer.
#[derive(Clone, Debug, ToSchema)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// The number of the citation that supports it; absent where a model's sentence cites nothing.
    pub citation: Option<u32>,
    /// Comparable within one answer only; only of an extractive answer.
    pub score: Option<f32>,
    /// All numbers it cites; only of a model's answer.
    pub citations: Option<Vec<u32>>,
    /// How well what it cites supports it, 0 to 1; only of a model's answer.
    pub support: Option<f32>,
    /// Whether that is enough; only of a model's answer.
    pub supported: Option<bool>,
}

/// Where a sentence of an answer comes from.
#[derive(Clone, Debug, ToSchema)]
pub struct Citation {
    /// The number that stands in the answer as `[n]`, from 1.
    pub number: u32,
    /// The document.
    pub document_id: Uuid,
    /// The passage: `<document>.<version>.<ordinal>`.
    pub chunk_id: String,
    /// The document's title.
    pub title: String,
    /// Where the document came from.
    pub source: String,
    /// The page, from 1, where the format has pages.
    pub page: Option<u32>,
    /// Where the quote stands in the document's text.
    pub span: Span,
    /// The words themselves.
    pub quote: String,
}

/// A model's answer, in the shape of an [`Answer`].
#[derive(Serialize)]
pub(crate) struct ModelAnswer {
    run_id: quarry_core::RunId,
    collection: CollectionName,
    question: String,
    answered: bool,
    answer: String,
    sentences: Vec<ModelSentence>,
    citations: Vec<RunCitation>,
    sources: Vec<Passage>,
    answerer: String,
    model: String,
    degraded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    degraded_reason: Option<String>,
    usage: quarry_engine::Usage,
    cost: f64,
    took_ms: f64,
}

/// A model's sentence, in the shape of a [`Sentence`].
#[derive(Serialize)]
struct ModelSentence {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    citation: Option<u32>,
    citations: Vec<u32>,
    support: f32,
    supported: bool,
}

impl ModelAnswer {
    pub(crate) fn new(
        collection: CollectionName,
        question: String,
        answer: RunAnswer,
        sources: Vec<Passage>,
    ) -> Self {
        let text = &answer.text;
        let sentence = |sentence: quarry_engine::agent::RunSentence| ModelSentence {
            text: slice(text, sentence.span),
            citation: sentence.citations.first().copied(),
            citations: sentence.citations,
            support: sentence.support,
            supported: sentence.supported,
        };
        Self {
            sentences: answer.sentences.into_iter().map(sentence).collect(),
            run_id: answer.run_id,
            collection,
            question,
            answered: answer.answered,
            answer: answer.text,
            citations: answer.citations,
            sources,
            answerer: answer.model.clone(),
            model: answer.model,
            degraded: answer.degraded,
            degraded_reason: answer.degraded_reason,
            usage: answer.usage,
            cost: answer.cost,
            took_ms: answer.took_ms,
        }
    }
}

/// Characters of a text.
fn slice(text: &str, span: quarry_core::Span) -> String {
    let length = span.end.saturating_sub(span.start) as usize;
    text.chars().skip(span.start as usize).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::slice;
    use quarry_core::Span;

    #[test]
    fn a_sentence_is_cut_by_characters() {
        assert_eq!(slice("\u{e9}t\u{e9}. Next.", Span { start: 5, end: 10 }), "Next.");
        assert_eq!(slice("short", Span { start: 3, end: 1 }), "");
    }
}
