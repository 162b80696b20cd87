//! Workbooks: each sheet a heading and a table.

use std::io::Cursor;

use calamine::{
    Data, DataRef, Ods, Range, Reader, SheetType, SheetVisible, Xls, Xlsx, open_workbook_from_rs,
};

use super::{Input, table::is_header};
use crate::{BlockKind, Format, ParseError, Parsed, archive::Archive, writer::Writer};

/// Reads XLSX, XLS and ODS.
pub(super) fn read(input: &Input<'_>, format: Format) -> Result<Parsed, ParseError> {
    let label = format.label();
    if format != Format::Xls {
        // The reader below does not count what it expands.
        Archive::open(input, label)?.check_all()?;
    }
    let bytes = Cursor::new(input.bytes);
    let damaged = |error: &dyn std::error::Error| refused(label, &error.to_string());
    match format {
        Format::Xlsx => {
            let mut book: Xlsx<_> =
                open_workbook_from_rs(bytes).map_err(|error: calamine::XlsxError| damaged(&error))?;
            sheets(input, label, &mut book, |book, name, sheet| stream(book, name, sheet, label))
        }
        Format::Xls => {
            let mut book: Xls<_> =
                open_workbook_from_rs(bytes).map_err(|error: calamine::XlsError| damaged(&error))?;
            sheets(input, label, &mut book, |book, name, sheet| {
                let range = book.worksheet_range(name).map_err(|error| refused(label, &error.to_string()))?;
                rows(&range, sheet)
            })
        }
        _ => {
            let mut book: Ods<_> =
                open_workbook_from_rs(bytes).map_err(|error: calamine::OdsError| damaged(&error))?;
            sheets(input, label, &mut book, |book, name, sheet| {
                let range = book.worksheet_range(name).map_err(|error| refused(label, &error.to_string()))?;
                rows(&range, sheet)
            })
        }
    }
}

fn refused(label: &'static str, message: &str) -> ParseError {
    let lower = message.to_ascii_lowercase();
    if lower.contains("password") || lower.contains("encrypted") {
        ParseError::encrypted(label, None)
    } else {
        ParseError::damaged(label, message)
    }
}

fn sheets<'b, R: Reader<Cursor<&'b [u8]>>>(
    input: &Input<'_>,
    label: &'static str,
    book: &mut R,
    read: impl Fn(&mut R, &str, &mut Sheet<'_, '_>) -> Result<(), ParseError>,
) -> Result<Parsed, ParseError> {
    let all = book.sheets_metadata().to_vec();
    if all.len() > input.limits.pages {
        return Err(ParseError::over("sheets", input.limits.pages));
    }
    let mut writer = Writer::new(input.limits);
    let (mut hidden, mut broken, mut page) = (0, Vec::new(), 0);
    for sheet in all.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        page += 1;
        if sheet.visible != SheetVisible::Visible {
            hidden += 1;
            continue;
        }
        writer.page = Some(page);
        let mut target =
            Sheet { writer: &mut writer, name: &sheet.name, started: false, rows: Vec::new(), last: None };
        match read(book, &sheet.name, &mut target).and_then(|()| target.flush()) {
            Err(error @ (ParseError::OverLimit { .. } | ParseError::Encrypted { .. })) => return Err(error),
            Err(error) => broken.push(error),
            Ok(()) => {}
        }
    }
    if writer.is_empty()
        && let Some(error) = broken.pop()
    {
        return Err(error);
    }
    let mut parsed = writer.finish();
    parsed.title = None;
    parsed.pages = u32::try_from(all.len()).ok();
    if hidden > 0 {
        parsed.warnings.push(format!("hidden sheets were left out: {hidden}"));
    }
    if !broken.is_empty() {
        parsed.warnings.push(format!("sheets that could not be read in this {label}: {}", broken.len()));
    }
    Ok(parsed)
}

/// Writes one sheet. An empty row, or a gap in the row numbers, ends a table.
struct Sheet<'w, 'l> {
    writer: &'w mut Writer<'l>,
    name: &'w str,
    started: bool,
    rows: Vec<Vec<String>>,
    last: Option<u32>,
}

