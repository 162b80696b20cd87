//! Small tools over the XML reader, for all formats made of XML. Names are compared without their prefix, since the strict and the
//! transitional form of the format use different namespaces for the same elements.

use quick_xml::{
    Reader,
    events::{BytesRef, BytesStart, Event},
};

/// A reader that reports `<a/>` as a start and an end.
pub(crate) fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = false;
    reader
}

/// The value of an attribute, by its name without prefix.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(unescape(&found.value))
}

/// The value of an attribute that has a prefix, where the same name without one means something else.
pub(crate) fn prefixed_attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found =
        element.attributes().with_checks(false).flatten().find(|attribute| {
            attribute.key.prefix().is_some() && attribute.key.local_name().as_ref() == name
        })?;
    Some(unescape(&found.value))
}

/// Attribute values hold few references; the five of XML are enough.
fn unescape(value: &str) -> String {
    if !value.contains('&') {
        return value.to_owned();
    }
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    pairs.iter().fold(value.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// What a reference such as `&amp;` or `&#8211;` stands for. Entities that a document defines itself are never
/// expanded: that is the way of the "billion laughs".
pub(crate) fn reference(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return Some(letter);
    }
    match &*reference.xml10_content() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// The value of an attribute of the first element of a name.
pub(crate) fn attribute_of(text: &str, element: &str, name: &str) -> Option<String> {
    let mut reader = reader(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(found) if found.local_name().as_ref() == element => return attribute(&found, name),
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The texts of elements without children, with their names.
pub(crate) fn leaves(text: &str) -> Vec<(String, String)> {
    let mut reader = reader(text);
    let (mut name, mut content, mut leaves) = (String::new(), String::new(), Vec::new());
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) => {
                name = element.local_name().as_ref().to_owned();
                content.clear();
            }
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => content.extend(reference(&entity)),
            Event::End(_) if !name.is_empty() => {
                leaves.push((std::mem::take(&mut name), std::mem::take(&mut content)));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    leaves
}

/// The paragraphs of a drawing: the `t` of every `p`.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let mut reader = reader(text);
    let (mut inside, mut content, mut paragraphs) = (false, String::new(), Vec::new());
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) => inside = element.local_name().as_ref() == "t",
            Event::Text(text) if inside => content.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) if inside => content.extend(reference(&entity)),
            Event::End(element) => {
                inside = false;
                if element.local_name().as_ref() == "p" && !content.trim().is_empty() {
                    paragraphs.push(std::mem::take(&mut content));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    paragraphs
}
