//! Internet messages: who wrote to whom about what, the body once, and what is attached.

use std::borrow::Cow;

use mail_parser::{
    Address, Encoding, Header, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, quoted_printable::quoted_printable_decode},
};

use super::{Input, html, text};
use crate::{
    BlockKind, Limits, ParseError, Parsed, decode::decode, nested::Members, writer::Writer, writer::one_line,
};

const LABEL: &str = "e-mail message";

/// The parser builds one message in another for each of these words, and takes a stack as deep to drop them.
const MOST_MESSAGES: usize = 400;

/// Reads a message with what is attached to it.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    if messages_inside(input.bytes) > MOST_MESSAGES {
        return Err(ParseError::over("messages in messages", MOST_MESSAGES));
    }
    let bytes = without_folder_line(input.bytes);
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| ParseError::damaged(LABEL, "it has no headers"))?;
    let letter = Letter { raw: bytes, message: &message };
    let head = letter.head();
    let mut writer = Writer::new(input.limits);
    head.write(&mut writer)?;
    let body = letter.body(input, &writer)?;
    writer.append(&body, 1)?;
    input.budget.take_entries(message.attachments.len())?;
    let mut members = Members::new(input, &mut writer, 2);
    let result = letter.attachments(&mut members);
    let found = finish_members(members, result)?;
    let mut parsed = writer.finish();
    head.describe(&mut parsed);
    found.put_into(&mut parsed);
    Ok(parsed)
}

/// A limit that attachments reach costs the rest of them, not the message.
pub(super) fn finish_members(
    mut members: Members<'_, '_>,
    result: Result<(), ParseError>,
) -> Result<crate::nested::Found, ParseError> {
    match result {
        Err(error @ ParseError::OverLimit { .. }) => {
            members.warn(format!("not all attachments were read: {error}"));
        }
        other => other?,
    }
    Ok(members.finish())
}

