//! `/v1/sources`: places whose documents are kept in sync.

pub(crate) mod keep;
pub(crate) mod look;
pub(crate) mod push;
