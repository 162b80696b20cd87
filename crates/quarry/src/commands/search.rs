//! `quarry search`

use clap::Args;
use quarry_engine::{Hit, SearchResponse};

use super::switches::Switches;
use crate::{
    backend::Need,
    context::Context,
    failure::Outcome,
    output::{Output, count, short},
};

/// What to look for.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// What to look for; several words need no quotes.
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    #[command(flatten)]
    switches: Switches,
    /// Say why each passage is where it is.
    #[arg(long)]
    explain: bool,
}

/// Finds passages and prints them, best first.
pub(crate) async fn run(context: &Context, arguments: &SearchArgs) -> Outcome<()> {
    let request = arguments.switches.request(&arguments.query, arguments.explain)?;
    let backend = context.backend("search", Need::Existing).await?;
    let found = backend.search(request).await;
    if let Ok(response) = &found {
        context.out.result(response, || shown(&context.out, response));
    }
    backend.close().await;
    found.map(drop)
}

fn shown(out: &Output, response: &SearchResponse) -> String {
    let mut text = String::new();
    for hit in &response.hits {
        let heading = if hit.source.ends_with(&hit.title) {
            out.bold(&place(hit))
        } else {
            format!("{}  {}", out.bold(&hit.title), out.dim(&place(hit)))
        };
        text.push_str(&format!("{}. {heading}\n", hit.rank));
        text.push_str(&format!("   {}\n", short(&hit.text, 280)));
        text.push_str(&explained(out, hit));
        text.push('\n');
    }
    text.push_str(&out.dim(&format!(
        "{} in {:.1} ms",
        count(response.hits.len(), "passage"),
        response.took_ms
    )));
    text + "\n"
}

/// Where a hit stands: source, page and the headings above it.
fn place(hit: &Hit) -> String {
    let mut place = hit.source.clone();
    if let Some(page) = hit.page {
        place.push_str(&format!(", page {page}"));
    }
    // The title is said already.
    for heading in hit.headings.iter().filter(|heading| **heading != hit.title) {
        place.push_str(&format!(" › {heading}"));
    }
    place
}

fn explained(out: &Output, hit: &Hit) -> String {
    let Some(explanation) = &hit.explain else { return String::new() };
    let leg = |name: &str, leg: &Option<quarry_engine::retrieve::LegExplanation>| match leg {
        Some(leg) => format!("{name} rank {} ({:.3})", leg.rank, leg.score),
        None => format!("{name} did not propose it"),
    };
    let legs = [leg("lexical", &explanation.lexical), leg("dense", &explanation.dense)].join(", ");
    let mut text = format!("   {}\n", out.dim(&format!("score {:.3}: {legs}", hit.score)));
    for share in &explanation.features {
        let line = format!("{:>9.3}  {} = {:.3}", share.share, share.feature, share.value);
        text.push_str(&format!("   {}\n", out.dim(&line)));
    }
    text
}
