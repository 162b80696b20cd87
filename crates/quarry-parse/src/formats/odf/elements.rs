//! What elements of an OpenDocument are, and the text at the head and foot of its pages.

use quick_xml::events::{BytesStart, Event};

use crate::{
    formats::markup::{reader, reference},
    writer::one_line,
};

/// Elements whose content is no text of the document: what was deleted under change tracking, form controls,
/// pronunciations beside Japanese words.
pub(super) fn is_left_out(element: &BytesStart<'_>) -> bool {
    matches!(
        element.local_name().as_ref(),
        "tracked-changes" | "forms" | "scripts" | "ruby-text" | "page-thumbnail" | "annotation-end"
    )
}

/// Shapes that hold paragraphs.
pub(super) fn is_shape(name: &str) -> bool {
    matches!(
        name,
        "frame"
            | "custom-shape"
            | "rect"
            | "line"
            | "polyline"
            | "polygon"
            | "regular-polygon"
            | "path"
            | "circle"
            | "ellipse"
            | "connector"
            | "caption"
            | "measure"
    )
}

/// The texts of the headers and footers in the styles of pages.
pub(super) fn headers_and_footers(styles: &str) -> Vec<String> {
    let mut reader = reader(styles);
    let (mut inside, mut text, mut texts) = (false, String::new(), Vec::new());
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) => match element.local_name().as_ref() {
                "header" | "footer" | "header-first" | "footer-first" | "header-left" | "footer-left" => {
                    inside = true;
                }
                "body" => break,
                "tab" | "s" | "line-break" => text.push(' '),
                _ => {}
            },
            Event::Text(more) if inside => text.push_str(&more.xml10_content()),
            Event::GeneralRef(entity) if inside => text.extend(reference(&entity)),
            Event::End(element) => match element.local_name().as_ref() {
                "header" | "footer" | "header-first" | "footer-first" | "header-left" | "footer-left" => {
                    inside = false;
                    let line = one_line(&std::mem::take(&mut text));
                    // A page number alone says nothing.
                    if line.chars().any(char::is_alphabetic) {
                        texts.push(line);
                    }
                }
                "p" => text.push(' '),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    texts
}
