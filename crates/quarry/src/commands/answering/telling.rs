//! The words on the terminal while a run goes.
//!
//! Text is given out while it comes, and only later does it turn out that the model goes on to call a tool: what was said
//! before that was not the answer. A terminal cannot take words back, so they stay, and a line says what happens instead.

use quarry_engine::agent::{AgentEvent, RunAnswer};

use super::show;
use crate::output::{Output, short};

/// What was told so far, as far as it matters for what comes next.
#[derive(Clone, Debug)]
pub(crate) struct Telling {
    /// Whether anything is told before the end.
    live: bool,
    out: Output,
    /// What was said since the last thing that took it back.
    said: String,
}

impl Telling {
    /// Tells what comes as it comes.
    pub(crate) fn live(out: &Output) -> Self {
        Self { live: true, out: out.clone(), said: String::new() }
    }

    /// Tells nothing; the answer is shown when it is there.
    pub(crate) fn silent() -> Self {
        Self { live: false, out: Output::new(false, true, 0), said: String::new() }
    }

    /// The words for an event.
    pub(super) fn hear(&mut self, event: &AgentEvent) -> String {
        if !self.live {
            return String::new();
        }
        if let AgentEvent::Said { text } = event {
            // Spaces before the first word would stand on a line of their own.
            let text = if self.said.is_empty() { text.trim_start() } else { text };
            self.said.push_str(text);
            return text.to_owned();
        }
        let before = self.said.clone();
        let line = match event {
            AgentEvent::Step { .. } => String::new(),
            // What was said already stands there.
            AgentEvent::Thought { text } if before.is_empty() => format!("({})", short(text, 200)),
            AgentEvent::Thought { .. } => String::new(),
            AgentEvent::ToolCalled { tool, arguments, .. } => format!("· {}", show::call(tool, arguments)),
            AgentEvent::ToolReturned { ok: false, output, .. } => format!("  failed: {}", short(output, 200)),
            AgentEvent::ApprovalDecided { approved, .. } => {
                format!("  {}", if *approved { "approved" } else { "refused" })
            }
            AgentEvent::Degraded { reason } => format!("· no model answers: {reason}"),
            _ => return String::new(),
        };
        self.said.clear();
        let end = if before.is_empty() { "" } else { "\n" };
        if line.is_empty() { end.to_owned() } else { format!("{end}{}\n", self.out.dim(&line)) }
    }

    /// What is left to say when the answer is there: nothing but the end of the line where it stands there already.
    pub(super) fn end(&mut self, answer: &RunAnswer) -> String {
        let said = std::mem::take(&mut self.said);
        if said.trim() == answer.text.trim() {
            return "\n".to_owned();
        }
        let before =
            if said.is_empty() { String::new() } else { format!("\n{}\n", self.out.dim("· checked:")) };
        format!("{before}{}\n", self.out.bold(&answer.text))
    }
}

#[cfg(test)]
mod tests {
    use quarry_engine::agent::AgentEvent;
    use serde_json::json;

    use super::Telling;
    use crate::{commands::answering::show::tests::answer, output::Output};

    fn telling() -> Telling {
        Telling::live(&Output::new(false, true, 0))
    }

    fn said(text: &str) -> AgentEvent {
        AgentEvent::Said { text: text.to_owned() }
    }

    fn called() -> AgentEvent {
        AgentEvent::ToolCalled {
            call_id: "1".to_owned(),
            tool: "search".to_owned(),
            arguments: json!({"query": "bridge"}),
        }
    }

    #[test]
    fn words_come_as_they_are_said_and_are_not_said_twice() {
        let mut telling = telling();
        let mut text = telling.hear(&said(" It is"));
        text += &telling.hear(&said(" 84 metres long. [1]"));
        text += &telling.end(&answer("It is 84 metres long. [1]"));
        assert_eq!(text, "It is 84 metres long. [1]\n");
    }

    #[test]
    fn what_was_said_before_a_call_is_followed_by_what_the_model_does() {
        let mut telling = telling();
        let mut text = telling.hear(&said("Let me look."));
        text += &telling.hear(&AgentEvent::Thought { text: "Let me look.".to_owned() });
        text += &telling.hear(&called());
        text += &telling.hear(&said("84 metres. [1] [7]"));
        text += &telling.end(&answer("84 metres. [1]"));
        assert_eq!(
            text,
            "Let me look.\n· search \"bridge\"\n84 metres. [1] [7]\n· checked:\n84 metres. [1]\n"
        );
    }

    #[test]
    fn a_thought_that_was_not_said_and_a_lesser_answer_are_told() {
        let mut telling = telling();
        let mut text = telling.hear(&AgentEvent::Thought { text: "I should search.".to_owned() });
        text += &telling.hear(&AgentEvent::Degraded { reason: "it is down".to_owned() });
        text += &telling.end(&answer("84 metres. [1]"));
        assert_eq!(text, "(I should search.)\n· no model answers: it is down\n84 metres. [1]\n");
    }

    #[test]
    fn nothing_is_told_where_nobody_watches() {
        let mut telling = Telling::silent();
        assert_eq!(telling.hear(&said("It")) + &telling.hear(&called()), "");
    }
}
