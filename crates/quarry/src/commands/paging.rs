//! Lists: how much of them, and where to go on.

use clap::Args;
use quarry_core::{Cursor, Page, PageRequest};

use crate::output::Output;

/// Which part of a list.
#[derive(Clone, Debug, Args)]
pub(crate) struct Paging {
    /// Items at most, 1 to 500.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Where the list before ended.
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

impl Paging {
    pub(crate) fn request(&self) -> PageRequest {
        PageRequest::new(Some(self.limit), self.cursor.clone().map(Cursor))
    }
}

/// Says how to see the rest.
pub(crate) fn rest<T>(out: &Output, page: &Page<T>) {
    if let Some(Cursor(cursor)) = page.next_cursor.as_ref().filter(|_| !out.json) {
        out.note(&format!("there are more: --cursor {cursor}"));
    }
}
