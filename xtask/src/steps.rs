//! A row of named steps, each with a heading and its time, so that a slow one shows.

use std::time::Instant;

use anyhow::{Context, Result, bail};

/// One step.
pub(crate) struct Step {
    /// How it is named on the command line.
    pub(crate) name: &'static str,
    /// What it checks, in a few words.
    pub(crate) about: &'static str,
    /// The work.
    pub(crate) run: fn() -> Result<()>,
}

/// Runs the steps named, or all; stops at the first that fails, since the later ones build on it.
pub(crate) fn run(steps: &[Step], wanted: &[String]) -> Result<()> {
    let chosen = choose(steps, wanted)?;
    let begun = Instant::now();
    let mut times = Vec::new();
    for (position, step) in chosen.iter().enumerate() {
        println!("\n==> {}/{} {}: {}", position + 1, chosen.len(), step.name, step.about);
        let started = Instant::now();
        (step.run)().with_context(|| format!("step `{}`", step.name))?;
        times.push((step.name, started.elapsed()));
        println!("    {} took {:.1} s", step.name, started.elapsed().as_secs_f64());
    }
    println!("\nAll {} steps passed in {:.0} s:", chosen.len(), begun.elapsed().as_secs_f64());
    for (name, took) in times {
        println!("  {name:<10} {:>7.1} s", took.as_secs_f64());
    }
    Ok(())
}

fn choose<'a>(steps: &'a [Step], wanted: &[String]) -> Result<Vec<&'a Step>> {
    if let Some(unknown) = wanted.iter().find(|name| !steps.iter().any(|step| step.name == name.as_str())) {
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        bail!("there is no step `{unknown}`; the steps are {}", names.join(", "));
    }
    Ok(steps.iter().filter(|step| wanted.is_empty() || wanted.iter().any(|name| name == step.name)).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn steps() -> Vec<Step> {
        vec![
            Step { name: "one", about: "passes", run: || Ok(()) },
            Step { name: "two", about: "fails", run: || anyhow::bail!("no") },
        ]
    }

    #[test]
    fn steps_can_be_chosen_and_an_unknown_one_is_named() {
        assert!(run(&steps(), &["one".into()]).is_ok());
        let error = run(&steps(), &["three".into()]).unwrap_err().to_string();
        assert_eq!(error, "there is no step `three`; the steps are one, two");
    }

    #[test]
    fn the_first_failure_stops_the_row_and_says_which() {
        let error = format!("{:#}", run(&steps(), &[]).unwrap_err());
        assert_eq!(error, "step `two`: no");
    }
}
