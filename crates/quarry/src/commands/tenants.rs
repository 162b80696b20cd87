//! `quarry tenants`

use clap::{Args, Subcommand};
use quarry_core::{PageRequest, Quotas};
use quarry_engine::govern::{MadeTenant, NewTenant, TenantChange, TenantUsage, TenantView};
use quarry_store::TenantStatus;
use serde_json::json;

use super::paging::{Paging, rest};
use crate::{
    backend::{Backend, Need},
    context::Context,
    failure::{Exit, Failure, Outcome},
    output::{Output, table},
};

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// List tenants, newest first.
    List(Paging),
    /// Make a tenant. The key of its owner is shown this once.
    Add(AddArgs),
    /// Give a tenant other quotas: one that is not given is lifted.
    Quotas(QuotasArgs),
    /// Let nobody of a tenant in, and work on nothing of it.
    Suspend(WhichArgs),
    /// Let a suspended tenant in again.
    Resume(WhichArgs),
    /// Erase a tenant with everything in it, for ever.
    Erase(EraseArgs),
    /// See how much a tenant has and uses.
    Usage(UsageArgs),
}

/// How much a tenant may have.
#[derive(Debug, Args)]
pub(crate) struct Limits {
    /// Documents at most.
    #[arg(long, value_name = "NUMBER")]
    documents: Option<u64>,
    /// Bytes of documents at most.
    #[arg(long, value_name = "NUMBER")]
    bytes: Option<u64>,
    /// Requests a day at most.
    #[arg(long, value_name = "NUMBER")]
    requests_per_day: Option<u64>,
    /// Tokens of chat models a day at most.
    #[arg(long, value_name = "NUMBER")]
    tokens_per_day: Option<u64>,
    /// Money for chat models a day at most.
    #[arg(long, value_name = "AMOUNT")]
    cost_per_day: Option<f64>,
}

/// A tenant to make.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Its name.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    limits: Limits,
}

/// Other quotas.
#[derive(Debug, Args)]
pub(crate) struct QuotasArgs {
    /// The tenant's name or id.
    #[arg(value_name = "TENANT")]
    tenant: String,
    #[command(flatten)]
    limits: Limits,
}

/// A tenant.
#[derive(Debug, Args)]
pub(crate) struct WhichArgs {
    /// The tenant's name or id.
    #[arg(value_name = "TENANT")]
    tenant: String,
}

/// A tenant to erase.
#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    /// The tenant's name or id.
    #[arg(value_name = "TENANT")]
    tenant: String,
    /// Do it: nothing brings it back.
    #[arg(long)]
    yes: bool,
}

/// Whose usage.
#[derive(Debug, Args)]
pub(crate) struct UsageArgs {
    /// The tenant's name or id [default: one's own].
    #[arg(value_name = "TENANT")]
    tenant: Option<String>,
}

/// Carries out a command.
pub(crate) async fn run(context: &Context, command: &TenantsCommand) -> Outcome<()> {
    let need = if matches!(command, TenantsCommand::Add(_)) { Need::Create } else { Need::Existing };
    let backend = context.backend("tenants", need).await?;
    let done = carry_out(&context.out, &backend, command).await;
    backend.close().await;
    done
}

async fn carry_out(out: &Output, backend: &Backend, command: &TenantsCommand) -> Outcome<()> {
    match command {
        TenantsCommand::List(paging) => {
            let request: PageRequest = paging.request();
            let page = backend.tenants(&request).await?;
            out.result(&page, || listed(&page.items));
            rest(out, &page);
        }
        TenantsCommand::Add(new) => {
            let new = NewTenant { name: new.name.clone(), quotas: quotas(&new.limits) };
            let made = backend.add_tenant(new).await?;
            out.result(&made, || shown(&made));
        }
        TenantsCommand::Quotas(change) => {
            let change_to = TenantChange { quotas: Some(quotas(&change.limits)), status: None };
            let tenant = backend.update_tenant(&change.tenant, change_to).await?;
            out.result(&tenant, || listed(std::slice::from_ref(&tenant)));
        }
        TenantsCommand::Suspend(which) => set(out, backend, which, TenantStatus::Suspended).await?,
        TenantsCommand::Resume(which) => set(out, backend, which, TenantStatus::Active).await?,
        TenantsCommand::Erase(which) => {
            if !which.yes {
                let text = format!("`{}` would be erased with everything in it, for ever", which.tenant);
                return Err(Failure::new(Exit::Usage, "not_confirmed", text).hint("say `--yes` to do it"));
            }
            backend.erase_tenant(&which.tenant).await?;
            out.result(&json!({"erased": which.tenant}), || format!("erased {}\n", which.tenant));
        }
        TenantsCommand::Usage(which) => {
            let usage = backend.usage(which.tenant.as_deref()).await?;
            out.result(&usage, || used(&usage));
        }
    }
    Ok(())
}

async fn set(out: &Output, backend: &Backend, which: &WhichArgs, status: TenantStatus) -> Outcome<()> {
    let change = TenantChange { status: Some(status), quotas: None };
    let tenant = backend.update_tenant(&which.tenant, change).await?;
    out.result(&tenant, || format!("{} is {}\n", tenant.name, tenant.status.as_str()));
    Ok(())
}

const fn quotas(limits: &Limits) -> Quotas {
    Quotas {
        documents: limits.documents,
        bytes: limits.bytes,
        requests_per_day: limits.requests_per_day,
        tokens_per_day: limits.tokens_per_day,
        cost_per_day: limits.cost_per_day,
    }
}

/// Quotas in a line.
fn limits(quotas: &Quotas) -> String {
    let parts = [
        ("documents", quotas.documents.map(|most| most.to_string())),
        ("bytes", quotas.bytes.map(|most| most.to_string())),
        ("requests/day", quotas.requests_per_day.map(|most| most.to_string())),
        ("tokens/day", quotas.tokens_per_day.map(|most| most.to_string())),
        ("cost/day", quotas.cost_per_day.map(|most| most.to_string())),
    ];
    let said: Vec<_> =
        parts.into_iter().filter_map(|(name, most)| most.map(|most| format!("{name} {most}"))).collect();
    if said.is_empty() { "none".to_owned() } else { said.join(", ") }
}

fn listed(tenants: &[TenantView]) -> String {
    let row = |one: &TenantView| {
        vec![one.id.to_string(), one.name.clone(), one.status.as_str().to_owned(), limits(&one.quotas)]
    };
    table(&["ID", "NAME", "STATUS", "QUOTAS"], &tenants.iter().map(row).collect::<Vec<_>>())
}

fn shown(made: &MadeTenant) -> String {
    format!(
        "id       {}\nname     {}\nquotas   {}\nkey      {} (its owner's, shown this once)\n",
        made.view.id,
        made.view.name,
        limits(&made.view.quotas),
        made.owner_key.key.expose()
    )
}

fn used(usage: &TenantUsage) -> String {
    let mut text = format!(
        "documents  {}\nbytes      {}\nquotas     {}\n",
        usage.holdings.documents,
        usage.holdings.bytes,
        limits(&usage.quotas)
    );
    let row = |day: &quarry_engine::govern::DayUsage| {
        let date = day.day.to_string();
        let date = date.split('T').next().unwrap_or_default().to_owned();
        vec![date, day.used.requests.to_string(), day.used.tokens.to_string(), day.used.cost.to_string()]
    };
    if !usage.days.is_empty() {
        text.push_str(&table(
            &["DAY", "REQUESTS", "TOKENS", "COST"],
            &usage.days.iter().map(row).collect::<Vec<_>>(),
        ));
    }
    text
}
