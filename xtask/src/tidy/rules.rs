//! The list of rules, and the report.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::{
    adr, append_only, arrows, dependencies, layout, links, prose,
    source::{self, Finding, Source},
    verbs,
};
use crate::tools;

type Rule = fn(&Source) -> Vec<Finding>;

/// Rules that look at one file.
const RULES: &[Rule] = &[
    append_only::audit,
    arrows::arrows,
    dependencies::pinned_once,
    dependencies::reasons,
    layout::facades,
    layout::length,
    layout::names,
    layout::openings,
    layout::depth,
    prose::banners,
    prose::machine,
    prose::todos,
    verbs::clients,
    verbs::environment,
    verbs::spawns,
];

/// Runs every rule over the repository and prints what to mend.
pub(crate) fn run() -> Result<()> {
    let sources = source::all(&tools::root());
    let mut findings: Vec<Finding> =
        sources.iter().flat_map(|source| RULES.iter().flat_map(move |rule| rule(source))).collect();
    findings.extend(adr::numbering(&sources));
    let root = tools::root();
    findings
        .extend(sources.iter().flat_map(|source| links::broken(source, &|path| root.join(path).exists())));
    findings.sort_by(|left, right| {
        (left.fatal, &left.path, left.line).cmp(&(right.fatal, &right.path, right.line))
    });
    report(&findings, sources.len())
}

fn report(findings: &[Finding], files: usize) -> Result<()> {
    for finding in findings {
        let weight = if finding.fatal { "error" } else { "warning" };
        println!("{}:{}: {weight}[{}]: {}", finding.path, finding.line, finding.rule, finding.advice);
    }
    let fatal = findings.iter().filter(|finding| finding.fatal).count();
    if fatal > 0 {
        let rules: BTreeSet<&str> =
            findings.iter().filter(|finding| finding.fatal).map(|finding| finding.rule).collect();
        bail!("{fatal} places to mend ({})", rules.into_iter().collect::<Vec<_>>().join(", "));
    }
    println!("    {files} files are tidy, with {} warnings", findings.len());
    Ok(())
}
