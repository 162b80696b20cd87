//! EPUB books: the chapters in the order of reading, each a page of the web.

use quick_xml::events::Event;

use super::{
    Input, html,
    markup::{attribute, reader, reference},
    office::resolve,
};
use crate::{Limits, ParseError, Parsed, archive::Archive, writer::Writer, writer::one_line};

const LABEL: &str = "EPUB book";

/// Reads a book. A chapter that cannot be read costs a warning.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut archive = Archive::open(input, LABEL)?;
    let path = package_path(&mut archive)?;
    let package = Package::read(&archive.text(&path)?);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let locked = archive.text("META-INF/encryption.xml")?;
    let mut writer = Writer::new(input.limits);
    let mut broken = 0;
    for href in &package.spine {
        let chapter = resolve(folder, &decode_percent(href));
        // Fonts are scrambled in many books; a scrambled chapter means a lock.
        if !locked.is_empty() && locked.contains(href.as_str()) {
            return Err(ParseError::encrypted(LABEL, input.password));
        }
        let Some(bytes) = archive.read(&chapter)? else {
            broken += 1;
            continue;
        };
        let (text_chars, table_rows) = writer.room();
        let limits = Limits { text_chars, table_rows, ..*input.limits };
        match html::read_whole(&input.part(&bytes, &limits)) {
            Ok(page) => writer.append(&page, 0)?,
            Err(error @ ParseError::OverLimit { .. }) => return Err(error),
            Err(_) => broken += 1,
        }
    }
    if package.spine.is_empty() {
        return Err(ParseError::damaged(LABEL, "its package names no chapters"));
    }
    let mut parsed = writer.finish();
    parsed.title = package.title.or(parsed.title);
    parsed.metadata = package.metadata;
    if broken > 0 {
        parsed.warnings.push(format!("chapters that could not be read: {broken}"));
    }
    Ok(parsed)
}

/// Where the package file is: the container says, or there is only one.
fn package_path(archive: &mut Archive<'_>) -> Result<String, ParseError> {
    let container = archive.text("META-INF/container.xml")?;
    let mut reader = reader(&container);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) if element.local_name().as_ref() == "rootfile" => {
                if let Some(path) = attribute(&element, "full-path") {
                    return Ok(path);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let found = archive.names().into_iter().find(|name| name.ends_with(".opf"));
    found.ok_or_else(|| ParseError::damaged(LABEL, "it has no package file"))
}

/// What the package file says.
#[derive(Default)]
struct Package {
    title: Option<String>,
    metadata: std::collections::BTreeMap<String, String>,
    spine: Vec<String>,
}

impl Package {
    fn read(text: &str) -> Self {
        const NAMES: &[(&str, &str)] = &[
            ("creator", "author"),
            ("date", "created"),
            ("language", "language"),
            ("subject", "keywords"),
            ("description", "subject"),
        ];
        let mut reader = reader(text);
        let mut package = Self::default();
        let mut manifest = std::collections::HashMap::new();
        let mut content = String::new();
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(element) => {
                    content.clear();
                    let value = |name| attribute(&element, name).unwrap_or_default();
                    match element.local_name().as_ref() {
                        "item" => _ = manifest.insert(value("id"), (value("href"), value("media-type"))),
                        "itemref" => {
                            let item = manifest.get(&value("idref"));
                            let readable = |media: &str| media.contains("html") || media.contains("xml");
                            package.spine.extend(
                                item.filter(|(_, media)| readable(media)).map(|(href, _)| href.clone()),
                            );
                        }
                        _ => {}
                    }
                }
                Event::Text(text) => content.push_str(&text.xml10_content()),
                Event::GeneralRef(entity) => content.extend(reference(&entity)),
                Event::End(element) => {
                    let text = one_line(&std::mem::take(&mut content));
                    let local = element.local_name();
                    let name = local.as_ref();
                    if text.is_empty() {
                        continue;
                    }
                    if name == "title" && package.title.is_none() {
                        package.title = Some(text);
                    } else if let Some((_, to)) = NAMES.iter().find(|(from, _)| *from == name) {
                        let known = package.metadata.entry((*to).to_owned()).or_default();
                        if !known.is_empty() && matches!(*to, "keywords" | "author") {
                            known.push_str(", ");
                            known.push_str(&text);
                        } else if known.is_empty() {
                            *known = text;
                        }
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        package
    }
}

/// Paths in packages are written as in addresses.
fn decode_percent(path: &str) -> String {
    let path = path.split('#').next().unwrap_or(path);
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let digits: Option<[u8; 2]> = rest.clone().next().zip(rest.clone().nth(1)).map(|(a, b)| [a, b]);
        let code = digits
            .filter(|_| byte == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest.nth(1);
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}
