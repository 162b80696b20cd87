//! One reader per format. Each takes bytes under limits and writes blocks.

mod archives;
mod diagrams;
mod docx;
mod epub;
mod html;
mod image;
mod json;
mod legacy;
mod mail;
mod markdown;
mod markup;
mod notebook;
mod numerals;
mod odf;
mod office;
mod outlook;
mod pdf;
mod pptx;
mod rtf;
mod sheet;
mod subtitles;
mod table;
mod text;
mod xml;

use crate::{Format, Limits, ParseError, Parsed, budget::Budget};

pub(crate) use markup::attribute_of;

/// What a reader gets.
pub(crate) struct Input<'a> {
    pub bytes: &'a [u8],
    pub name: &'a str,
    pub password: Option<&'a str>,
    pub limits: &'a Limits,
    /// What containers may still give out; shared with the files around and inside this one.
    pub budget: &'a Budget,
    /// How many files this one is inside of.
    pub depth: usize,
}

impl<'a> Input<'a> {
    /// What a file inside this one is read with.
    pub fn inside<'b>(&self, limits: &'b Limits) -> Input<'b>
    where
        'a: 'b,
    {
        Input { depth: self.depth + 1, ..self.part(self.bytes, limits) }
    }

    /// Other bytes that are a part of this document: a chapter, the body of a message.
    fn part<'b>(&self, bytes: &'b [u8], limits: &'b Limits) -> Input<'b>
    where
        'a: 'b,
    {
        Input {
            bytes,
            name: self.name,
            password: self.password,
            limits,
            budget: self.budget,
            depth: self.depth,
        }
    }
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
        Format::Pptx => pptx::read(input),
        Format::Odt | Format::Odp => odf::read(input, format),
        Format::Rtf => rtf::read(input),
        Format::Doc | Format::Ppt => legacy::read(input, format),
        Format::Epub => epub::read(input),
        Format::Mail => mail::read(input),
        Format::Outlook => outlook::read(input),
        Format::Xml => xml::read(input),
        Format::Notebook => notebook::read(input),
        Format::Subtitles => subtitles::read(input),
        Format::Zip => archives::read_zip(input),
        Format::Tar => archives::read_tar(input),
        Format::Gzip => archives::read_gzip(input),
    }
}
