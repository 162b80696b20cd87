//! `quarry eval`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use quarry_engine::eval::{self, Comparison, FitOptions, FitReport, Report, RunOptions, Stage};
use serde_json::json;

use super::switches::{ModeName, RankerName};
use crate::{
    backend::Local,
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::table,
};

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum EvalCommand {
    /// Ingest data sets in the BEIR layout, ask their questions, and print what was found.
    Run(RunArgs),
    /// Fit the weights of ranker and answerer; each set is reported with weights fitted on the others.
    Fit(FitArgs),
}

/// What to measure, and against what.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Folder with `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv` and perhaps `answers.jsonl`; several are allowed.
    #[arg(long, required = true, value_name = "DIR")]
    dataset: Vec<PathBuf>,
    /// Which legs look.
    #[arg(long, value_enum, value_name = "MODE", default_value = "hybrid")]
    mode: ModeName,
    /// How the candidates are ranked.
    #[arg(long, value_enum, value_name = "RANKER", default_value = "linear")]
    ranker: RankerName,
    /// Embedder of the sets' collections [default: the configured one].
    #[arg(long, value_name = "ID")]
    embedder: Option<String>,
    /// Only the first questions of each set.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// A set whose questions these documents do not answer: measures how many are refused.
    #[arg(long, value_name = "DIR")]
    foreign: Option<PathBuf>,
    /// Compare with the `--json` output of an earlier run; exit code 1 when a measure fell.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
}

/// What to fit on.
#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// Folders of data sets; at least three, since one is always left out.
    #[arg(long, required = true, num_args = 1.., value_name = "DIR")]
    dataset: Vec<PathBuf>,
    /// Embedder of the sets' collections [default: the configured one].
    #[arg(long, value_name = "ID")]
    embedder: Option<String>,
    /// Passages that the answerer reads.
    #[arg(long, value_name = "N", default_value_t = 10)]
    passages: usize,
}

impl EvalCommand {
    /// The embedder that is asked for.
    pub(crate) fn embedder(&self) -> Option<&str> {
        match self {
            Self::Run(arguments) => arguments.embedder.as_deref(),
            Self::Fit(arguments) => arguments.embedder.as_deref(),
        }
    }

    /// Fails when a folder is not there, before anything is made.
    fn check(&self) -> Outcome<()> {
        match self {
            Self::Run(arguments) => {
                super::ingest::check(&arguments.dataset)?;
                super::ingest::check(arguments.foreign.as_slice())
            }
            Self::Fit(arguments) => super::ingest::check(&arguments.dataset),
        }
    }
}

/// Carries out a command, always in this process: the measure is of the machine it runs on.
pub(crate) async fn run(context: &Context, command: &EvalCommand) -> Outcome<()> {
    if let Some(url) = &context.server {
        let text = format!("an evaluation runs in this process, not on {url}");
        return Err(Failure::new(Exit::Invalid, "not_remote", text).hint("leave `--server` out"));
    }
    command.check()?;
    let config = context.config()?;
    let local = if context.folder_named {
        context.local("eval", config).await?
    } else {
        Context::temporary(config, "eval").await?
    };
    let done = match command {
        EvalCommand::Run(arguments) => measure(context, &local, arguments).await,
        EvalCommand::Fit(arguments) => fit(context, &local, arguments).await,
    };
    local.close().await;
    done
}

async fn measure(context: &Context, local: &Local, arguments: &RunArgs) -> Outcome<()> {
    let before = arguments.compare.as_deref().map(baseline).transpose()?;
    let mut reports = Vec::new();
    for dataset in &arguments.dataset {
        let options = RunOptions {
            dataset: dataset.clone(),
            mode: arguments.mode.into(),
            ranker: arguments.ranker.into(),
            limit: arguments.limit,
            foreign: arguments.foreign.clone(),
        };
        let bar = context.out.bar(0, "");
        let (engine, access) = local.engine();
        let report =
            eval::run(engine, access, &options, &|stage, done, all| step(&bar, stage, done, all)).await?;
        bar.finish_and_clear();
        if !context.out.json {
            context.out.raw(&shown(&report));
        }
        reports.push(report);
    }
    let comparisons = before.map(|before| compared(&reports, &before)).transpose()?;
    if context.out.json {
        print_json(context, &reports, comparisons.as_deref());
    }
    let Some(comparisons) = comparisons else { return Ok(()) };
    if !context.out.json {
        context.out.raw(&comparisons.iter().map(differences).collect::<String>());
    }
    if comparisons.iter().any(|comparison| comparison.worse) {
        let text = "a measure fell below the baseline";
        return Err(Failure::new(Exit::Failed, "evaluation_worse", text)
            .hint("the questions that lost most are listed first"));
    }
    Ok(())
}

/// One report is the object itself; several stand in a list. A comparison stands beside them.
fn print_json(context: &Context, reports: &[Report], comparisons: Option<&[Comparison]>) {
    let mut value = match reports {
        [only] => serde_json::to_value(only).unwrap_or_default(),
        several => json!({"reports": several}),
    };
    if let (Some(comparisons), Some(fields)) = (comparisons, value.as_object_mut()) {
        let name = if comparisons.len() == 1 { "comparison" } else { "comparisons" };
        let found = if let [only] = comparisons { json!(only) } else { json!(comparisons) };
        fields.insert(name.to_owned(), found);
    }
    context.out.result(&value, String::new);
}

