//! OpenDocument texts and presentations, packed or in one XML file.

mod body;
mod elements;
mod sink;
mod styles;

use super::{Input, office, table::is_header};
use crate::{
    BlockKind, Format, ParseError, Parsed,
    archive::Archive,
    decode::decode,
    writer::{Writer, one_line},
};
use body::Body;
use sink::Item;
use styles::Styles;

/// Charts and formulas that a document embeds are parts of their own; a document needs few of them.
const MOST_OBJECTS: usize = 200;

/// Reads a document: its body, then the headers and footers of its pages once.
pub(super) fn read(input: &Input<'_>, format: Format) -> Result<Parsed, ParseError> {
    let label = format.label();
    let mut archive = if input.bytes.starts_with(b"PK") { Some(Archive::open(input, label)?) } else { None };
    let part = |archive: &mut Option<Archive<'_>>, name: &str| match archive {
        Some(archive) => archive.text(name),
        None => Ok(decode(input.bytes, None)),
    };
    if archive.is_some() && part(&mut archive, "META-INF/manifest.xml")?.contains("encryption-data") {
        return Err(ParseError::encrypted(label, input.password));
    }
    let content = part(&mut archive, "content.xml")?;
    if content.trim().is_empty() {
        return Err(ParseError::damaged(label, "it has no content (content.xml)"));
    }
    let common = if archive.is_some() { part(&mut archive, "styles.xml")? } else { String::new() };
    let styles = Styles::read(&[&common, &content]);
    let mut document = Document {
        writer: Writer::new(input.limits),
        title: None,
        objects: 0,
        label,
        styles: &styles,
        input,
    };
    let body = Body::new(&styles, input.limits, label).read(&content)?;
    let pages = body.pages;
    document.items(body.items, &mut archive)?;
    let furniture = if archive.is_some() { &common } else { &content };
    document.writer.page = None;
    document.furniture(furniture)?;
    let mut metadata = office::properties(&part(&mut archive, "meta.xml")?);
    let stated = metadata.remove("title");
    let title = document.title;
    let mut parsed = document.writer.finish();
    parsed.title = title.or(stated).or(parsed.title);
    parsed.metadata = metadata;
    if format == Format::Odp {
        if pages > input.limits.pages {
            return Err(ParseError::over("slides", input.limits.pages));
        }
        parsed.pages = u32::try_from(pages).ok();
    }
    Ok(parsed)
}

struct Document<'a, 'i> {
    writer: Writer<'i>,
    title: Option<String>,
    objects: usize,
    label: &'static str,
    styles: &'a Styles,
    input: &'a Input<'i>,
}

impl Document<'_, '_> {
    fn items(&mut self, items: Vec<Item>, archive: &mut Option<Archive<'_>>) -> Result<(), ParseError> {
        for item in items {
            match item {
                Item::Block { kind, text, is_title } => {
                    if is_title && self.title.is_none() && !text.trim().is_empty() {
                        self.title = Some(one_line(&text));
                    }
                    self.writer.push(kind, &text)?;
                }
                Item::Table { rows, headers } => {
                    let header = headers > 0 || rows.first().is_some_and(|cells| is_header(cells));
                    self.writer.table(&rows, header && rows.len() > 1)?;
                }
                Item::Page(number) => self.writer.page = u32::try_from(number).ok(),
                Item::Object(path) => self.object(&path, archive)?,
            }
        }
        Ok(())
    }

    /// A chart gives its table, a formula its text.
    fn object(&mut self, path: &str, archive: &mut Option<Archive<'_>>) -> Result<(), ParseError> {
        let Some(archive) = archive else { return Ok(()) };
        self.objects += 1;
        if self.objects > MOST_OBJECTS {
            return Ok(());
        }
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let content = archive.text(&format!("{path}/content.xml"))?;
        if content.contains("<math") || content.contains(":math") {
            let formula = super::markup::leaves(&content).into_iter().find(|(name, _)| name == "annotation");
            let text = formula.map(|(_, text)| text).unwrap_or_default();
            return self.writer.push(BlockKind::Paragraph, &one_line(&text));
        }
        // A broken chart costs the chart.
        let Ok(body) = Body::new(self.styles, self.input.limits, self.label).read(&content) else {
            return Ok(());
        };
        for item in body.items {
            match item {
                Item::Block { kind, text, .. } => self.writer.push(kind, &text)?,
                Item::Table { rows, .. } => self.writer.table(&rows, rows.len() > 1)?,
                Item::Page(_) | Item::Object(_) => {}
            }
        }
        Ok(())
    }

    /// What stands at the head and foot of every page, once.
    fn furniture(&mut self, styles: &str) -> Result<(), ParseError> {
        let mut seen: Vec<String> = Vec::new();
        for text in elements::headers_and_footers(styles) {
            if seen.len() < 100 && !seen.contains(&text) {
                self.writer.push(BlockKind::Paragraph, &text)?;
                seen.push(text);
            }
        }
        Ok(())
    }
}
