//! Small documents made in code.

use std::io::Write;

use quarry_parse::{Limits, ParseError, Parsed, Source, parse};
use zip::{ZipWriter, write::SimpleFileOptions};

pub fn read(name: &str, bytes: &[u8]) -> Result<Parsed, ParseError> {
    read_under(name, bytes, &Limits::default())
}

pub fn read_under(name: &str, bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    parse(&Source { bytes, name, media_type: None, password: None }, limits)
}

/// The kinds and texts of all blocks, a line each.
pub fn outline(parsed: &Parsed) -> String {
    let line = |block: &quarry_parse::Block| {
        format!("{:?}: {}", block.kind, parsed.text[block.range.clone()].trim())
    };
    parsed.blocks.iter().map(line).collect::<Vec<_>>().join("\n")
}

pub fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn docx(body: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let document = format!(
        r#"<w:document xmlns:w="w" xmlns:mc="mc" xmlns:wps="wps"><w:body>{body}<w:sectPr/></w:body></w:document>"#
    );
    let mut entries: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", b"<Types/>"), ("word/document.xml", document.as_bytes())];
    entries.extend(more.iter().map(|(name, content)| (*name, content.as_bytes())));
    zipped(&entries)
}

/// A PDF with one content stream a page, built with a correct cross-reference table.
pub fn pdf(pages: &[&str], font: &str) -> Vec<u8> {
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned()];
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    objects.push(format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()));
    objects.push(format!("<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>"));
    for (index, content) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + index * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len() + 1));
    }
    pdf_of(&objects)
}

/// A PDF of the given objects, numbered from 1, of which the first is the catalogue.
pub fn pdf_of(objects: &[String]) -> Vec<u8> {
    let mut file = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let start = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    places.iter().for_each(|place| file.push_str(&format!("{place:010} 00000 n \n")));
    file.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    file.into_bytes()
}

/// Shows texts at places in points from the lower left corner.
pub fn show(lines: &[(f32, f32, f32, &str)]) -> String {
    let line = |(x, y, size, text): &(f32, f32, f32, &str)| {
        format!("BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET")
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
