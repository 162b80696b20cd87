//! The marks of binary formats.

use std::io::{Cursor, Read};

use office_oxide::cfb::CfbReader;
use zip::ZipArchive;

use super::{Sniffed, looks_like_html};
use crate::Format;

/// Knows a file by the marks its format puts into it; `None` for text and the unknown.
pub(super) fn magic(bytes: &[u8]) -> Option<Sniffed> {
    const KNOWN: &[(&[u8], &str, &str)] = &[
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "a 7z archive"),
        (b"Rar!\x1a\x07", "application/vnd.rar", "a RAR archive"),
        (b"\xfd7zXZ\0", "application/x-xz", "an xz archive"),
        (b"\x28\xb5\x2f\xfd", "application/zstd", "a Zstandard archive"),
        (b"BZh", "application/x-bzip2", "a bzip2 archive"),
        (b"\x7fELF", "application/x-executable", "a program"),
        (b"MZ\x90\0", "application/x-msdownload", "a program"),
        (b"SQLite format 3\0", "application/vnd.sqlite3", "a SQLite database"),
        (b"OggS", "audio/ogg", "a sound file"),
        (b"ID3", "audio/mpeg", "a sound file"),
    ];
    // The mark of a PDF may follow a little rubbish.
    let head = bytes.get(..1024).unwrap_or(bytes);
    let marked = head
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'%' && head.get(at..).is_some_and(|rest| rest.starts_with(b"%PDF-")));
    if marked && !looks_like_html(head) {
        return Some(Sniffed::readable(Format::Pdf));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(container(bytes));
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(compound(bytes));
    }
    if is_tar(bytes) {
        return Some(Sniffed::readable(Format::Tar));
    }
    if bytes.starts_with(b"\x1f\x8b") {
        return Some(Sniffed::readable(Format::Gzip));
    }
    if bytes.trim_ascii_start().starts_with(b"{\\rtf") {
        return Some(Sniffed::readable(Format::Rtf));
    }
    if bytes.starts_with(b"RIFF") {
        return Some(match bytes.get(8..12) {
            Some(b"WEBP") => Sniffed::image("image/webp", "a WebP image"),
            Some(b"WAVE") => Sniffed::other("audio/wav", "a sound file"),
            _ => Sniffed::other("video/x-msvideo", "a video"),
        });
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(Sniffed::other("video/mp4", "a video"));
    }
    if let Some(image) = image(bytes) {
        return Some(image);
    }
    KNOWN
        .iter()
        .find(|(mark, ..)| bytes.starts_with(mark))
        .map(|(_, media_type, found)| Sniffed::other(media_type, found))
}

/// Pictures, which may hold text.
fn image(bytes: &[u8]) -> Option<Sniffed> {
    const KNOWN: &[(&[u8], &str, &str)] = &[
        (b"\x89PNG\r\n\x1a\n", "image/png", "a PNG image"),
        (b"\xff\xd8\xff", "image/jpeg", "a JPEG image"),
        (b"GIF8", "image/gif", "a GIF image"),
        (b"II*\0", "image/tiff", "a TIFF image"),
        (b"MM\0*", "image/tiff", "a TIFF image"),
    ];
    // Text can start with the two letters of a bitmap; four zero bytes and the size of a header follow only there.
    let bitmap = bytes.starts_with(b"BM")
        && bytes.get(6..10) == Some(&[0; 4])
        && matches!(bytes.get(14..18), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]));
    if bitmap {
        return Some(Sniffed::image("image/bmp", "a BMP image"));
    }
    KNOWN
        .iter()
        .find(|(mark, ..)| bytes.starts_with(mark))
        .map(|(_, media_type, found)| Sniffed::image(media_type, found))
}

