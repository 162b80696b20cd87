//! Finding passages: both legs, the ranker, hydration, widening and diversity.

mod diversity;
mod hydrate;
mod languages;
mod request;
mod search;

pub use request::{Explanation, Hit, LegExplanation, Mode, RankerChoice, SearchRequest, SearchResponse, Share, Weights};
pub(crate) use languages::Languages;
pub(crate) use search::{Found, candidates, find, search};
