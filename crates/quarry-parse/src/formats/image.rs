//! Pictures: no text of their own, and one scan for whoever can recognise text in them.

use super::Input;
use crate::{ParseError, Parsed, Scan, sniff};

/// Hands the picture on as it is.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    if input.bytes.len() as u64 > input.limits.scan_bytes {
        return Err(ParseError::over("bytes of pictures", input.limits.scan_bytes));
    }
    let media_type = sniff::sniff(input.bytes, input.name).media_type.to_owned();
    let scan = Scan { page: None, media_type, image: input.bytes.to_vec() };
    Ok(Parsed { scans: vec![scan], ..Parsed::default() })
}
