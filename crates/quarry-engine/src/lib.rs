//! What Quarry does, whoever asks: ingest, retrieve, answer, evaluate.
//!
//! The door (HTTP) and the handle (CLI) call [`Engine`]; it owns ids, times, defaults and rules. It knows the four
//! materials (parse, models, index, store) and no HTTP.

pub mod agent;
pub mod answer;
pub mod audit;
pub mod cage;
pub mod collections;
pub mod documents;
mod embed;
pub mod engine;
pub mod error;
pub mod eval;
pub mod events;
pub mod generations;
pub mod govern;
mod health;
pub mod history;
pub mod idempotency;
pub mod ingest;
pub mod jobs;
pub mod maintain;
pub mod outbound;
mod rebuild;
pub mod retrieve;
pub mod settings;
pub mod signature;
pub mod sources;
pub mod watching;
pub mod webhooks;

pub use answer::{Answer, AnswerRequest, Citation, Sentence};
pub use cage::{Cage, CageSettings};
pub use documents::{AddOutcome, Added, Upload};
pub use embed::Embedded;
pub use engine::{Engine, Health, Parts};
pub use error::EngineError;
pub use maintain::{Repair, Verification};
// Words of the materials that callers of the engine speak; the door knows no material itself.
pub use quarry_models::{
    EXTRACTIVE, Purpose,
    chat::{ChatMessage, Role, Usage},
};
pub use quarry_store::{RunFilter, RunState, limits};
pub use retrieve::{Hit, Mode, RankerChoice, SearchRequest, SearchResponse};
pub use settings::EngineSettings;
