//! Documents: uploaded, listed, read, changed, removed.

pub(crate) mod add;
pub(crate) mod bulk;
mod incoming;
mod multipart;
pub(crate) mod read;

pub(crate) use add::MAX_WAIT_SECONDS;
