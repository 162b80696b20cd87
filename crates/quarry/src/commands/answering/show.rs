//! An answer and what it rests on.

use quarry_core::Span;
use quarry_engine::{
    Citation,
    agent::{RunAnswer, RunCitation, source::Source},
};
use serde_json::{Value, json};

use super::{Telling, Told};
use crate::output::{Output, count, short};

/// Where a number of an answer leads, whoever wrote the answer.
pub(crate) struct Cited<'a> {
    number: u32,
    title: &'a str,
    source: &'a str,
    page: Option<u32>,
    span: Span,
    quote: &'a str,
}

impl<'a> From<&'a Citation> for Cited<'a> {
    fn from(of: &'a Citation) -> Self {
        let Citation { number, title, source, page, span, quote, .. } = of;
        Self { number: *number, title, source, page: *page, span: *span, quote }
    }
}

impl<'a> From<&'a RunCitation> for Cited<'a> {
    fn from(of: &'a RunCitation) -> Self {
        let RunCitation { number, title, source, page, span, quote, .. } = of;
        Self { number: *number, title, source, page: *page, span: *span, quote }
    }
}

impl<'a> From<&'a Source> for Cited<'a> {
    fn from(of: &'a Source) -> Self {
        let Source { number, title, source, page, span, text, .. } = of;
        Self { number: *number, title, source, page: *page, span: *span, quote: text }
    }
}

/// `[1] Title — path, page 3, chars 120–260: "quote"`; a document without a title is named by its path alone.
pub(crate) fn cited<'a>(out: &Output, cited: impl Into<Cited<'a>>) -> String {
    let cited = cited.into();
    let page = cited.page.map(|page| format!(", page {page}")).unwrap_or_default();
    let place = format!("{}{page}, chars {}–{}", cited.source, cited.span.start, cited.span.end);
    let title =
        if cited.source.ends_with(cited.title) { String::new() } else { format!("{} — ", cited.title) };
    format!("[{}] {title}{}: \"{}\"\n", cited.number, out.dim(&place), short(cited.quote, 300))
}

/// All passages of a run, cited or not.
pub(crate) fn retrieved(out: &Output, sources: &[Source]) -> String {
    sources.iter().map(|source| cited(out, source)).collect()
}

/// `search "bridge"`, or the arguments as they are where they are more than one text.
pub(crate) fn call(tool: &str, arguments: &Value) -> String {
    let only = arguments.as_object().filter(|fields| fields.len() == 1);
    let text = only.and_then(|fields| fields.values().next()).and_then(Value::as_str);
    match text {
        Some(text) => format!("{tool} \"{}\"", short(text, 120)),
        None => format!("{tool} {}", short(&arguments.to_string(), 200)),
    }
}

/// What is left to show of a run that has answered: its text, unless it was told already, its sources, and what it took.
pub(crate) fn shown(out: &Output, telling: &mut Telling, answer: &RunAnswer) -> String {
    let mut text = telling.end(answer);
    if !answer.citations.is_empty() {
        text.push('\n');
    }
    for citation in &answer.citations {
        text.push_str(&cited(out, citation));
    }
    for remark in remarks(answer) {
        text.push_str(&format!("\n{remark}"));
    }
    text.push_str(&out.dim(&format!("\n{}", took(answer))));
    text + "\n"
}

fn remarks(answer: &RunAnswer) -> Vec<String> {
    let mut remarks = Vec::new();
    if answer.degraded {
        let reason = answer.degraded_reason.as_deref().unwrap_or("no reason was given");
        remarks.push(format!("degraded: {reason}\n"));
    }
    if let Some(budget) = &answer.stopped_by {
        remarks.push(format!("ended early: the budget `{budget}` was used up\n"));
    }
    let unsupported = answer.sentences.iter().filter(|sentence| !sentence.supported);
    let quotes: Vec<String> = unsupported
        .map(|sentence| format!("  \"{}\"\n", short(&part(&answer.text, sentence.span), 200)))
        .collect();
    // An answer that refuses claims nothing.
    if answer.answered && !quotes.is_empty() {
        let what = count(quotes.len(), "sentence");
        remarks.push(format!("not supported by what is cited ({what}):\n{}", quotes.concat()));
    }
    remarks
}

