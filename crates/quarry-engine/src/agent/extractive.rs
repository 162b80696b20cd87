//! The extractive answer within a run: quotes, with the numbers of the run's passages.

use quarry_core::CollectionName;

use super::{
    event::RunAnswer,
    prompt::REFUSAL,
    run::Work,
    source::{Source, Sources},
};
use crate::{
    agent::run::Extracted,
    answer::{Answer, AnswerRequest},
    retrieve::SearchRequest,
};

/// Collections that are looked into: each is a search.
const MOST: usize = 8;

/// Asks every collection of the run and takes the surest answer. What fails is passed over: this is what is left when
/// everything else has failed.
pub(crate) async fn extract(work: &Work) -> Extracted {
    let mut best: Option<Answer> = None;
    let mut asked = false;
    for collection in work.plan.definition.collections.iter().take(MOST) {
        let request = AnswerRequest { search: search(work, collection), sentences: 3 };
        let Ok(answer) = work.engine.answer(&work.access, request).await else { continue };
        asked = true;
        let better = best.as_ref().is_none_or(|best| {
            (answer.answered, answer.confidence).partial_cmp(&(best.answered, best.confidence))
                == Some(std::cmp::Ordering::Greater)
        });
        if better {
            best = Some(answer);
        }
    }
    match best {
        Some(answer) if answer.answered => Extracted { text: written(work, &answer), answered: true },
        _ if asked => Extracted { text: REFUSAL.to_owned(), answered: false },
        _ => Extracted {
            text: "No answer could be given: no model answered and there are no documents to quote from."
                .to_owned(),
            answered: false,
        },
    }
}

fn search(work: &Work, collection: &CollectionName) -> SearchRequest {
    let question: String = work.plan.input.chars().take(SearchRequest::MAX_QUERY).collect();
    let plain = SearchRequest::new(collection.clone(), question);
    let mut search = work.search.clone().unwrap_or(plain);
    search.collection = collection.clone();
    search.filter.clone_from(&work.plan.filter);
    search.record = false;
    search
}

/// What a check of quotes need not find out: every sentence of them is its passage's own, and rests on the number behind
/// the quote it belongs to.
pub(crate) fn quoted(answer: &mut RunAnswer, sources: &Sources) {
    let mut behind: Vec<u32> = Vec::new();
    for sentence in answer.sentences.iter_mut().rev() {
        if sentence.citations.is_empty() {
            sentence.citations.clone_from(&behind);
        } else {
            behind.clone_from(&sentence.citations);
        }
        (sentence.support, sentence.supported) = (1.0, true);
    }
    for citation in &mut answer.citations {
        if let Some(source) = sources.find(citation.number) {
            (citation.quote, citation.span) = (source.text, source.span);
        }
    }
}

/// The quotes with the run's numbers: each quote becomes a passage of the run, so that its number leads to just that.
fn written(work: &Work, answer: &Answer) -> String {
    let mut text = String::new();
    for sentence in &answer.sentences {
        let Some(citation) = answer.citations.iter().find(|citation| citation.number == sentence.citation)
        else {
            continue;
        };
        let source = Source {
            number: 0,
            collection: answer.collection.clone(),
            document_id: citation.document_id,
            chunk_id: citation.chunk_id,
            title: citation.title.clone(),
            source: citation.source.clone(),
            page: citation.page,
            span: citation.span,
            text: citation.quote.clone(),
        };
        let number = work.sources.add(source);
        let gap = if text.is_empty() { "" } else { " " };
        text.push_str(&format!("{gap}{} [{number}]", sentence.text));
    }
    text
}
