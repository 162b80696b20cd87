//! The switches of a search, which `search` and `ask` share.

use clap::{Args, ValueEnum};
use quarry_core::{CollectionName, Filter};
use quarry_engine::{Mode, RankerChoice, SearchRequest, retrieve::Weights};

use crate::failure::{Exit, Failure, Outcome};

/// Which legs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    /// Words and meaning
    Hybrid,
    /// Words only
    Lexical,
    /// Meaning only
    Dense,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Hybrid => Self::Hybrid,
            ModeName::Lexical => Self::Lexical,
            ModeName::Dense => Self::Dense,
        }
    }
}

/// How the candidates become one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RankerName {
    /// The fitted linear ranker
    Linear,
    /// A weighted sum of standardised scores
    Standardised,
    /// Reciprocal rank fusion
    Rrf,
}

impl From<RankerName> for RankerChoice {
    fn from(name: RankerName) -> Self {
        match name {
            RankerName::Linear => Self::Linear,
            RankerName::Standardised => Self::Standardised,
            RankerName::Rrf => Self::Rrf,
        }
    }
}

/// How to search.
#[derive(Clone, Debug, Args)]
pub(crate) struct Switches {
    /// Where to look [default: default].
    #[arg(long, short, value_name = "NAME")]
    pub(crate) collection: Option<CollectionName>,
    /// Passages at most, 1 to 200.
    #[arg(long, short, value_name = "N", default_value_t = 10)]
    pub(crate) k: usize,
    /// Which legs look.
    #[arg(long, value_enum, value_name = "MODE", default_value = "hybrid")]
    pub(crate) mode: ModeName,
    /// How the candidates are ranked.
    #[arg(long, value_enum, value_name = "RANKER", default_value = "linear")]
    pub(crate) ranker: RankerName,
    /// Only documents whose metadata match, as JSON: '{"eq": {"field": "year", "value": 2024}}'.
    #[arg(long, value_name = "JSON")]
    pub(crate) filter: Option<String>,
    /// Neighbouring chunks added on each side, 0 to 5.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) widen: u32,
    /// Up to 1: prefers passages unlike those above them.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) diversity: f32,
    /// Candidates of each leg, up to 1,000.
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<usize>,
    /// Multiplies the lexical leg's share.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) lexical_weight: f32,
    /// Multiplies the dense leg's share.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(crate) dense_weight: f32,
    /// Keep it out of the history.
    #[arg(long)]
    pub(crate) no_record: bool,
}

impl Switches {
    /// Where to look, also where nobody said.
    pub(crate) fn collection(&self) -> CollectionName {
        self.collection.clone().unwrap_or_else(CollectionName::fallback)
    }

    /// The search they mean.
    pub(crate) fn request(&self, query: &[String], explain: bool) -> Outcome<SearchRequest> {
        let mut request = SearchRequest::new(self.collection(), query.join(" "));
        request.k = self.k;
        request.mode = self.mode.into();
        request.ranker = self.ranker.into();
        request.weights = Weights { lexical: self.lexical_weight, dense: self.dense_weight };
        request.filter = self.filter.as_deref().map(filter).transpose()?;
        request.widen = self.widen;
        request.diversity = self.diversity;
        request.depth = self.depth;
        request.record = !self.no_record;
        request.explain = explain;
        Ok(request)
    }
}

fn filter(text: &str) -> Outcome<Filter> {
    let filter: Filter = serde_json::from_str(text).map_err(|error| {
        // A filter is one line; the character is what helps to find the place.
        let reason = error.to_string().replace(" at line 1 column ", ", at character ");
        let reason = if reason.contains("untagged enum Value") {
            "a value is true, false, a number, text, or a list of these".to_owned()
        } else {
            reason
        };
        Failure::new(Exit::Invalid, "invalid_filter", format!("the filter is wrong: {reason}"))
    })?;
    filter.check().map_err(|error| {
        let text = format!("the filter is wrong at `{}`: {}", error.pointer, error.problem);
        Failure::new(Exit::Invalid, "invalid_filter", text)
    })?;
    Ok(filter)
}
