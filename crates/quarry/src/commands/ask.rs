//! `quarry ask`

use std::path::PathBuf;

use clap::Args;
use futures::{StreamExt, stream};
use quarry_engine::{
    Answer, AnswerRequest,
    agent::{AgentEvent, AskRequest, RunRequest},
};

use super::{
    answering::{Lines, Person, Telling, Told, cited, finished, report, shown},
    ingest::{self, Options},
    switches::Switches,
};
use crate::{
    backend::{Backend, EXTRACTIVE, Need, RunStream},
    context::Context,
    failure::Outcome,
    output::Output,
};

/// What to answer, and from what.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    /// The question; several words need no quotes.
    #[arg(required = true, value_name = "QUESTION")]
    question: Vec<String>,
    /// Index this file or folder first; into a temporary data folder unless `--data` is given.
    #[arg(long, value_name = "PATH")]
    from: Vec<PathBuf>,
    /// Let this chat model answer, or quote the documents with `extractive` [default: the configured model; where
    /// there is none, `extractive`].
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Let this agent answer: it searches as often as it needs to, with its own tools.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Show the answer when it is complete, not while it comes.
    #[arg(long)]
    no_stream: bool,
    /// Sentences at most where the documents are quoted, 1 to 10.
    #[arg(long, value_name = "N", default_value_t = 3)]
    sentences: usize,
    #[command(flatten)]
    switches: Switches,
}

/// Answers a question and prints the answer with its sources.
pub(crate) async fn run(context: &Context, arguments: &AskArgs) -> Outcome<()> {
    let search = arguments.switches.request(&arguments.question, false)?;
    let request = AnswerRequest { search, sentences: arguments.sentences };
    let backend = opened(context, arguments).await?;
    let answered = answered(context, &backend, arguments, request).await;
    backend.close().await;
    answered
}

async fn opened(context: &Context, arguments: &AskArgs) -> Outcome<Backend> {
    if arguments.from.is_empty() {
        return context.backend("ask", Need::Existing).await;
    }
    if context.folder_named || context.server.is_some() {
        return context.backend("ask", Need::Create).await;
    }
    Ok(Backend::Local(Box::new(Context::temporary(context.config()?, "ask").await?)))
}

async fn answered(
    context: &Context,
    backend: &Backend,
    arguments: &AskArgs,
    request: AnswerRequest,
) -> Outcome<()> {
    if !arguments.from.is_empty() {
        let options = Options::plain(arguments.switches.collection());
        let report = ingest::files(context, backend, &arguments.from, &options).await?;
        report.remark(&context.out);
    }
    match spoken(backend, arguments, &request).await? {
        Some(stream) => told(context, backend, arguments, stream).await,
        None => {
            let answer = backend.answer(request).await?;
            context.out.result(&answer, || quoted(&context.out, &answer));
            Ok(())
        }
    }
}

/// What a model or an agent says; none where the documents are quoted.
async fn spoken(
    backend: &Backend,
    arguments: &AskArgs,
    request: &AnswerRequest,
) -> Outcome<Option<RunStream>> {
    if let Some(agent) = &arguments.agent {
        let run = RunRequest {
            agent: Some(agent.clone()),
            collections: arguments.switches.collection.clone().map(|name| vec![name]),
            filter: request.search.filter.clone(),
            model: arguments.model.clone(),
            keep: request.search.record,
            ..RunRequest::new(request.search.query.clone())
        };
        return backend.start(run).await.map(Some);
    }
    let quotes = arguments.model.as_deref() == Some(EXTRACTIVE);
    if quotes || arguments.model.is_none() && backend.has_model() == Some(false) {
        return Ok(None);
    }
    if arguments.model.is_none() {
        return by_default(backend, request).await;
    }
    backend.ask(asked(request, arguments.model.clone())).await.map(Some)
}

fn asked(request: &AnswerRequest, model: Option<String>) -> AskRequest {
    AskRequest { search: request.search.clone(), model, keep: request.search.record, resumable: false }
}

/// What the configured model says; none where there is no model, and the documents are quoted.
pub(crate) async fn by_default(backend: &Backend, request: &AnswerRequest) -> Outcome<Option<RunStream>> {
    match backend.has_model() {
        Some(false) => Ok(None),
        Some(true) => backend.ask(asked(request, None)).await.map(Some),
        None => written(backend, backend.ask(asked(request, None)).await?).await,
    }
}

/// A server says with the first event whether it has a model. Where it has none, the run is let go and nothing is kept of
/// it: the plain answer tells more, its confidence for one.
async fn written(backend: &Backend, mut stream: RunStream) -> Outcome<Option<RunStream>> {
    let Some(first) = stream.next().await.transpose()? else { return Ok(None) };
    if let AgentEvent::Started { model, run_id, .. } = &first.1
        && model == EXTRACTIVE
    {
        drop(stream);
        // It may not have been kept in the first place.
        let _: Outcome<()> = backend.erase_run(*run_id).await;
        return Ok(None);
    }
    Ok(Some(stream::iter([Ok(first)]).chain(stream).boxed()))
}

async fn told(context: &Context, backend: &Backend, arguments: &AskArgs, stream: RunStream) -> Outcome<()> {
    let out = &context.out;
    let live = out.is_watched() && !arguments.no_stream;
    let mut telling = if live { Telling::live(out) } else { Telling::silent() };
    let mut told = Told::default();
    let lines = out.is_watched().then(|| Lines::open(None)).filter(|lines| lines.typed);
    let person = lines.as_ref().map_or(Person::Away, Person::Here);
    finished(context, backend, stream, &mut told, &mut telling, &person).await?;
    out.result(&report(&arguments.question.join(" "), &told), || {
        told.answer.as_ref().map(|answer| shown(out, &mut telling, answer)).unwrap_or_default()
    });
    Ok(())
}

fn quoted(out: &Output, answer: &Answer) -> String {
    let mut text = format!("{}\n", out.bold(&answer.answer));
    if !answer.citations.is_empty() {
        let heading = if answer.answered {
            ""
        } else {
            "The closest sentences, which may have nothing to do with it:\n"
        };
        text.push_str(&format!("\n{heading}"));
    }
    for citation in &answer.citations {
        text.push_str(&cited(out, citation));
    }
    text.push_str(&out.dim(&format!("\nconfidence {:.2}, {:.1} ms", answer.confidence, answer.took_ms)));
    text + "\n"
}
