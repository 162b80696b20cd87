//! Charts and SmartArt: the texts and numbers of drawings that stand in parts of their own.

use quick_xml::events::Event;

use super::markup::{attribute, paragraphs, reader, reference};
use crate::{BlockKind, ParseError, writer::Writer};

/// Longer series are data that a chart summarises, not text.
const MOST_POINTS: usize = 1_000;
const MOST_SERIES: usize = 64;

/// Writes a part: a chart as its title and a table, anything else as the paragraphs in it.
pub(super) fn write(part: &str, writer: &mut Writer<'_>) -> Result<(), ParseError> {
    let chart = Chart::read(part);
    if chart.series.is_empty() {
        return paragraphs(part)
            .iter()
            .try_for_each(|text| writer.push(BlockKind::ListItem, &format!("- {text}")));
    }
    chart.titles.iter().try_for_each(|title| writer.push(BlockKind::Paragraph, title))?;
    writer.table(&chart.rows(), true)
}

#[derive(Default)]
struct Series {
    name: String,
    labels: Vec<String>,
    values: Vec<String>,
}

#[derive(Default)]
struct Chart {
    titles: Vec<String>,
    series: Vec<Series>,
}

/// What the text of a chart's part belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Title,
    Name,
    Label,
    Value,
}

impl Chart {
    fn read(part: &str) -> Self {
        let mut reader = reader(part);
        let mut chart = Self::default();
        let (mut place, mut point, mut inside, mut text) = (Place::Nowhere, 0_usize, false, String::new());
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(element) => match element.local_name().as_ref() {
                    "title" => (place, text) = (Place::Title, String::new()),
                    "ser" if chart.series.len() < MOST_SERIES => chart.series.push(Series::default()),
                    "tx" if place == Place::Nowhere => place = Place::Name,
                    "cat" | "xVal" => place = Place::Label,
                    "val" | "yVal" => place = Place::Value,
                    "pt" => point = attribute(&element, "idx").and_then(|at| at.parse().ok()).unwrap_or(0),
                    "v" | "t" => inside = true,
                    _ => {}
                },
                Event::Text(more) if inside => text.push_str(&more.xml10_content()),
                Event::GeneralRef(entity) if inside => text.extend(reference(&entity)),
                Event::End(element) => match element.local_name().as_ref() {
                    "v" | "t" => {
                        inside = false;
                        if place != Place::Title {
                            chart.point(place, point, std::mem::take(&mut text));
                        }
                    }
                    "title" => {
                        chart.titles.push(std::mem::take(&mut text));
                        place = Place::Nowhere;
                    }
                    "tx" if place == Place::Name => place = Place::Nowhere,
                    "cat" | "xVal" | "val" | "yVal" | "ser" => place = Place::Nowhere,
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        chart
    }

    fn point(&mut self, place: Place, point: usize, text: String) {
        let Some(series) = self.series.last_mut() else { return };
        let list = match place {
            Place::Name => {
                series.name.push_str(&text);
                return;
            }
            Place::Label => &mut series.labels,
            Place::Value => &mut series.values,
            Place::Nowhere | Place::Title => return,
        };
        if point < MOST_POINTS {
            if list.len() <= point {
                list.resize(point + 1, String::new());
            }
            if let Some(slot) = list.get_mut(point) {
                *slot = text;
            }
        }
    }

    /// A row of names, then a row for each label.
    fn rows(&self) -> Vec<Vec<String>> {
        let names = self.series.iter().map(|series| series.name.clone());
        let mut rows = vec![std::iter::once(String::new()).chain(names).collect::<Vec<_>>()];
        let labels = self.series.iter().map(|series| &series.labels).max_by_key(|labels| labels.len());
        let length = self.series.iter().map(|series| series.values.len()).max().unwrap_or_default();
        let length = length.max(labels.map_or(0, Vec::len));
        for index in 0..length {
            let label = labels.and_then(|labels| labels.get(index)).cloned().unwrap_or_default();
            let values =
                self.series.iter().map(|series| series.values.get(index).cloned().unwrap_or_default());
            rows.push(std::iter::once(label).chain(values).collect());
        }
        rows
    }
}