async fn fit(context: &Context, local: &Local, arguments: &FitArgs) -> Outcome<()> {
    let options = FitOptions { datasets: arguments.dataset.clone(), passages: arguments.passages };
    let bar = context.out.bar(0, "");
    let (engine, access) = local.engine();
    let report =
        eval::fit(engine, access, &options, &|stage, done, all| step(&bar, stage, done, all)).await?;
    bar.finish_and_clear();
    context.out.result(&report, || fitted(&report));
    Ok(())
}

fn step(bar: &ProgressBar, stage: Stage, done: usize, all: usize) {
    bar.set_message(match stage {
        Stage::Ingest => "ingesting",
        Stage::Ask => "asking",
    });
    bar.set_length(all as u64);
    bar.set_position(done as u64);
}

/// The reports of an earlier run.
fn baseline(path: &Path) -> Outcome<Vec<Report>> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let wrong = |error: serde_json::Error| {
        let text = format!("`{}` is not the `--json` output of `quarry eval run`: {error}", path.display());
        Failure::new(Exit::Invalid, "invalid_baseline", text)
    };
    let mut value: serde_json::Value = serde_json::from_str(&text).map_err(wrong)?;
    match value.get_mut("reports").map(serde_json::Value::take) {
        Some(reports) => serde_json::from_value(reports).map_err(wrong),
        None => Ok(vec![serde_json::from_value(value).map_err(wrong)?]),
    }
}

fn compared(reports: &[Report], before: &[Report]) -> Outcome<Vec<Comparison>> {
    let pair = |now: &Report| {
        let then = before.iter().find(|then| then.dataset == now.dataset).ok_or_else(|| {
            let text = format!("the baseline has no set `{}`", now.dataset);
            Failure::new(Exit::Invalid, "invalid_baseline", text)
        })?;
        Ok(eval::compare(now, then))
    };
    reports.iter().map(pair).collect()
}

fn shown(report: &Report) -> String {
    let metrics = &report.metrics;
    let mut lines = vec![
        ("ndcg_at_10", format!("{:.4}", metrics.ndcg_at_10)),
        ("recall_at_5", format!("{:.4}", metrics.recall_at_5)),
        ("recall_at_10", format!("{:.4}", metrics.recall_at_10)),
        ("recall_at_100", format!("{:.4}", metrics.recall_at_100)),
        ("mrr_at_10", format!("{:.4}", metrics.mrr_at_10)),
    ];
    lines.extend(metrics.answer_containment.map(|share| ("answer_containment", format!("{share:.4}"))));
    lines.extend(
        metrics.answer_containment_at_1.map(|share| ("answer_containment_at_1", format!("{share:.4}"))),
    );
    lines.push(("answered", format!("{:.4}", metrics.answered)));
    lines.extend(metrics.foreign_refused.map(|share| ("foreign_refused", format!("{share:.4}"))));
    lines.push(("latency_ms", format!("p50 {:.2}, p99 {:.2}", report.latency_ms.p50, report.latency_ms.p99)));
    lines.extend(report.ingest.as_ref().map(|ingest| {
        let speed = format!("{:.0} chunks a CPU second", ingest.chunks_per_cpu_second);
        ("ingest", format!("{:.1} s, {speed}", ingest.seconds))
    }));
    let heading = format!(
        "{}: {} documents, {} chunks, {} questions, {}\n",
        report.dataset, report.documents, report.chunks, report.queries, report.embedder
    );
    let lines: String = lines.into_iter().map(|(name, value)| format!("  {name:<24} {value}\n")).collect();
    heading + &lines
}

/// Questions shown of a comparison.
const SHOWN: usize = 10;

fn differences(comparison: &Comparison) -> String {
    let row = |one: &eval::Difference| {
        let change = one.now - one.then;
        vec![one.name.clone(), format!("{:.4}", one.then), format!("{:.4}", one.now), format!("{change:+.4}")]
    };
    let rows: Vec<_> =
        comparison.metrics.iter().chain(comparison.queries.iter().take(SHOWN)).map(row).collect();
    table(&["MEASURE OR QUESTION", "THEN", "NOW", "CHANGE"], &rows)
}

fn fitted(report: &FitReport) -> String {
    let share = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let rows: Vec<Vec<String>> = report
        .sets
        .iter()
        .map(|set| {
            vec![
                set.name.clone(),
                format!("{:.4}", set.ndcg_at_10),
                share(set.best_sentence),
                share(set.three_sentences),
                format!("{:.4}", set.answered),
                format!("{:.4}", set.refused),
            ]
        })
        .collect();
    let headings = ["SET", "NDCG@10", "BEST SENTENCE", "THREE", "ANSWERED", "REFUSED"];
    table(&headings, &rows)
        + "each set with weights fitted on the others; `--json` has the weights fitted on all\n"
}
