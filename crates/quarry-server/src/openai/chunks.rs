//! A run as chunks of a chat completion.
//!
//! A run may take back what was said: text that turns out to stand beside a call of a tool, or that came before a model
//! broke off. A chunk cannot be taken back, so what follows begins a new paragraph, and the last chunk has the answer as a
//! whole where it is not what the stream said.

use std::collections::VecDeque;

use axum::response::{Response, sse::Event};
use futures::{Stream, StreamExt, stream};
use quarry_core::RunId;
use quarry_engine::agent::{AgentEvent, RunAnswer, RunEvents, RunHandle};
use serde_json::{Value, json};

use super::{
    failure::failure,
    wire::{
        AnswerExtension, ChatCompletionChunk, ChunkChoice, ChunkDelta, TokenUsage, created, finish_reason, id,
    },
};
use crate::{ending, events, middleware::Place, problem::Problem, sse};

/// How a stream is written.
pub(super) struct Manner {
    /// The agent, as the client named it.
    pub(super) agent: String,
    /// Whether chunks say the usage.
    pub(super) counts: bool,
}

/// The stream of a run.
pub(super) fn response(handle: &RunHandle, manner: Manner, place: Place) -> Response {
    let writer = Writer::new(handle.run_id(), manner);
    sse::response(chunks(handle.events(0), writer).map(|chunk| data(&chunk)).boxed(), place)
}

/// What is written, one event each.
#[derive(Debug, PartialEq)]
enum Line {
    Chunk(Value),
    Done,
}

fn data(line: &Line) -> Event {
    match line {
        Line::Chunk(chunk) => sse::data(chunk),
        Line::Done => Event::default().data("[DONE]"),
    }
}

fn chunks(events: RunEvents, writer: Writer) -> impl Stream<Item = Line> + Send {
    stream::unfold((events, writer), |(mut events, mut writer)| async move {
        loop {
            if let Some(line) = writer.lines.pop_front() {
                return Some((line, (events, writer)));
            }
            if writer.over {
                return None;
            }
            match events.next().await {
                Some((_, event)) => writer.hear(event),
                None => writer.end(),
            }
        }
    })
}

/// What was written so far, and what is to be written next.
struct Writer {
    run: RunId,
    manner: Manner,
    /// The answer so far.
    answer: String,
    /// Something was said that was taken back.
    taken_back: bool,
    /// The same, and nothing was said since.
    gap: bool,
    /// The calls that wait for a person.
    waiting: Vec<(String, String)>,
    lines: VecDeque<Line>,
    over: bool,
}

impl Writer {
    fn new(run: RunId, manner: Manner) -> Self {
        let (answer, waiting, lines) = (String::new(), Vec::new(), VecDeque::new());
        let mut writer =
            Self { run, manner, answer, taken_back: false, gap: false, waiting, lines, over: false };
        let (role, content) = (Some("assistant"), Some(String::new()));
        writer.delta(ChunkDelta { role, content });
        writer
    }

    fn hear(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::Said { text } => self.say(&text),
            AgentEvent::Step { .. }
            | AgentEvent::Thought { .. }
            | AgentEvent::ToolCalled { .. }
            | AgentEvent::Degraded { .. }
                if !self.answer.is_empty() =>
            {
                (self.taken_back, self.gap) = (true, true);
                self.answer.clear();
            }
            AgentEvent::ApprovalRequired { call_id, tool, .. } => self.waiting.push((call_id, tool)),
            AgentEvent::ApprovalDecided { call_id, .. } => {
                self.waiting.retain(|(known, _)| *known != call_id)
            }
            AgentEvent::Finished(answer) => self.finish(&answer),
            AgentEvent::Failed { code, message } => self.fail(ending::failed(code, message)),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.answer.push_str(text);
        let gap = if std::mem::take(&mut self.gap) { "\n\n" } else { "" };
        let content = Some(format!("{gap}{text}"));
        self.delta(ChunkDelta { role: None, content });
    }

    fn finish(&mut self, answer: &RunAnswer) {
        if let Some(rest) = answer.text.strip_prefix(self.answer.as_str()).map(str::to_owned) {
            self.say(&rest);
        }
        let mut own = AnswerExtension::of(answer);
        let said_otherwise = self.taken_back || self.answer.trim() != answer.text.trim();
        own.answer = said_otherwise.then(|| answer.text.clone());
        let mut last = self.chunk();
        last.choices = vec![ChunkChoice {
            index: 0,
            delta: ChunkDelta::default(),
            finish_reason: Some(finish_reason(answer)),
        }];
        last.citations = Some(answer.citations.clone());
        last.quarry = Some(own);
        self.push(&last);
        if self.manner.counts {
            let mut counted = self.chunk();
            counted.usage = Some(Some(TokenUsage::of(answer)));
            self.push(&counted);
        }
        self.close();
    }

    fn fail(&mut self, problem: Problem) {
        if let Some(cause) = problem.cause() {
            events::failed(problem.code(), cause, &self.run.to_string());
        }
        self.push(&failure(problem));
        self.close();
    }

    /// The run has nothing more to say, and no answer.
    fn end(&mut self) {
        let problem = match self.waiting.first() {
            Some((_, tool)) => needs_approval(tool, self.run),
            None => Problem::internal("a run ended without a word"),
        };
        self.fail(problem);
    }

    fn close(&mut self) {
        self.lines.push_back(Line::Done);
        self.over = true;
    }

    fn delta(&mut self, delta: ChunkDelta) {
        let mut chunk = self.chunk();
        chunk.choices = vec![ChunkChoice { index: 0, delta, finish_reason: None }];
        self.push(&chunk);
    }

