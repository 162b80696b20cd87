//! One reader per format. Each takes bytes under limits and writes blocks.

mod docx;
mod html;
mod image;
mod json;
mod markdown;
mod pdf;
mod sheet;
mod table;
mod text;

use crate::{Format, Limits, ParseError, Parsed};

/// What a reader gets.
pub(crate) struct Input<'a> {
    pub bytes: &'a [u8],
    pub name: &'a str,
    pub password: Option<&'a str>,
    pub limits: &'a Limits,
}

/// Reads bytes as the given format.
pub(crate) fn read(format: Format, input: &Input<'_>) -> Result<Parsed, ParseError> {
    match format {
        Format::Text => text::read(input),
        Format::Code => text::read_code(input),
        Format::Markdown => markdown::read(input),
        Format::Html => html::read(input),
        Format::Pdf => pdf::read(input),
        Format::Image => image::read(input),
        Format::Docx => docx::read(input),
        Format::Xlsx | Format::Xls | Format::Ods => sheet::read(input, format),
        Format::Csv | Format::Tsv => table::read(input),
        Format::Json => json::read(input),
        Format::JsonLines => json::read_lines(input),
    }
}
