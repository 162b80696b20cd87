//! Models that run in this process.

pub mod static_table;
pub mod transformer;
mod workers;
