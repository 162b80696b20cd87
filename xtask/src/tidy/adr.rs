//! Decisions are numbered without gaps and have their three parts.

use super::source::{Finding, Source};

const PARTS: &[&str] = &["## Context", "## Decision", "## Consequences"];

/// `docs/adr/NNNN-title.md`, from 0001, each number once, each with context, decision and consequences.
///
/// Reason: decisions are cited by number, so a number must not move or stand for two.
pub(super) fn numbering(sources: &[Source]) -> Vec<Finding> {
    let records =
        sources.iter().filter(|source| source.path.starts_with("docs/adr/") && !is_guide(source.name()));
    let mut findings = Vec::new();
    let mut expected = 1;
    for record in records {
        let number = record
            .name()
            .split('-')
            .next()
            .filter(|digits| digits.len() == 4)
            .and_then(|digits| digits.parse::<u32>().ok());
        match number {
            None => findings.push(record.finding(1, "adr", "name it NNNN-title.md")),
            Some(number) if number != expected => {
                findings.push(record.finding(1, "adr", format!("the next number is {expected:04}")));
                expected = number + 1;
            }
            Some(number) => expected = number + 1,
        }
        findings.extend(
            PARTS
                .iter()
                .filter(|part| !record.lines().any(|(_, line)| line.trim() == **part))
                .map(|part| record.finding(1, "adr", format!("`{part}` is missing"))),
        );
    }
    findings
}

fn is_guide(name: &str) -> bool {
    matches!(name, "template.md" | "README.md")
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn record(name: &str) -> Source {
        Source::new(&format!("docs/adr/{name}"), "# T\n## Context\n## Decision\n## Consequences\n")
    }

    #[test]
    fn numbers_run_without_gaps() {
        assert_eq!(numbering(&[record("0001-a.md"), record("0002-b.md"), record("template.md")]), []);
        assert_eq!(
            numbering(&[record("0001-a.md"), record("0003-b.md")])[0].advice,
            "the next number is 0002"
        );
        assert_eq!(
            numbering(&[record("0001-a.md"), record("0001-b.md")])[0].advice,
            "the next number is 0002"
        );
        assert_eq!(numbering(&[record("first.md")])[0].advice, "name it NNNN-title.md");
    }

    #[test]
    fn a_record_has_its_three_parts() {
        let found = numbering(&[Source::new("docs/adr/0001-a.md", "# T\n## Context\n## Decision\n")]);
        assert_eq!(found[0].advice, "`## Consequences` is missing");
    }
}
