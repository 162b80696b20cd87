//! The pages people open in a browser: everything they need is in the executable, and nothing is loaded from
//! elsewhere.

mod pages;

pub(crate) use pages::{docs, docs_script, docs_style, home, home_script, home_style};
