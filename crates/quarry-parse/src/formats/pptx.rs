//! PowerPoint presentations: slides in the order of the show, each a page.

mod slide;

use super::{Input, diagrams, markup, office};
use crate::{BlockKind, ParseError, Parsed, archive::Archive, writer::Writer, writer::one_line};
use office::Relation;
use quick_xml::events::Event;
use slide::{Item, Role};

const LABEL: &str = "PowerPoint presentation";

/// Reads a presentation: for each slide its title, what is on it, its speaker notes and its comments.
pub(super) fn read(input: &Input<'_>) -> Result<Parsed, ParseError> {
    let mut archive = Archive::open(input, LABEL)?;
    let slides = slides(&mut archive)?;
    if slides.is_empty() {
        return Err(ParseError::damaged(LABEL, "it has no slides"));
    }
    if slides.len() > input.limits.pages {
        return Err(ParseError::over("slides", input.limits.pages));
    }
    let mut deck = Deck { writer: Writer::new(input.limits), furniture: Vec::new(), broken: 0 };
    for (index, path) in slides.iter().enumerate() {
        deck.writer.page = u32::try_from(index + 1).ok();
        deck.slide(&mut archive, path, input)?;
    }
    let mut metadata = office::properties(&archive.text("docProps/core.xml")?);
    let stated = metadata.remove("title").filter(|title| !is_placeholder(title));
    let broken = deck.broken;
    let mut parsed = deck.writer.finish();
    parsed.title = stated.or(parsed.title);
    parsed.pages = u32::try_from(slides.len()).ok();
    parsed.metadata = metadata;
    if broken > 0 {
        parsed.warnings.push(format!("slides that could not be read to their end: {broken}"));
    }
    Ok(parsed)
}

/// Titles that programs write when nobody chose one.
fn is_placeholder(title: &str) -> bool {
    let lower = title.to_lowercase();
    lower == "powerpoint presentation"
        || lower.starts_with("powerpoint-pr")
        || lower.strip_prefix("presentation").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
        || lower.strip_prefix("slide ").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

/// The paths of the slides: as the presentation orders them, or by their numbers when it does not say.
fn slides(archive: &mut Archive<'_>) -> Result<Vec<String>, ParseError> {
    let relations = office::relations(archive, "ppt/presentation.xml")?;
    let text = archive.text("ppt/presentation.xml")?;
    let names: std::collections::HashSet<String> = archive.names().into_iter().collect();
    let mut reader = markup::reader(&text);
    let mut slides = Vec::new();
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) if element.local_name().as_ref() == "sldId" => {
                let id = markup::prefixed_attribute(&element, "id").unwrap_or_default();
                let target = relations.iter().find(|relation| relation.id == id).map(|found| &found.target);
                slides.extend(target.filter(|target| names.contains(*target)).cloned());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if slides.is_empty() {
        let number = |name: &String| -> Option<u32> {
            name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?.parse().ok()
        };
        slides = names.into_iter().filter(|name| number(name).is_some()).collect();
        slides.sort_by_key(number);
    }
    Ok(slides)
}

struct Deck<'a> {
    writer: Writer<'a>,
    /// Headers, footers and dates that were written once.
    furniture: Vec<String>,
    broken: usize,
}

impl Deck<'_> {
    fn slide(&mut self, archive: &mut Archive<'_>, path: &str, input: &Input<'_>) -> Result<(), ParseError> {
        let text = archive.text(path)?;
        let relations = office::relations(archive, path)?;
        let slide = slide::read(&text, input.limits)?;
        self.broken += usize::from(slide.broken);
        let (titles, others): (Vec<Item>, Vec<Item>) =
            slide.items.into_iter().partition(|item| item.role() == Some(Role::Title));
        for item in titles.into_iter().chain(others) {
            self.item(archive, item, &relations)?;
        }
        for relation in &relations {
            match relation.kind.as_str() {
                "notesSlide" => self.notes(&archive.text(&relation.target)?, input)?,
                "comments" => self.comments(&archive.text(&relation.target)?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn item(
        &mut self,
        archive: &mut Archive<'_>,
        item: Item,
        relations: &[Relation],
    ) -> Result<(), ParseError> {
        match item {
            Item::Shape(Role::Title, paragraphs) => {
                let texts: Vec<String> = paragraphs.into_iter().map(|paragraph| paragraph.text).collect();
                self.writer.push(BlockKind::Heading(1), &one_line(&texts.join(" ")))
            }
            Item::Shape(Role::Furniture, paragraphs) => paragraphs.into_iter().try_for_each(|paragraph| {
                // What stands at the foot of every slide is written once.
                if self.furniture.contains(&paragraph.text) || self.furniture.len() > 100 {
                    return Ok(());
                }
                self.writer.push(BlockKind::Paragraph, &paragraph.text)?;
                self.furniture.push(paragraph.text);
                Ok(())
            }),
            Item::Shape(Role::Text, paragraphs) => paragraphs.into_iter().try_for_each(|paragraph| {
                let kind = if paragraph.is_item { BlockKind::ListItem } else { BlockKind::Paragraph };
                self.writer.push(kind, &paragraph.text)
            }),
            Item::Table { rows, header } => self.writer.table(&rows, header && rows.len() > 1),
            Item::Part(id) => {
                let Some(relation) = relations.iter().find(|relation| relation.id == id) else {
                    return Ok(());
                };
                diagrams::write(&archive.text(&relation.target)?, &mut self.writer)
            }
        }
    }

    fn notes(&mut self, text: &str, input: &Input<'_>) -> Result<(), ParseError> {
        let notes = slide::read(text, input.limits)?;
        let mut first = true;
        for item in notes.items {
            let Item::Shape(Role::Text, paragraphs) = item else { continue };
            for paragraph in paragraphs.into_iter().filter(|paragraph| !paragraph.text.trim().is_empty()) {
                let label = if std::mem::take(&mut first) { "Speaker notes: " } else { "" };
                let text = paragraph.text.trim_start().trim_start_matches("- ");
                self.writer.push(BlockKind::Paragraph, &format!("{label}{text}"))?;
            }
        }
        Ok(())
    }

    fn comments(&mut self, text: &str) -> Result<(), ParseError> {
        let plain = markup::leaves(text).into_iter().filter(|(name, _)| name == "text").map(|(_, text)| text);
        let rich = markup::paragraphs(text);
        plain
            .chain(rich)
            .filter(|text| !text.trim().is_empty())
            .try_for_each(|text| self.writer.push(BlockKind::Paragraph, &format!("Comment: {}", text.trim())))
    }
}
