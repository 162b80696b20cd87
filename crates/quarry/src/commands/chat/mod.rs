//! `quarry chat`
//!
//! * [`run`]: from the arguments to the first prompt.
//! * `talk`: turns, one after the other, and what is kept between them.
//! * `slash`: what begins with `/`.

mod command;
mod slash;
mod talk;

pub(crate) use command::{ChatArgs, run};
