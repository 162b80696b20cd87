//! Finding passages: both legs, the ranker, hydration, widening and diversity.

mod diversity;
mod hydrate;
mod languages;
mod request;
mod search;

pub(crate) use languages::Languages;
pub use request::{
    Explanation, Hit, LegExplanation, Mode, RankerChoice, SearchRequest, SearchResponse, Share, Weights,
};
pub(crate) use search::{Found, candidates, check, find, search};
