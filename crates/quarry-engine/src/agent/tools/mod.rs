//! The tools an agent may be given.
