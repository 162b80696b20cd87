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

/// A tar archive of files.
pub fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in files {
        archive.extend(tar_header(name, content.len() as u64));
        archive.extend(*content);
        archive.resize(archive.len().div_ceil(512) * 512, 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

pub fn tar_header(name: &str, size: u64) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

pub fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// One entry of an OLE container: its path, and its content when it is a stream.
pub type OleEntry<'a> = (&'a str, Option<Vec<u8>>);

/// An OLE container. Storages come before what is in them; siblings hang on each other to the right.
#[allow(clippy::too_many_lines, reason = "one file format, written from its start to its end")]
pub fn ole(entries: &[OleEntry<'_>]) -> Vec<u8> {
    const NONE: u32 = u32::MAX;
    const END: u32 = 0xffff_fffe;
    let mut directory = vec![("Root Entry".to_owned(), 5_u8, NONE, NONE, END, 0_u64)];
    let (mut sectors, mut fat): (Vec<u8>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut last_child: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut places = std::collections::HashMap::from([(String::new(), 0_usize)]);
    for (path, content) in entries {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let index = directory.len();
        let start = u32::try_from(fat.len()).unwrap();
        let size = content.as_ref().map_or(0, Vec::len);
        if let Some(content) = content {
            sectors.extend(content);
            sectors.resize(sectors.len().div_ceil(512) * 512, 0);
            let count = content.len().div_ceil(512);
            fat.extend((1..=count).map(|n| if n == count { END } else { start + u32::try_from(n).unwrap() }));
        }
        let start = if size == 0 { END } else { start };
        directory.push((
            name.to_owned(),
            if content.is_some() { 2 } else { 1 },
            NONE,
            NONE,
            start,
            size as u64,
        ));
        places.insert((*path).to_owned(), index);
        match last_child.insert(parent.to_owned(), index) {
            Some(sibling) => directory[sibling].2 = u32::try_from(index).unwrap(),
            None => directory[places[parent]].3 = u32::try_from(index).unwrap(),
        }
    }
    let first_directory = u32::try_from(fat.len()).unwrap();
    let mut table = Vec::new();
    for (name, kind, right, child, start, size) in &directory {
        let mut entry = vec![0_u8; 128];
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        entry[..name.len()].copy_from_slice(&name);
        entry[64..66].copy_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        (entry[66], entry[67]) = (*kind, 1);
        for (at, value) in [(68, NONE), (72, *right), (76, *child), (116, *start)] {
            entry[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        entry[120..128].copy_from_slice(&size.to_le_bytes());
        table.extend(entry);
    }
    table.resize(table.len().div_ceil(512) * 512, 0);
    let count = table.len() / 512;
    fat.extend(
        (1..=count).map(|n| if n == count { END } else { first_directory + u32::try_from(n).unwrap() }),
    );
    sectors.extend(table);
    let fat_sectors = (fat.len() + 1).div_ceil(127);
    let first_fat = u32::try_from(fat.len()).unwrap();
    fat.extend(std::iter::repeat_n(0xffff_fffd, fat_sectors));
    fat.resize(fat_sectors * 128, NONE);
    sectors.extend(fat.iter().flat_map(|next| next.to_le_bytes()));
    let mut header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    header.resize(512, 0);
    header[24..34].copy_from_slice(&[0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]);
    let words =
        [(44, u32::try_from(fat_sectors).unwrap()), (48, first_directory), (56, 4096), (60, END), (68, END)];
    for (at, value) in words {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    for slot in 0..109_usize {
        let sector = if slot < fat_sectors { first_fat + u32::try_from(slot).unwrap() } else { NONE };
        header[76 + slot * 4..80 + slot * 4].copy_from_slice(&sector.to_le_bytes());
    }
    [header, sectors].concat()
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