impl Sheet<'_, '_> {
    fn row(&mut self, number: u32, cells: Vec<(u32, String)>) -> Result<(), ParseError> {
        if cells.iter().all(|(_, text)| text.trim().is_empty()) {
            return Ok(());
        }
        if self.last.is_some_and(|last| number > last + 1) {
            self.flush()?;
        }
        self.last = Some(number);
        let first = cells.first().map_or(0, |(column, _)| *column);
        let width = cells.last().map_or(0, |(column, _)| column - first) as usize;
        // A row with one value at each end of a very wide sheet does not need the thousands between.
        let mut line = Vec::with_capacity(cells.len());
        let sparse = width > cells.len() * 4 + 16;
        let mut next = first;
        for (column, text) in cells {
            while !sparse && next < column {
                line.push(String::new());
                next += 1;
            }
            line.push(text);
            next = column + 1;
        }
        self.rows.push(line);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParseError> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        if !self.started {
            self.started = true;
            self.writer.push(BlockKind::Heading(1), self.name)?;
        }
        // Notes above and below tables are no tables.
        if rows.iter().all(|cells| cells.len() == 1) && rows.len() < 4 {
            return rows.iter().flatten().try_for_each(|text| self.writer.push(BlockKind::Paragraph, text));
        }
        let header = rows.len() > 1 && rows.first().is_some_and(|cells| is_header(cells));
        self.writer.table(&rows, header)
    }
}

/// Cells one by one as the file has them: a table of two far cells costs two cells, not the rectangle.
fn stream(
    book: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    sheet: &mut Sheet<'_, '_>,
    label: &'static str,
) -> Result<(), ParseError> {
    let damaged = |error: calamine::XlsxError| ParseError::damaged(label, error);
    let mut reader = book.worksheet_cells_reader(name).map_err(damaged)?;
    let mut row = 0;
    let mut cells: Vec<(u32, String)> = Vec::new();
    while let Some(cell) = reader.next_cell().map_err(damaged)? {
        let (number, column) = cell.get_position();
        if number != row {
            sheet.row(row, std::mem::take(&mut cells))?;
            row = number;
        }
        if !matches!(cell.get_value(), DataRef::Empty) {
            cells.push((column, show(&Data::from(cell.get_value().clone()))));
        }
    }
    sheet.row(row, cells)
}

fn rows(range: &Range<Data>, sheet: &mut Sheet<'_, '_>) -> Result<(), ParseError> {
    let (first, _) = range.start().unwrap_or_default();
    for (number, row) in (first..).zip(range.rows()) {
        let cells = (0..).zip(row).filter(|(_, cell)| **cell != Data::Empty);
        sheet.row(number, cells.map(|(column, cell)| (column, show(cell))).collect())?;
    }
    Ok(())
}

/// A value as a person reads it: whole numbers without a fraction, dates as dates, times without an empty date.
fn show(value: &Data) -> String {
    match value {
        Data::Float(number) => number_text(*number),
        Data::DateTime(date) if date.is_datetime() => match date.as_datetime() {
            Some(date) => date_text(&date.to_string()),
            None => number_text(date.as_f64()),
        },
        Data::DateTimeIso(date) => date_text(date),
        Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}

fn number_text(number: f64) -> String {
    // Spreadsheets show fifteen digits at most; the sixteenth is the noise of binary fractions.
    const DIGITS: i32 = 15;
    if number == 0.0 || !number.is_finite() || number.fract() == 0.0 {
        return number.to_string();
    }
    let whole = number.abs().log10().floor().clamp(-100.0, 100.0);
    let places = f64::from(DIGITS) - 1.0 - whole;
    let text = format!("{number:.*}", places.clamp(0.0, 30.0) as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn date_text(date: &str) -> String {
    let date = date.replace('T', " ");
    let date = date.strip_suffix(" 00:00:00").unwrap_or(&date);
    date.strip_prefix("1899-12-31 ").or_else(|| date.strip_prefix("1899-12-30 ")).unwrap_or(date).to_owned()
}