    fn chunk(&self) -> ChatCompletionChunk {
        ChatCompletionChunk {
            id: id(self.run),
            object: "chat.completion.chunk",
            created: created(self.run),
            model: self.manner.agent.clone(),
            choices: Vec::new(),
            usage: self.manner.counts.then_some(None),
            citations: None,
            quarry: None,
        }
    }

    fn push<T: serde::Serialize>(&mut self, chunk: &T) {
        self.lines.push_back(Line::Chunk(serde_json::to_value(chunk).unwrap_or_else(|_| json!({}))));
    }
}

/// This dialect has no word for a run that waits.
pub(super) fn needs_approval(tool: &str, run: RunId) -> Problem {
    let detail = format!(
        "the agent wants to call `{tool}`, which needs approval: decide with `POST /v1/runs/{run}/approvals`, which \
         gives the answer"
    );
    Problem::new(axum::http::StatusCode::CONFLICT, "approval_required", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> AgentEvent {
        AgentEvent::Said { text: text.to_owned() }
    }

    fn finished(run: RunId, text: &str) -> AgentEvent {
        let answer = json!({
            "run_id": run, "text": text, "answered": true, "citations": [], "sentences": [], "model": "m",
            "degraded": false, "usage": {"prompt_tokens": 3, "completion_tokens": 2, "estimated": false},
            "cost": 0.0, "steps": 1, "took_ms": 1.0
        });
        AgentEvent::Finished(serde_json::from_value(answer).unwrap())
    }

    async fn written(run: RunId, counts: bool, events: Vec<AgentEvent>) -> Vec<Line> {
        let manner = Manner { agent: "default".to_owned(), counts };
        let events = stream::iter(events).enumerate().map(|(place, event)| (place as u64 + 1, event)).boxed();
        chunks(events, Writer::new(run, manner)).collect().await
    }

    fn content(lines: &[Line]) -> String {
        let text = |line: &Line| match line {
            Line::Chunk(chunk) => chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned),
            Line::Done => None,
        };
        lines.iter().filter_map(text).collect()
    }

    #[tokio::test]
    async fn an_answer_comes_in_chunks_and_ends_with_usage() {
        let run = RunId::new();
        let lines = written(run, true, vec![said("The "), said("moon."), finished(run, "The moon.")]).await;
        assert_eq!(content(&lines), "The moon.");
        assert_eq!(lines.last(), Some(&Line::Done));
        let chunks: Vec<&Value> = lines
            .iter()
            .filter_map(|line| match line {
                Line::Chunk(chunk) => Some(chunk),
                Line::Done => None,
            })
            .collect();
        assert_eq!(chunks.len(), 5);
        assert_eq!(chunks[0]["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
        assert_eq!(
            (&chunks[3]["choices"][0]["finish_reason"], &chunks[3]["usage"]),
            (&json!("stop"), &Value::Null)
        );
        assert_eq!((&chunks[3]["citations"], &chunks[3]["quarry"]["answer"]), (&json!([]), &Value::Null));
        assert_eq!((&chunks[4]["choices"], &chunks[4]["usage"]["total_tokens"]), (&json!([]), &json!(5)));
        let second = chunks[1]["created"].as_u64().unwrap();
        assert!(second > 1_700_000_000, "{second}");
        let plain = written(run, false, vec![said("a"), finished(run, "a")]).await;
        assert!(plain.iter().all(|line| !matches!(line, Line::Chunk(chunk) if chunk.get("usage").is_some())));
    }

    #[tokio::test]
    async fn what_is_taken_back_is_set_apart_and_the_answer_told_as_a_whole() {
        let run = RunId::new();
        let thought = AgentEvent::Thought { text: "Let me look.".to_owned() };
        let lines = written(
            run,
            false,
            vec![said("Let me look."), thought, said("It is "), finished(run, "It is so.")],
        )
        .await;
        assert_eq!(content(&lines), "Let me look.\n\nIt is so.");
        let Line::Chunk(last) = &lines[lines.len() - 2] else { panic!("no chunk") };
        assert_eq!(last["quarry"]["answer"], "It is so.");
        let degraded = AgentEvent::Degraded { reason: "down".to_owned() };
        let lines = written(run, false, vec![said("It"), degraded, finished(run, "Quoted. [1]")]).await;
        assert_eq!(content(&lines), "It\n\nQuoted. [1]");
        let lines = written(run, false, vec![said("So [9]."), finished(run, "So.")]).await;
        let Line::Chunk(last) = &lines[lines.len() - 2] else { panic!("no chunk") };
        assert_eq!(last["quarry"]["answer"], "So.");
    }

    #[tokio::test]
    async fn a_run_that_fails_or_waits_says_so_in_the_stream() {
        let run = RunId::new();
        let failed = AgentEvent::Failed {
            code: "run_cancelled".to_owned(),
            message: "the run was cancelled".to_owned(),
        };
        let lines = written(run, false, vec![said("It"), failed]).await;
        let Line::Chunk(error) = &lines[2] else { panic!("no chunk") };
        assert_eq!(error["error"]["code"], "run_cancelled");
        assert_eq!(lines[3], Line::Done);
        let asks = AgentEvent::ApprovalRequired {
            call_id: "c".to_owned(),
            tool: "send".to_owned(),
            arguments: json!({}),
        };
        let lines = written(run, false, vec![asks]).await;
        let Line::Chunk(error) = &lines[1] else { panic!("no chunk") };
        assert_eq!(error["error"]["code"], "approval_required");
        assert!(error["error"]["message"].as_str().unwrap().contains("`send`"));
    }
}