/// How often a message says that another is inside.
fn messages_inside(bytes: &[u8]) -> usize {
    let starts = |word: &[u8], at: usize| {
        bytes.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    let marks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    marks
        .filter(|(at, _)| {
            [b"/rfc822".as_slice(), b"/global", b"/digest"].iter().any(|word| starts(word, *at))
        })
        .count()
}

/// Mail folders put a line `From ...` before each message.
fn without_folder_line(bytes: &[u8]) -> &[u8] {
    if !bytes.starts_with(b"From ") && !bytes.starts_with(b">From ") {
        return bytes;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    bytes.get(end..).unwrap_or_default()
}

/// The lines above a message.
#[derive(Default)]
pub(super) struct Head {
    pub subject: String,
    pub from: String,
    pub to: String,
    pub cc: String,
    pub date: String,
}

impl Head {
    pub fn write(&self, writer: &mut Writer<'_>) -> Result<(), ParseError> {
        writer.push(BlockKind::Heading(1), &self.subject)?;
        let lines = [("From", &self.from), ("To", &self.to), ("Cc", &self.cc), ("Date", &self.date)];
        let known = lines.iter().filter(|(_, value)| !value.is_empty());
        let text: Vec<String> = known.map(|(name, value)| format!("{name}: {value}")).collect();
        writer.push(BlockKind::Paragraph, &text.join("\n"))
    }

    /// Puts them into the metadata too.
    pub fn describe(&self, parsed: &mut Parsed) {
        let subject = &self.subject;
        parsed.title = Some(subject.clone()).filter(|subject| !subject.is_empty());
        let values = [
            ("author", &self.from),
            ("created", &self.date),
            ("subject", subject),
            ("to", &self.to),
            ("cc", &self.cc),
        ];
        for (name, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
            parsed.metadata.insert(name.to_owned(), value.clone());
        }
    }
}

struct Letter<'a> {
    raw: &'a [u8],
    message: &'a Message<'a>,
}

impl Letter<'_> {
    fn head(&self) -> Head {
        let message = self.message;
        let people = |address: Option<&Address<'_>>| address.map(people).unwrap_or_default();
        Head {
            subject: one_line(&self.subject()),
            from: people(message.from()),
            to: people(message.to()),
            cc: people(message.cc()),
            date: message.date().map(|date| date.to_rfc3339()).unwrap_or_default(),
        }
    }

    /// Old programs wrote a subject in their own encoding and did not say which.
    fn subject(&self) -> String {
        let subject = self.message.subject().unwrap_or_default();
        if !subject.contains('\u{fffd}') {
            return subject.to_owned();
        }
        let is_subject = |header: &&Header<'_>| header.name == HeaderName::Subject;
        let header = self.message.headers().iter().find(is_subject);
        let range = header.map(|header| header.offset_start as usize..header.offset_end as usize);
        let raw = range.and_then(|range| self.raw.get(range)).unwrap_or_default();
        decode(raw, None)
    }

    fn body(&self, input: &Input<'_>, writer: &Writer<'_>) -> Result<Parsed, ParseError> {
        let message = self.message;
        let parts = |ids: &[u32]| -> Vec<&MessagePart<'_>> {
            ids.iter().filter_map(|id| message.parts.get(*id as usize)).collect()
        };
        let mut plain = String::new();
        for part in parts(&message.text_body) {
            if let PartType::Text(_) = &part.body {
                plain.push_str(&self.text(part));
                plain.push_str("\n\n");
            }
        }
        let mut pages = parts(&message.html_body);
        if pages.is_empty() {
            pages = parts(&message.text_body);
        }
        let pages: Vec<String> = pages
            .into_iter()
            .filter(|part| matches!(part.body, PartType::Html(_)))
            .map(|part| self.text(part).into_owned())
            .collect();
        let page = (!pages.is_empty()).then(|| pages.join("\n").into_bytes());
        body(&plain, page.as_deref(), input, writer)
    }

    /// The text of a part. Without a charset the parser takes it for UTF-8; here it is guessed.
    fn text<'p>(&self, part: &'p MessagePart<'_>) -> Cow<'p, str> {
        let (PartType::Text(text) | PartType::Html(text)) = &part.body else { return Cow::Borrowed("") };
        if !text.contains('\u{fffd}') {
            return Cow::Borrowed(text);
        }
        let raw = self.raw.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default();
        let bytes = match part.encoding {
            Encoding::None => Some(raw.to_vec()),
            Encoding::Base64 => base64_decode(raw),
            Encoding::QuotedPrintable => quoted_printable_decode(raw),
        };
        bytes.map_or(Cow::Borrowed(text), |bytes| Cow::Owned(decode(&bytes, None)))
    }

    fn attachments(&self, members: &mut Members<'_, '_>) -> Result<(), ParseError> {
        for (index, id) in self.message.attachments.iter().enumerate() {
            let Some(part) = self.message.parts.get(*id as usize) else { continue };
            let kind = part.content_type().map(|kind| match kind.subtype() {
                Some(subtype) => format!("{}/{subtype}", kind.ctype()),
                None => kind.ctype().to_owned(),
            });
            let stated = part.attachment_name().map(one_line).filter(|name| !name.is_empty());
            let name = |ending: &str| format!("attachment {}{ending}", index + 1);
            match &part.body {
                PartType::Message(inner) => {
                    let subject = inner.subject().map(|subject| one_line(&subject.replace('/', " ")));
                    let named = subject.filter(|subject| !subject.is_empty()).map(|subject| subject + ".eml");
                    let bytes = match part.encoding {
                        Encoding::None => self
                            .raw
                            .get(part.offset_body as usize..part.offset_end as usize)
                            .unwrap_or_default(),
                        _ => inner.raw_message(),
                    };
                    let name = stated.or(named).unwrap_or_else(|| name(".eml"));
                    members.add(&name, bytes.trim_ascii_start(), Some("message/rfc822"))?;
                }
                PartType::Multipart(_) => {}
                PartType::Text(_) | PartType::Html(_) => {
                    let ending = if matches!(part.body, PartType::Html(_)) { ".html" } else { ".txt" };
                    let text = self.text(part);
                    members.add(&stated.unwrap_or_else(|| name(ending)), text.as_bytes(), kind.as_deref())?;
                }
                PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                    members.add(&stated.unwrap_or_else(|| name("")), bytes, kind.as_deref())?;
                }
            }
        }
        Ok(())
    }
}

/// Names and addresses in one line.
fn people(address: &Address<'_>) -> String {
    const MOST: usize = 100;
    let person = |person: &mail_parser::Addr<'_>| {
        let (name, address) = (person.name.as_deref(), person.address.as_deref());
        match (name.map(one_line), address) {
            (Some(name), Some(address)) if name != address => format!("{name} <{address}>"),
            (Some(name), _) => name,
            (None, address) => address.unwrap_or_default().to_owned(),
        }
    };
    address.iter().take(MOST).map(person).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The body of a message that may be there in two forms, once. Plain text is what its writer wrote; the page has it
/// where there is no text or only a stub of it, and where it has tables.
pub(super) fn body(
    plain: &str,
    page: Option<&[u8]>,
    input: &Input<'_>,
    writer: &Writer<'_>,
) -> Result<Parsed, ParseError> {
    let (text_chars, table_rows) = writer.room();
    let limits = Limits { text_chars, table_rows, ..*input.limits };
    let rich = match page {
        Some(page) => match html::read_whole(&input.part(page, &limits)) {
            Err(error) if plain.trim().is_empty() => return Err(error),
            other => other.ok(),
        },
        None => None,
    };
    let rows = |parsed: &Parsed| {
        parsed.blocks.iter().filter(|block| matches!(block.kind, BlockKind::TableRow { .. })).count()
    };
    let length = plain.trim().len();
    let better = |rich: &Parsed| {
        let says_more = rich.text.len() > length.saturating_mul(3).max(1);
        length == 0 || (length < 200 && says_more) || (rows(rich) > 1 && rich.text.len() * 2 > length)
    };
    match rich.filter(better) {
        Some(rich) => Ok(rich),
        None => text::read(&input.part(plain.as_bytes(), &limits)),
    }
}
