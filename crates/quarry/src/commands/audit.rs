//! `quarry audit`

use clap::{Args, Subcommand};
use quarry_core::{AuditAction, AuditOutcome, Timestamp};
use quarry_engine::audit::{AuditEntry, AuditFilter, AuditMark, AuditVerification};

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::{count, short, table},
};

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what was done, newest first.
    List(Box<ListArgs>),
    /// Print rows as JSON lines, oldest first.
    Export(ExportArgs),
    /// Check that no row was altered, removed or put in, and print where the chain ends.
    Verify(VerifyArgs),
}

/// Which rows to list.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Not before this moment: `2026-01-31` or `2026-01-31T08:00:00Z`.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    since: Option<Timestamp>,
    /// Before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    until: Option<Timestamp>,
    /// By whom, as rows show it: `key:admin`, `local`.
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// What was done, as `document.add`.
    #[arg(long, value_name = "ACTION")]
    action: Option<AuditAction>,
    /// To what: an id.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// How it went: `allowed`, `refused` or `failed`.
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<AuditOutcome>,
    /// In which request.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

/// Where to begin.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The number of the first row; to go on, the last one there is, plus one.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    from: u64,
}

/// What to compare.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A place in the chain that was kept elsewhere, as this command printed it.
    #[arg(long, value_name = "NUMBER:HASH")]
    expect: Option<AuditMark>,
}

/// A moment as people write it: a day alone is its beginning.
fn moment(text: &str) -> Result<Timestamp, String> {
    let read = |text: String| serde_json::from_value::<Timestamp>(text.into()).ok();
    read(text.to_owned()).or_else(|| read(format!("{text}T00:00:00Z"))).ok_or_else(|| {
        "it is not a moment: use a day as `2026-01-31`, or a time with its zone as `2026-01-31T08:00:00Z`"
            .to_owned()
    })
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &AuditCommand) -> Outcome<()> {
    let backend = context.backend("audit", Need::Existing).await?;
    let done = carry_out(context, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(context: &Context, backend: &Backend, command: &AuditCommand) -> Outcome<()> {
    let out = &context.out;
    match command {
        AuditCommand::List(which) => {
            let page = backend.audit(&which.filter(), &which.paging.request()).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
            Ok(())
        }
        AuditCommand::Export(which) => export(context, backend, which.from).await,
        AuditCommand::Verify(which) => {
            let found = backend.verify_audit(which.expect.as_ref()).await?;
            out.result(&found, || verified(&found));
            match &found.fault {
                None => Ok(()),
                Some(fault) => {
                    let (number, what) = (fault.number, fault.what.as_str());
                    let text = format!("the audit log is broken at row {number} ({what}): {}", fault.detail);
                    Err(Failure::new(Exit::Failed, "audit_broken", text))
                }
            }
        }
    }
}

impl ListArgs {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            since: self.since,
            until: self.until,
            actor: self.actor.clone(),
            action: self.action,
            object: self.object.clone(),
            outcome: self.outcome,
            request_id: self.request.clone(),
        }
    }
}

/// JSON lines with or without `--json`: that is what an export is.
async fn export(context: &Context, backend: &Backend, from: u64) -> Outcome<()> {
    let mut next = from;
    loop {
        let rows = backend.audit_from(next).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        next = last.number.saturating_add(1);
        let lines = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default() + "\n");
        context.out.raw(&lines.collect::<String>());
    }
}

fn listed(rows: &[AuditEntry]) -> String {
    if rows.is_empty() {
        return "nothing was done yet that this would list\n".to_owned();
    }
    let row = |one: &AuditEntry| {
        vec![
            one.number.to_string(),
            one.at.to_string().chars().take(19).collect(),
            short(&one.actor, 40),
            one.address.clone().unwrap_or_default(),
            one.action.clone(),
            one.outcome.clone(),
            short(&one.object, 80),
        ]
    };
    let headings = ["NUMBER", "WHEN (UTC)", "WHO", "FROM", "ACTION", "OUTCOME", "OBJECT"];
    table(&headings, &rows.iter().map(row).collect::<Vec<_>>())
}

fn verified(found: &AuditVerification) -> String {
    let rows = usize::try_from(found.rows).unwrap_or(usize::MAX);
    let whole = count(rows, "row");
    let mut text = if found.intact {
        format!("intact: {whole}, from number {}\n", found.first)
    } else {
        format!("broken after {whole}\n")
    };
    if let Some(head) = &found.head {
        text.push_str(&format!("head: {head}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(moment("2026-01-31"), moment("2026-01-31T00:00:00Z"));
        assert_eq!(moment("2026-01-31T01:00:00+01:00"), moment("2026-01-31"));
        for wrong in ["", "yesterday", "2026-02-31", "12:00"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
