//! What is heard of a run, from its first event to its last.

use futures::StreamExt;
use quarry_core::{RunId, SessionId};
use quarry_engine::agent::{AgentEvent, RunAnswer, source::Source};
use serde_json::Value;

use super::Telling;
use crate::{
    backend::RunStream,
    failure::{Exit, Failure, Outcome},
    output::Output,
};

/// A call that waits for a person.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) call: String,
    pub(crate) tool: String,
    pub(crate) arguments: Value,
}

/// What was heard of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) run: Option<RunId>,
    pub(crate) session: Option<SessionId>,
    /// The number of the last event.
    pub(crate) last: u64,
    /// Calls that nobody has decided about yet.
    pub(crate) waiting: Vec<Waiting>,
    /// Every passage that came in.
    pub(crate) sources: Vec<Source>,
    pub(crate) answer: Option<RunAnswer>,
}

impl Told {
    /// What a run says in all, where nobody watches.
    pub(crate) async fn of(stream: RunStream) -> Outcome<Self> {
        let mut told = Self::default();
        told.hear(stream, &mut Telling::silent(), &Output::new(true, true, 0)).await?;
        Ok(told)
    }

    /// Hears a stream to its end and tells what comes. Afterwards there is an answer, or calls wait.
    pub(crate) async fn hear(
        &mut self,
        mut stream: RunStream,
        telling: &mut Telling,
        out: &Output,
    ) -> Outcome<()> {
        while let Some(heard) = stream.next().await {
            let (number, event) = heard?;
            self.last = number;
            let words = telling.hear(&event);
            if !words.is_empty() {
                out.raw(&words);
            }
            self.take(event)?;
        }
        if self.answer.is_none() && self.waiting.is_empty() {
            let text = "the run ended without an answer: the connection was lost, or it was stopped";
            return Err(Failure::new(Exit::Unavailable, "run_cut", text));
        }
        Ok(())
    }

    fn take(&mut self, event: AgentEvent) -> Outcome<()> {
        match event {
            AgentEvent::Started { run_id, session_id, .. } => {
                self.run = Some(run_id);
                self.session = session_id;
            }
            AgentEvent::Retrieved { sources, .. } => self.sources.extend(sources),
            AgentEvent::ApprovalRequired { call_id, tool, arguments } => {
                self.waiting.push(Waiting { call: call_id, tool, arguments });
            }
            AgentEvent::ApprovalDecided { call_id, .. } => {
                self.waiting.retain(|waiting| waiting.call != call_id);
            }
            AgentEvent::Finished(answer) => {
                self.run = Some(answer.run_id);
                self.answer = Some(*answer);
            }
            AgentEvent::Failed { code, message } => return Err(failed(&code, message)),
            _ => {}
        }
        Ok(())
    }
}

/// A run that gave no answer.
pub(super) fn failed(code: &str, message: String) -> Failure {
    let exit = if code.starts_with("model_") || code == "run_interrupted" {
        Exit::Unavailable
    } else {
        Exit::Failed
    };
    Failure::new(exit, code, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::{StreamExt, stream};
    use quarry_engine::agent::AgentEvent;
    use serde_json::json;

    use super::{Exit, Output, Telling, Told};
    use crate::backend::RunStream;

    fn stream_of(events: Vec<AgentEvent>) -> RunStream {
        stream::iter(events.into_iter().zip(1..).map(|(event, number)| Ok((number, event)))).boxed()
    }

    async fn heard(events: Vec<AgentEvent>) -> (Told, Option<(Exit, String)>) {
        let mut told = Told::default();
        let out = Output::new(false, true, 0);
        let outcome = told.hear(stream_of(events), &mut Telling::silent(), &out).await;
        (told, outcome.err().map(|failure| (failure.exit, failure.code)))
    }

    fn waits(call: &str) -> AgentEvent {
        AgentEvent::ApprovalRequired {
            call_id: call.to_owned(),
            tool: "fetch_url".to_owned(),
            arguments: json!({}),
        }
    }

    #[tokio::test]
    async fn calls_wait_until_somebody_decides() {
        let decided =
            AgentEvent::ApprovalDecided { call_id: "a".to_owned(), approved: true, by: "local".to_owned() };
        let (told, failure) = heard(vec![waits("a"), waits("b"), decided]).await;
        assert_eq!(failure, None);
        assert_eq!(told.waiting.iter().map(|waiting| waiting.call.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(told.last, 3);
    }

    #[tokio::test]
    async fn a_run_without_an_end_and_a_failed_one_are_told() {
        let (_, failure) = heard(vec![AgentEvent::Said { text: "so".to_owned() }]).await;
        assert_eq!(failure, Some((Exit::Unavailable, "run_cut".to_owned())));
        let failed = AgentEvent::Failed {
            code: "run_cancelled".to_owned(),
            message: "the run was cancelled".to_owned(),
        };
        assert_eq!(heard(vec![failed]).await.1, Some((Exit::Failed, "run_cancelled".to_owned())));
    }
}
