//! The marks of binary formats.

use std::io::Cursor;

use zip::ZipArchive;

use super::{Sniffed, looks_like_html};
use crate::Format;

/// Knows a file by the marks its format puts into it; `None` for text and the unknown.
pub(super) fn magic(bytes: &[u8]) -> Option<Sniffed> {
    const KNOWN: &[(&[u8], &str, &str)] = &[
        (b"{\\rtf", "application/rtf", "an RTF document"),
        (b"\x1f\x8b", "application/gzip", "a gzip archive"),
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
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(Sniffed::other("application/x-tar", "a tar archive"));
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
    let names: Vec<String> = match ZipArchive::new(Cursor::new(bytes)) {
        Ok(archive) => archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect(),
        // Truncated: the directory at the end is gone, the names in front of each entry are not.
        Err(_) => ["word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"]
            .into_iter()
            .filter(|name| holds(name))
            .map(str::to_owned)
            .collect(),
    };
    let any = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    if any("word/") {
        return Sniffed::readable(Format::Docx);
    }
    if any("xl/") {
        return Sniffed::readable(Format::Xlsx);
    }
    if any("ppt/") {
        return Sniffed::other(
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "a PowerPoint presentation",
        );
    }
    let head = bytes.get(..200).unwrap_or(bytes);
    let kind = |mark: &str| head.windows(mark.len()).any(|window| window == mark.as_bytes());
    if kind("opendocument.spreadsheet") {
        Sniffed::readable(Format::Ods)
    } else if kind("opendocument.text") {
        Sniffed::other("application/vnd.oasis.opendocument.text", "an OpenDocument text")
    } else if kind("opendocument.presentation") {
        Sniffed::other("application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation")
    } else if kind("application/epub+zip") {
        Sniffed::other("application/epub+zip", "an EPUB book")
    } else {
        Sniffed::other("application/zip", "a ZIP archive")
    }
}

/// OLE containers tell by the names in their directory, whose entries stand at multiples of 128 bytes.
fn compound(bytes: &[u8]) -> Sniffed {
    let holds = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        bytes.chunks_exact(128).any(|entry| entry.starts_with(&name))
    };
    if holds("EncryptedPackage") {
        let found = "an encrypted Office document";
        return Sniffed { encrypted: true, ..Sniffed::other("application/x-ole-storage", found) };
    }
    if holds("Workbook") || holds("Book") {
        Sniffed::readable(Format::Xls)
    } else if holds("WordDocument") {
        Sniffed::other("application/msword", "a Word 97 document")
    } else if holds("PowerPoint Document") {
        Sniffed::other("application/vnd.ms-powerpoint", "a PowerPoint 97 presentation")
    } else if holds("__properties_version1.0") {
        Sniffed::other("application/vnd.ms-outlook", "an Outlook message")
    } else {
        Sniffed::other("application/x-ole-storage", "an OLE container")
    }
}
