//! Turns, one after the other, and what is kept between them.

use quarry_core::{PageRequest, SessionId};
use quarry_engine::agent::{AgentView, RunRequest};

use super::slash::{HELP, Said, said};
use crate::{
    backend::Backend,
    commands::answering::{Line, Lines, Person, Telling, Told, finished, report, retrieved, shown},
    context::Context,
    failure::{Failure, Outcome},
    output::{short, table},
};

/// Sessions that `/sessions` shows.
const LATEST: u32 = 10;

/// A conversation.
pub(super) struct Talk<'a> {
    context: &'a Context,
    backend: &'a Backend,
    agent: AgentView,
    lines: Lines,
    /// Begun with the first turn, so that whoever only looks leaves none behind.
    pub(super) session: Option<SessionId>,
    pub(super) model: Option<String>,
    pub(super) live: bool,
    last: Told,
}

impl<'a> Talk<'a> {
    pub(super) fn new(context: &'a Context, backend: &'a Backend, agent: AgentView, lines: Lines) -> Self {
        let last = Told::default();
        Self { context, backend, agent, lines, session: None, model: None, live: false, last }
    }

    /// Turns until the input ends. A person goes on after a failure; a script ends at the first.
    pub(super) async fn go_on(&mut self) -> Outcome<()> {
        let out = &self.context.out;
        if self.lines.typed {
            out.note(&format!("agent {}; /help lists commands, Ctrl-D ends", self.agent.name));
            if !self.agent.definition.memory {
                out.note("this agent keeps no memory: each question stands alone");
            }
        }
        loop {
            let line = tokio::select! {
                line = self.lines.read(if self.lines.typed { "> " } else { "" }) => line,
                // From the first answer on, an interrupt does not end the process by itself.
                _ = tokio::signal::ctrl_c() => Line::End,
            };
            let text = match line {
                Line::Text(text) => text,
                Line::Interrupted => continue,
                Line::End => return Ok(()),
            };
            let done = match said(&text) {
                Said::Quit => return Ok(()),
                what => self.turn(what).await,
            };
            match done {
                Err(failure) if self.lines.typed => self.context.out.failure(&failure),
                done => done?,
            }
        }
    }

    async fn turn(&mut self, said: Said<'_>) -> Outcome<()> {
        let out = &self.context.out;
        match said {
            Said::Words(words) => self.answer(words).await?,
            Said::Sources if self.last.sources.is_empty() => out.note("nothing was retrieved yet"),
            Said::Sources => out.result(&self.last.sources, || retrieved(out, &self.last.sources)),
            Said::New => {
                self.session = None;
                self.last = Told::default();
                out.note("the next question begins another session");
            }
            Said::Sessions => {
                let page = self.backend.sessions(&PageRequest::new(Some(LATEST), None)).await?;
                let row = |one: &quarry_engine::agent::SessionView| {
                    let moment = one.updated_at.to_string().chars().take(19).collect();
                    vec![one.id.to_string(), moment, short(&one.title, 60)]
                };
                out.result(&page, || {
                    table(
                        &["ID", "LAST SAID (UTC)", "TITLE"],
                        &page.items.iter().map(row).collect::<Vec<_>>(),
                    )
                });
            }
            Said::Help => out.note(HELP),
            Said::Unknown(command) => out.note(&format!("there is no `{command}`\n{HELP}")),
            Said::Nothing | Said::Quit => {}
        }
        Ok(())
    }

    async fn answer(&mut self, words: &str) -> Outcome<()> {
        if self.session.is_none() && self.agent.definition.memory {
            self.session = Some(self.backend.begin_session(&self.agent.id.to_string()).await?.id);
        }
        let request = RunRequest {
            agent: Some(self.agent.id.to_string()),
            session: self.session,
            model: self.model.clone(),
            ..RunRequest::new(words)
        };
        let out = &self.context.out;
        let mut telling = if self.live { Telling::live(out) } else { Telling::silent() };
        let mut told = Told::default();
        let person = if self.lines.typed && !out.json { Person::Here(&self.lines) } else { Person::Away };
        let ended = tokio::select! {
            ended = heard(self.context, self.backend, request, (&mut told, &mut telling), &person) => Some(ended),
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(ended) = ended else {
            return self.cancelled(&told).await;
        };
        self.last = told;
        ended?;
        out.result(&report(words, &self.last), || {
            let answer = self.last.answer.as_ref();
            answer.map(|answer| shown(out, &mut telling, answer)).unwrap_or_default()
        });
        Ok(())
    }

    /// The stream is gone already, which ends most runs; one that could be come back to is told.
    async fn cancelled(&self, told: &Told) -> Outcome<()> {
        if let Some(run) = told.run {
            // It may have ended at the same moment.
            let _: Result<(), Failure> = self.backend.cancel_run(run).await;
        }
        self.context.out.note("\ncancelled");
        Ok(())
    }
}

async fn heard(
    context: &Context,
    backend: &Backend,
    request: RunRequest,
    (told, telling): (&mut Told, &mut Telling),
    person: &Person<'_>,
) -> Outcome<()> {
    let stream = backend.start(request).await?;
    finished(context, backend, stream, told, telling, person).await
}
