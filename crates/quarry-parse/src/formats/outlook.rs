//! Messages saved by Outlook: an OLE container with a stream for each property.

mod compressed;
mod container;
mod properties;

use super::{
    Input,
    mail::{self, Head},
    rtf,
};
use crate::{
    Limits, ParseError, Parsed, codepage,
    decode::decode,
    nested::Members,
    writer::{Writer, one_line},
};
use container::Container;
use properties::{Properties, property};

const LABEL: &str = "Outlook message";

/// Reads a message with what is attached to it.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut container = Container::open(input)?;
    let root = container.root();
    message(&mut container, root, true, input)
}

/// Reads the message in a storage. Those attached to it are storages inside.
fn message(
    container: &mut Container<'_>,
    storage: usize,
    is_outermost: bool,
    input: &Input<'_>,
) -> Result<Parsed, ParseError> {
    let header = if is_outermost { 32 } else { 24 };
    let properties = Properties::read(container, storage, header)?;
    let mut open = Open { container, storage, properties, input };
    let head = open.head()?;
    let mut writer = Writer::new(input.limits);
    head.write(&mut writer)?;
    let body = open.body(&writer)?;
    writer.append(&body, 1)?;
    let mut members = Members::new(input, &mut writer, 2);
    let result = open.attachments(&mut members);
    let found = mail::finish_members(members, result)?;
    let mut parsed = writer.finish();
    parsed.media_type = "application/vnd.ms-outlook".to_owned();
    head.describe(&mut parsed);
    found.put_into(&mut parsed);
    Ok(parsed)
}

struct Open<'c, 'a, 'i> {
    container: &'c mut Container<'a>,
    storage: usize,
    properties: Properties,
    input: &'i Input<'i>,
}

impl Open<'_, '_, '_> {
    fn text(&mut self, storage: usize, id: u16) -> Result<String, ParseError> {
        if let Some(bytes) = self.container.stream(storage, &property(id, "001F"))? {
            return Ok(encoding_rs::UTF_16LE.decode_without_bom_handling(&bytes).0.replace('\0', ""));
        }
        let Some(bytes) = self.container.stream(storage, &property(id, "001E"))? else {
            return Ok(String::new());
        };
        // A message may lie about its code page only in one way: by not knowing it.
        let text = match self.properties.code_page {
            Some(page) if codepage::by_number(page).is_some() => codepage::decode(&bytes, page),
            _ => decode(&bytes, None),
        };
        Ok(text.replace('\0', ""))
    }

    fn line(&mut self, id: u16) -> Result<String, ParseError> {
        let storage = self.storage;
        Ok(one_line(&self.text(storage, id)?))
    }

    fn head(&mut self) -> Result<Head, ParseError> {
        let (to, cc) = self.recipients()?;
        let sender = (self.line(0x0c1a)?, self.line(0x5d01)?, self.line(0x0c1f)?);
        let address = if sender.1.contains('@') { sender.1 } else { sender.2 };
        let from = person(&sender.0, &address);
        let date = match &self.properties.date {
            Some(date) => date.clone(),
            None => self.header_line("date:")?,
        };
        let to = if to.is_empty() { self.line(0x0e04)? } else { to };
        let cc = if cc.is_empty() { self.line(0x0e03)? } else { cc };
        Ok(Head { subject: self.line(0x0037)?, from, to, cc, date })
    }

    /// A line of the headers that came with the message over the Internet.
    fn header_line(&mut self, name: &str) -> Result<String, ParseError> {
        let storage = self.storage;
        let headers = self.text(storage, 0x007d)?;
        let line = headers
            .lines()
            .find(|line| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        Ok(line.and_then(|line| line.get(name.len()..)).map(one_line).unwrap_or_default())
    }

    fn recipients(&mut self) -> Result<(String, String), ParseError> {
        const MOST: usize = 200;
        let (mut to, mut cc) = (Vec::new(), Vec::new());
        for storage in self.container.storages(self.storage, "__recip_version1.0_#").into_iter().take(MOST) {
            let kind = Properties::read(self.container, storage, 8)?.recipient;
            let name = one_line(&self.text(storage, 0x3001)?);
            let smtp = one_line(&self.text(storage, 0x39fe)?);
            let address = if smtp.is_empty() { one_line(&self.text(storage, 0x3003)?) } else { smtp };
            let list = if kind == Some(2) { &mut cc } else { &mut to };
            list.push(person(&name, &address));
        }
        Ok((to.join(", "), cc.join(", ")))
    }

    fn body(&mut self, writer: &Writer<'_>) -> Result<Parsed, ParseError> {
        let storage = self.storage;
        let plain = self.text(storage, 0x1000)?.replace("\r\n", "\n");
        let mut page = self.container.stream(storage, &property(0x1013, "0102"))?;
        if page.is_none() {
            page = Some(self.text(storage, 0x1013)?.into_bytes()).filter(|page| !page.is_empty());
        }
        if let (Some(bytes), Some(number)) = (&page, self.properties.internet_code_page)
            && std::str::from_utf8(bytes).is_err()
            && codepage::by_number(number).is_some()
        {
            page = Some(codepage::decode(bytes, number).into_bytes());
        }
        if plain.trim().is_empty() && page.is_none() {
            let packed = self.container.stream(storage, &property(0x1009, "0102"))?;
            let unpacked =
                packed.and_then(|packed| compressed::expand(&packed, self.input.budget.bytes_left()));
            if let Some(document) = unpacked {
                self.input.budget.take_bytes(document.len() as u64)?;
                let (text_chars, table_rows) = writer.room();
                let limits = Limits { text_chars, table_rows, ..*self.input.limits };
                return rtf::read(&self.input.part(&document, &limits));
            }
        }
        mail::body(&plain, page.as_deref(), self.input, writer)
    }

    fn attachments(&mut self, members: &mut Members<'_, '_>) -> Result<(), ParseError> {
        for storage in self.container.storages(self.storage, "__attach_version1.0_#") {
            self.input.budget.take_entries(1)?;
            let names =
                [self.text(storage, 0x3707)?, self.text(storage, 0x3704)?, self.text(storage, 0x3001)?];
            let name = names.iter().map(|name| one_line(name)).find(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| "attachment".to_owned());
            let kind = self.text(storage, 0x370e)?;
            let kind = Some(kind.trim()).filter(|kind| !kind.is_empty());
            if let Some(bytes) = self.container.stream(storage, &property(0x3701, "0102"))? {
                members.add(&name, &bytes, kind)?;
            } else if let Some(inner) = self.container.child(storage, &property(0x3701, "000D")) {
                let container = &mut *self.container;
                members.add_with(&name, "application/vnd.ms-outlook", |input| {
                    message(container, inner, false, input)
                })?;
            } else {
                members.unreadable(&name, 0, "it is only a link to a file elsewhere".to_owned());
            }
        }
        Ok(())
    }
}

/// A name with the address behind it; addresses within an organisation say nothing outside.
fn person(name: &str, address: &str) -> String {
    let address = if address.contains('@') { address } else { "" };
    match (name.is_empty(), address.is_empty()) {
        (false, false) if name != address => format!("{name} <{address}>"),
        (false, _) => name.to_owned(),
        (true, _) => address.to_owned(),
    }
}
