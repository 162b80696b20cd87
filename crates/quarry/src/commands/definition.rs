//! What an agent is, from a file, from flags, or from both: flags win.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use quarry_core::CollectionName;
use quarry_engine::agent::{AgentDefinition, Style};

use crate::failure::{Exit, Failure, Outcome};

/// How the model is made to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StyleName {
    /// Native tool calling where the model has it, ReAct otherwise
    Auto,
    /// Native tool calling
    Native,
    /// Textual ReAct
    React,
}

impl From<StyleName> for Style {
    fn from(name: StyleName) -> Self {
        match name {
            StyleName::Auto => Self::Auto,
            StyleName::Native => Self::Native,
            StyleName::React => Self::React,
        }
    }
}

/// What an agent is to be.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DefinitionArgs {
    /// A definition as TOML, or as JSON where the name ends in `.json`; `quarry agents show` prints one.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// One line for people who choose between agents.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What you want of it, added to the system prompt.
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
    /// A collection it may read; once for each.
    #[arg(long, short, value_name = "NAME")]
    collection: Vec<CollectionName>,
    /// A tool it has, or `mcp:SERVER` for those of an MCP server; once for each.
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// A tool that waits for approval before each call; once for each.
    #[arg(long, value_name = "NAME")]
    approve: Vec<String>,
    /// Its chat model, by its name in the configuration.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// How the model is made to act.
    #[arg(long, value_enum, value_name = "STYLE")]
    style: Option<StyleName>,
    /// Replies of the model in one run at most.
    #[arg(long, value_name = "N", help_heading = "Budgets")]
    steps: Option<u32>,
    /// Calls of tools in one run at most.
    #[arg(long, value_name = "N", help_heading = "Budgets")]
    tool_calls: Option<u32>,
    /// Tokens of one run at most, read and written.
    #[arg(long, value_name = "N", help_heading = "Budgets")]
    tokens: Option<u64>,
    /// Money for one run at most, in the currency of the models' prices.
    #[arg(long, value_name = "AMOUNT", help_heading = "Budgets")]
    cost: Option<f64>,
    /// Seconds of one run at most.
    #[arg(long, value_name = "N", help_heading = "Budgets")]
    seconds: Option<u64>,
    /// Whether sessions and facts are remembered and recalled: true or false.
    #[arg(long, value_name = "TRUTH")]
    memory: Option<bool>,
}

impl DefinitionArgs {
    /// The definition of the file, else `known`, with what the flags say.
    pub(crate) fn applied_to(&self, known: AgentDefinition) -> Outcome<AgentDefinition> {
        let mut definition = match &self.file {
            Some(path) => read(path)?,
            None => known,
        };
        let some = |text: &Option<String>, place: &mut String| {
            if let Some(text) = text {
                place.clone_from(text);
            }
        };
        some(&self.description, &mut definition.description);
        some(&self.instructions, &mut definition.instructions);
        for (given, place) in [(&self.tool, &mut definition.tools), (&self.approve, &mut definition.approve)]
        {
            if !given.is_empty() {
                place.clone_from(given);
            }
        }
        if !self.collection.is_empty() {
            definition.collections.clone_from(&self.collection);
        }
        definition.model = self.model.clone().or(definition.model);
        definition.style = self.style.map_or(definition.style, Style::from);
        definition.memory = self.memory.unwrap_or(definition.memory);
        let budgets = &mut definition.budgets;
        budgets.steps = self.steps.unwrap_or(budgets.steps);
        budgets.tool_calls = self.tool_calls.unwrap_or(budgets.tool_calls);
        budgets.tokens = self.tokens.unwrap_or(budgets.tokens);
        budgets.cost = self.cost.or(budgets.cost);
        budgets.seconds = self.seconds.unwrap_or(budgets.seconds);
        Ok(definition)
    }
}

fn read(path: &Path) -> Outcome<AgentDefinition> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let read = if json {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())
    };
    read.map_err(|problem| {
        let text = format!("`{}` is not the definition of an agent: {problem}", path.display());
        Failure::new(Exit::Invalid, "invalid_agent", text)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use quarry_engine::agent::{AgentDefinition, Style};

    use super::{DefinitionArgs, StyleName};

    #[test]
    fn flags_win_over_the_file_and_the_file_over_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clerk.toml");
        std::fs::write(&path, "instructions = \"Be brief.\"\ntools = [\"search\"]\n[budgets]\nsteps = 3\n")
            .unwrap();
        let known = AgentDefinition { description: "old".to_owned(), ..AgentDefinition::default() };
        let arguments = DefinitionArgs {
            file: Some(path),
            tool: vec!["calculate".to_owned()],
            style: Some(StyleName::React),
            tokens: Some(9_000),
            ..DefinitionArgs::default()
        };
        let definition = arguments.applied_to(known.clone()).unwrap();
        assert_eq!(definition.description, "");
        assert_eq!(definition.instructions, "Be brief.");
        assert_eq!(definition.tools, ["calculate"]);
        assert_eq!(definition.style, Style::React);
        assert_eq!((definition.budgets.steps, definition.budgets.tokens), (3, 9_000));
        let kept = DefinitionArgs::default().applied_to(known.clone()).unwrap();
        assert_eq!(kept, known);
    }

    #[test]
    fn a_file_that_is_no_definition_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a.toml", "instruction = \"x\"\n"), ("a.json", "{\"instruction\": \"x\"}")] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let arguments = DefinitionArgs { file: Some(path), ..DefinitionArgs::default() };
            let failure = arguments.applied_to(AgentDefinition::default()).unwrap_err();
            assert!(failure.message.contains("unknown field `instruction`"), "{}", failure.message);
        }
    }
}