fn part(text: &str, span: Span) -> String {
    let (start, end) = (span.start as usize, span.end as usize);
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

fn took(answer: &RunAnswer) -> String {
    let mut parts = vec![answer.model.clone()];
    if answer.steps > 0 {
        parts.push(count(answer.steps as usize, "step"));
        let tokens = answer.usage.prompt_tokens + answer.usage.completion_tokens;
        parts.push(format!("{tokens} tokens"));
    }
    if answer.cost > 0.0 {
        parts.push(format!("{:.6}", answer.cost));
    }
    parts.push(format!("{:.1} ms", answer.took_ms));
    parts.push(format!("run {}", answer.run_id));
    parts.join(", ")
}

/// A run's answer as JSON, in the shape of an answer of `POST /v1/query`, with what a run has beside it.
pub(crate) fn report(question: &str, told: &Told) -> Value {
    let Some(answer) = &told.answer else { return waiting(question, told) };
    let mut value = json!(answer);
    let Some(fields) = value.as_object_mut() else { return value };
    if let Some(sentences) = fields.get_mut("sentences").and_then(Value::as_array_mut) {
        for (written, sentence) in sentences.iter_mut().zip(&answer.sentences) {
            if let Some(fields) = written.as_object_mut() {
                fields.insert("text".to_owned(), part(&answer.text, sentence.span).into());
            }
        }
    }
    let text = fields.remove("text").unwrap_or_default();
    fields.insert("question".to_owned(), question.into());
    fields.insert("answer".to_owned(), text);
    fields.insert("answerer".to_owned(), answer.model.clone().into());
    fields.insert("sources".to_owned(), json!(told.sources));
    if let Some(session) = told.session {
        fields.insert("session_id".to_owned(), json!(session));
    }
    value
}

fn waiting(question: &str, told: &Told) -> Value {
    let calls = told
        .waiting
        .iter()
        .map(|call| json!({"call_id": call.call, "tool": call.tool, "arguments": call.arguments}));
    json!({
        "run_id": told.run, "session_id": told.session, "question": question, "state": "waiting",
        "waiting": calls.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use quarry_core::{RunId, Span};
    use quarry_engine::agent::{RunAnswer, RunSentence};
    use quarry_models::chat::Usage;
    use serde_json::json;

    use super::{Told, call, report, shown};
    use crate::{commands::answering::Telling, output::Output};

    pub(in crate::commands::answering) fn answer(text: &str) -> RunAnswer {
        RunAnswer {
            run_id: RunId::new(),
            text: text.to_owned(),
            answered: true,
            citations: Vec::new(),
            sentences: Vec::new(),
            model: "fast".to_owned(),
            degraded: false,
            degraded_reason: None,
            stopped_by: None,
            usage: Usage { prompt_tokens: 10, completion_tokens: 5, estimated: false },
            cost: 0.0,
            steps: 1,
            took_ms: 2.0,
        }
    }

    #[test]
    fn a_call_of_one_text_reads_like_words() {
        assert_eq!(call("search", &json!({"query": "bridge"})), "search \"bridge\"");
        assert_eq!(call("search", &json!({"k": 3, "query": "b"})), r#"search {"k":3,"query":"b"}"#);
        assert_eq!(call("current_time", &json!({})), "current_time {}");
    }

    #[test]
    fn what_speaks_against_an_answer_is_shown_with_it() {
        let mut answer = answer("It is long. It is red.");
        answer.sentences = vec![
            RunSentence {
                span: Span { start: 0, end: 11 },
                citations: vec![],
                support: 0.9,
                supported: true,
            },
            RunSentence {
                span: Span { start: 12, end: 22 },
                citations: vec![],
                support: 0.1,
                supported: false,
            },
        ];
        answer.stopped_by = Some("steps".to_owned());
        answer.degraded = true;
        answer.degraded_reason = Some("it is down".to_owned());
        let text = shown(&Output::new(false, true, 0), &mut Telling::silent(), &answer);
        let (before, _) = text.split_once(", run ").unwrap();
        assert_eq!(
            before,
            "It is long. It is red.\n\ndegraded: it is down\n\nended early: the budget `steps` was used up\n\n\
             not supported by what is cited (1 sentence):\n  \"It is red.\"\n\nfast, 1 step, 15 tokens, 2.0 ms"
        );
    }

    #[test]
    fn the_report_has_the_names_of_the_api() {
        let told = Told { answer: Some(answer("84 metres.")), ..Told::default() };
        let report = report("How long?", &told);
        assert_eq!(report["answer"], "84 metres.");
        assert_eq!(report["question"], "How long?");
        assert!(report.get("text").is_none());
    }
}
