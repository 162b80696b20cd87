//! Links from one page to another lead somewhere.

use super::source::{Finding, Source};

/// Every relative link of a Markdown page names a file that is there.
///
/// Reason: pages are moved, and nobody clicks through all of them.
pub(super) fn broken(source: &Source, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    if !source.path.ends_with(".md") {
        return Vec::new();
    }
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut in_code = false;
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        let dead = targets(line).filter(|target| !exists(&resolve(folder, target)));
        findings
            .extend(dead.map(|target| source.finding(number, "links", format!("`{target}` is not there"))));
    }
    findings
}

/// What the links of a line point to, without anchors; addresses elsewhere are left out.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
}

fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nothing_is_named() {
        let page = Source::new(
            "docs/guides/search.md",
            "[a](ask.md#x) [b](../../README.md)\n[c](gone.md) [d](https://e.org)\n```\n[e](gone.md)\n```\n",
        );
        let there = |path: &str| matches!(path, "docs/guides/ask.md" | "README.md");
        let found = broken(&page, &there);
        assert_eq!(
            found.iter().map(|finding| (finding.line, finding.advice.as_str())).collect::<Vec<_>>(),
            [(2, "`gone.md` is not there")]
        );
    }
}
