//! What stands on a page beside its content: values of form fields, and comments.

use pdf_oxide::{PdfDocument, geometry::Rect, layout::TextSpan, object::Object};

use super::info::{dictionary, text};

/// A value of a form field or the text of a comment.
pub(super) struct Note {
    pub text: String,
    /// What it is called, where the page does not say so beside it: a field's description, a comment's author.
    pub name: String,
    /// Where it is seen as text of the page; comments are not.
    pub place: Option<Rect>,
    /// Whether somebody wrote it onto the page, and not into a field or beside a passage.
    pub free: bool,
}

/// The fields and comments of a page.
pub(super) fn read(document: &PdfDocument, index: usize) -> Vec<Note> {
    // No form has more on a page.
    const MOST: usize = 5_000;
    let Ok(page) = document.get_page(index) else { return Vec::new() };
    let list = page.as_dict().and_then(|page| page.get("Annots"));
    let Some(list) = list.and_then(|list| document.resolve_object(list).ok()) else { return Vec::new() };
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().take(MOST).filter_map(|item| note(document, item)).collect()
}

fn note(document: &PdfDocument, item: &Object) -> Option<Note> {
    const HIDDEN: i64 = 2 | 32;
    let item = document.resolve_object(item).ok()?;
    let item = item.as_dict()?;
    if item.get("F").and_then(Object::as_integer).unwrap_or(0) & HIDDEN != 0 {
        return None;
    }
    let place = rectangle(document, item.get("Rect"));
    let string = |key: &str| string(document, item.get(key));
    match item.get("Subtype").and_then(Object::as_name)? {
        "Widget" => field(document, item, place),
        "FreeText" => Some(Note { text: string("Contents")?, name: String::new(), place, free: true }),
        "Text" | "Highlight" | "Underline" | "Squiggly" | "StrikeOut" | "Caret" | "Ink" | "Stamp"
        | "Square" | "Circle" | "Line" | "Polygon" | "PolyLine" | "FileAttachment" => Some(Note {
            text: string("Contents")?,
            name: string("T").unwrap_or_default(),
            place: None,
            free: false,
        }),
        _ => None,
    }
}

type Dictionary = std::collections::HashMap<String, Object>;

/// The value that somebody filled in; fields inherit from those they are part of.
fn field(document: &PdfDocument, item: &Dictionary, place: Option<Rect>) -> Option<Note> {
    let kind = inherited(document, item, "FT")?;
    let name =
        inherited(document, item, "TU").and_then(|name| string(document, Some(&name))).unwrap_or_default();
    match kind.as_name()? {
        "Tx" | "Ch" => {
            let value = inherited(document, item, "V")?;
            let text = match &value {
                Object::Array(values) => {
                    let values: Vec<String> =
                        values.iter().filter_map(|value| string(document, Some(value))).collect();
                    values.join(", ")
                }
                value => string(document, Some(value))?,
            };
            (!text.is_empty()).then_some(Note { text, name, place, free: false })
        }
        // A box says something only with its description.
        "Btn" if !name.is_empty() => {
            let state = item.get("AS").and_then(Object::as_name).filter(|state| *state != "Off")?;
            let text = if matches!(state, "Yes" | "On" | "1") { "yes" } else { state };
            Some(Note { text: text.to_owned(), name, place: None, free: false })
        }
        _ => None,
    }
}

fn inherited(document: &PdfDocument, item: &Dictionary, key: &str) -> Option<Object> {
    const DEEPEST: usize = 16;
    let mut item = item.clone();
    for _ in 0..DEEPEST {
        if let Some(value) = item.get(key) {
            return document.resolve_object(value).ok();
        }
        item = dictionary(document, item.get("Parent")?)?;
    }
    None
}

fn string(document: &PdfDocument, value: Option<&Object>) -> Option<String> {
    let value = document.resolve_object(value?).ok()?;
    let text = text(value.as_string()?);
    (!text.trim().is_empty()).then_some(text)
}

fn rectangle(document: &PdfDocument, value: Option<&Object>) -> Option<Rect> {
    let value = document.resolve_object(value?).ok()?;
    let numbers: Vec<f32> = value
        .as_array()?
        .iter()
        .filter_map(|number| number.as_real().or_else(|| number.as_integer().map(|number| number as f64)))
        .map(|number| number as f32)
        .collect();
    let [a, b, c, d] = *numbers.as_slice() else { return None };
    let rect = Rect::new(a.min(c), b.min(d), (a - c).abs(), (b - d).abs());
    rect.x.is_finite().then_some(rect)
}

/// Puts what is seen on the page among its spans, and gives back the rest. A value that the page shows already, from
/// the field's own appearance, is not repeated.
pub(super) fn place(notes: Vec<Note>, spans: &mut Vec<TextSpan>, turned: bool) -> Vec<Note> {
    let shown = |note: &Note| {
        let words = spans.iter().filter(|span| note.place.is_none_or(|place| inside(&span.bbox, &place)));
        let words: String = words.map(|span| span.text.as_str()).collect();
        let plain = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        note.place.is_some() && plain(&words).contains(&plain(&note.text))
    };
    let fresh: Vec<Note> = notes.into_iter().filter(|note| !shown(note)).collect();
    let mut rest = Vec::new();
    for note in fresh {
        // On a page that is seen turned, the places of spans are turned too.
        match note.place.filter(|_| !turned) {
            Some(place) => spans.push(span(&note, &place)),
            None => rest.push(note),
        }
    }
    rest
}

fn inside(span: &Rect, place: &Rect) -> bool {
    let (x, y) = (span.x + span.width / 2.0, span.y + span.height / 2.0);
    x >= place.x - 2.0
        && x <= place.x + place.width + 2.0
        && y >= place.y - 2.0
        && y <= place.y + place.height + 2.0
}

/// A span in the upper left of a field, as its value is written.
fn span(note: &Note, place: &Rect) -> TextSpan {
    let size = (place.height * 0.7).clamp(6.0, 11.0);
    let top = (place.height - size * 1.3).max(0.0);
    let bbox = Rect::new(place.x + 1.0, place.y + top + size * 0.2, place.width.max(1.0), size);
    TextSpan { text: note.text.clone(), bbox, font_size: size, ..TextSpan::default() }
}
