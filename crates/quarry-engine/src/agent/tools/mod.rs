//! The tools an agent may be given.

pub mod fetch_url;
