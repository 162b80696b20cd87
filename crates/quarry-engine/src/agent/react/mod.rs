//! Textual `ReAct` (Yao et al., 2022), for models that cannot call tools natively: Thought, Action, Action Input,
//! Observation, Final Answer.
//!
//! * [`reader`]: what a model wrote, read tolerantly, while it comes.
//! * [`label`]: the words before the colons.
//! * [`input`]: what stands after `Action Input:`, as arguments.
//! * [`writer`]: a turn as a well-behaved model would write it, and what goes back to the model.

pub mod input;
pub mod label;
pub mod reader;
pub mod writer;

pub use reader::{Action, Reader, Turn};
