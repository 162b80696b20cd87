//! What an agent may be: names, sizes and budgets within bounds.

use quarry_core::CollectionName;

use super::definition::{AgentDefinition, Budgets};
use crate::error::EngineError;

const MOST_DESCRIPTION: usize = 500;
const MOST_INSTRUCTIONS: usize = 20_000;
const MOST_COLLECTIONS: usize = 50;
const MOST_TOOLS: usize = 100;

fn wrong(pointer: &'static str, problem: impl Into<String>) -> EngineError {
    EngineError::invalid("invalid_agent", pointer, problem)
}

/// An agent's name: the same letters as a collection's.
pub(crate) fn name(name: &str) -> Result<(), EngineError> {
    match name.parse::<CollectionName>() {
        Ok(_) => Ok(()),
        Err(_) => Err(wrong(
            "/name",
            format!(
                "`{name}` is not an agent's name: use 1 to 64 lower-case letters, digits, `-` or `_`, starting with a \
                 letter or digit"
            ),
        )),
    }
}

/// A definition, without what the configuration knows.
pub(crate) fn definition(definition: &AgentDefinition) -> Result<(), EngineError> {
    let long = |text: &str, most: usize| text.chars().count() > most;
    if long(&definition.description, MOST_DESCRIPTION) {
        return Err(wrong(
            "/description",
            format!("the description is longer than {MOST_DESCRIPTION} characters"),
        ));
    }
    if long(&definition.instructions, MOST_INSTRUCTIONS) {
        return Err(wrong(
            "/instructions",
            format!("the instructions are longer than {MOST_INSTRUCTIONS} characters"),
        ));
    }
    if definition.collections.len() > MOST_COLLECTIONS {
        return Err(wrong("/collections", format!("an agent reads at most {MOST_COLLECTIONS} collections")));
    }
    if definition.tools.len() > MOST_TOOLS || definition.approve.len() > MOST_TOOLS {
        return Err(wrong("/tools", format!("an agent has at most {MOST_TOOLS} tools")));
    }
    budgets(&definition.budgets)
}

fn budgets(budgets: &Budgets) -> Result<(), EngineError> {
    let outside = |pointer, name: &str, least: u64, most: u64, found: u64| {
        wrong(pointer, format!("`{name}` must be {least} to {most}, not {found}"))
    };
    let within = |least: u64, most: u64, found: u64| (least..=most).contains(&found);
    if !within(1, 100, budgets.steps.into()) {
        return Err(outside("/budgets/steps", "steps", 1, 100, budgets.steps.into()));
    }
    if !within(0, 500, budgets.tool_calls.into()) {
        return Err(outside("/budgets/tool_calls", "tool_calls", 0, 500, budgets.tool_calls.into()));
    }
    if !within(500, 10_000_000, budgets.tokens) {
        return Err(outside("/budgets/tokens", "tokens", 500, 10_000_000, budgets.tokens));
    }
    if !within(1, 3_600, budgets.seconds) {
        return Err(outside("/budgets/seconds", "seconds", 1, 3_600, budgets.seconds));
    }
    if budgets.cost.is_some_and(|cost| !cost.is_finite() || cost <= 0.0) {
        return Err(wrong("/budgets/cost", "`cost` must be more than 0, or absent for no limit"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{definition, name};
    use crate::agent::definition::{AgentDefinition, Budgets};
    use quarry_core::Fault;

    #[test]
    fn the_default_agent_is_within_bounds() {
        definition(&AgentDefinition::default()).unwrap();
        name("default").unwrap();
    }

    #[test]
    fn what_is_out_of_bounds_is_named_with_its_place() {
        for bad in ["", "Big", "a b", "-a", &"a".repeat(65)] {
            assert_eq!(name(bad).unwrap_err().pointer().as_deref(), Some("/name"), "{bad}");
        }
        let budgets = |budgets: Budgets| AgentDefinition { budgets, ..AgentDefinition::default() };
        for (wrong, pointer) in [
            (budgets(Budgets { steps: 0, ..Budgets::default() }), "/budgets/steps"),
            (budgets(Budgets { tool_calls: 501, ..Budgets::default() }), "/budgets/tool_calls"),
            (budgets(Budgets { tokens: 1, ..Budgets::default() }), "/budgets/tokens"),
            (budgets(Budgets { seconds: 0, ..Budgets::default() }), "/budgets/seconds"),
            (budgets(Budgets { cost: Some(f64::NAN), ..Budgets::default() }), "/budgets/cost"),
            (
                AgentDefinition { instructions: "x".repeat(20_001), ..AgentDefinition::default() },
                "/instructions",
            ),
        ] {
            let error = definition(&wrong).unwrap_err();
            assert_eq!((error.code(), error.pointer().as_deref()), ("invalid_agent", Some(pointer)));
        }
    }
}
