//! The audit log is only ever appended to.

use super::source::{Finding, Source};

/// Words that change or remove rows, each before the table's name.
const CHANGES: &[&str] =
    &["update audit", "delete from audit", "truncate audit", "truncate table audit", "drop table audit"];

/// No statement of the product changes or removes rows of the audit log. Tests may: they look whether it is found.
///
/// Reason: a log that its own program can rewrite proves nothing; the head of the chain (`audit_heads`) and the table that
/// the migration replaced (`audit_before`) have other names.
pub(super) fn audit(source: &Source) -> Vec<Finding> {
    let reads_sql = source.is_module() || source.path.ends_with(".sql");
    if !reads_sql || source.path.starts_with("xtask/") {
        return Vec::new();
    }
    source
        .production()
        .filter(|(_, line)| !line.trim_start().starts_with("//") && changes(line))
        .map(|(number, _)| {
            let advice = "rows of the audit log are never changed or removed: append another row";
            source.finding(number, "append_only", advice)
        })
        .collect()
}

fn changes(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    CHANGES.iter().any(|words| {
        line.match_indices(words).any(|(at, found)| {
            let next = line.get(at + found.len()..).and_then(|rest| rest.chars().next());
            !next.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_change_the_audit_log_are_refused() {
        let bad = "//! X.\nlet a = \"DELETE FROM audit WHERE at < $1\";\nlet b = \"UPDATE audit SET actor = $1\";\n\
                   let c = \"UPDATE audit_heads SET last = $2\";\nlet d = \"DROP TABLE audit_before\";\n\
                   let e = \"INSERT INTO audit (tenant) VALUES\";\n// never DELETE FROM audit\nlet f = \"delete from audit\";\n";
        assert_eq!(audit(&Source::new("crates/quarry-store/src/prune.rs", bad)).len(), 3);
        assert_eq!(audit(&Source::new("crates/quarry-store/tests/it/audit.rs", bad)), []);
        let step = "-- X.\nDELETE FROM audit;\n";
        assert_eq!(audit(&Source::new("crates/quarry-store/migrations/0099_cut.sql", step)).len(), 1);
    }
}