/// ZIP containers tell what they are by the names of their entries.
fn container(bytes: &[u8]) -> Sniffed {
    let holds = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    let mut archive = ZipArchive::new(Cursor::new(bytes));
    // The entry that names the kind stands first and as it is, unless somebody packed the container again.
    let stated = archive.as_mut().ok().and_then(|archive| {
        let mut stated = String::new();
        archive.by_name("mimetype").ok()?.take(200).read_to_string(&mut stated).ok()?;
        Some(stated)
    });
    let names: Vec<String> = match &archive {
        Ok(archive) => archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect(),
        // Truncated: the directory at the end is gone, the names in front of each entry are not.
        Err(_) => ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"]
            .into_iter()
            .filter(|name| holds(name))
            .map(str::to_owned)
            .collect(),
    };
    let any = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    if any("word/document") {
        return Sniffed::readable(Format::Docx);
    }
    if any("xl/workbook") {
        return Sniffed::readable(Format::Xlsx);
    }
    if any("ppt/presentation") || any("ppt/slides/") {
        return Sniffed::readable(Format::Pptx);
    }
    if any("[Content_Types].xml") && any("_rels/.rels") {
        return Sniffed::other("application/vnd.openxmlformats", "an Office document of another kind");
    }
    let head = bytes.get(..200).unwrap_or(bytes);
    let kind = |mark: &str| {
        head.windows(mark.len()).any(|window| window == mark.as_bytes())
            || stated.as_ref().is_some_and(|stated| stated.contains(mark))
    };
    if kind("opendocument.spreadsheet") {
        Sniffed::readable(Format::Ods)
    } else if kind("opendocument.text") {
        Sniffed::readable(Format::Odt)
    } else if kind("opendocument.presentation") || kind("opendocument.graphics") {
        Sniffed::readable(Format::Odp)
    } else if kind("application/epub+zip") || any("META-INF/container.xml") {
        Sniffed::readable(Format::Epub)
    } else if any("content.xml") && any("META-INF/manifest.xml") {
        // Packed again by hand, with the entry that names the kind somewhere behind.
        Sniffed::readable(Format::Odt)
    } else {
        Sniffed::readable(Format::Zip)
    }
}

/// A tar archive has no mark in its oldest form, but every form has the sum of its first header in that header.
pub(crate) fn is_tar(bytes: &[u8]) -> bool {
    let Some(header) = bytes.get(..512) else { return false };
    let field = header.get(148..156).unwrap_or_default();
    let digits: String = field.iter().map(|byte| char::from(*byte)).filter(char::is_ascii_digit).collect();
    let Ok(declared) = u32::from_str_radix(&digits, 8) else { return false };
    let blank = |index: usize| (148..156).contains(&index);
    let sum: u32 =
        (0..).zip(header).map(|(index, byte)| if blank(index) { 32 } else { u32::from(*byte) }).sum();
    declared == sum && header.first().is_some_and(|byte| *byte != 0)
}

/// OLE containers tell by the names in their root. In a broken one, names are looked for in anything that may be its
/// directory, whose entries stand at multiples of 128 bytes.
fn compound(bytes: &[u8]) -> Sniffed {
    let root = CfbReader::new(Cursor::new(bytes)).ok();
    let in_root = |name: &str| root.as_ref().is_some_and(|reader| reader.has_root_entry(name));
    let anywhere = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        bytes.chunks_exact(128).any(|entry| entry.starts_with(&name))
    };
    by_streams(&in_root)
        .or_else(|| by_streams(&anywhere))
        .unwrap_or_else(|| Sniffed::other("application/x-ole-storage", "an OLE container"))
}

fn by_streams(holds: &dyn Fn(&str) -> bool) -> Option<Sniffed> {
    if holds("__properties_version1.0") {
        return Some(Sniffed::readable(Format::Outlook));
    }
    if holds("EncryptedPackage") {
        let found = "an encrypted Office document";
        return Some(Sniffed { encrypted: true, ..Sniffed::other("application/x-ole-storage", found) });
    }
    const STREAMS: &[(&str, Format)] = &[
        ("WordDocument", Format::Doc),
        ("PowerPoint Document", Format::Ppt),
        ("Workbook", Format::Xls),
        ("Book", Format::Xls),
    ];
    STREAMS.iter().find(|(name, _)| holds(name)).map(|(_, format)| Sniffed::readable(*format))
}
