//! One run, from its first prompt to its answer.
//!
//! * [`plan`]: everything that was decided before the first reply; nothing a model reads can change it.
//! * `progress`: what changes from step to step, kept while the run waits for a person.
//! * `drive`: the loop. `step`: one reply, while it comes. `dialect`: what a reply and its results look like in native
//!   tool calls and in `ReAct`. `calls`: the tools. `ending`: the answer, however the run came to its end.
//! * `ask`: one retrieval and one reply, for `/v1/query`.

mod ask;
mod calls;
mod dialect;
mod drive;
mod ending;
pub mod plan;
mod progress;
mod step;

pub(crate) use drive::{Again, End, Work};
pub(crate) use ending::Extracted;
pub use plan::{Kind, Memory, Plan};
pub(crate) use progress::{Pending, Progress};
