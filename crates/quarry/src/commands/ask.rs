//! `quarry ask`

use std::path::PathBuf;

use clap::Args;
use quarry_engine::{Answer, AnswerRequest, Citation};

use super::{
    ingest::{self, Options},
    switches::Switches,
};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::Outcome,
    output::{Output, short},
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
    /// Sentences at most, 1 to 10.
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
    if let Ok(answer) = &answered {
        context.out.result(answer, || shown(&context.out, answer));
    }
    backend.close().await;
    answered.map(drop)
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
) -> Outcome<Answer> {
    if !arguments.from.is_empty() {
        let options = Options::plain(arguments.switches.collection.clone());
        let report = ingest::files(context, backend, &arguments.from, &options).await?;
        report.remark(&context.out);
    }
    backend.answer(request).await
}

fn shown(out: &Output, answer: &Answer) -> String {
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
        text.push_str(&source(out, citation));
    }
    text.push_str(&out.dim(&format!("\nconfidence {:.2}, {:.1} ms", answer.confidence, answer.took_ms)));
    text + "\n"
}

/// `[1] Title — path, page 3, chars 120–260: "quote"`; a document without a title is named by its path alone.
fn source(out: &Output, citation: &Citation) -> String {
    let page = citation.page.map(|page| format!(", page {page}")).unwrap_or_default();
    let place = format!("{}{page}, chars {}–{}", citation.source, citation.span.start, citation.span.end);
    let title = if citation.source.ends_with(&citation.title) {
        String::new()
    } else {
        format!("{} — ", citation.title)
    };
    format!("[{}] {title}{}: \"{}\"\n", citation.number, out.dim(&place), short(&citation.quote, 300))
}
