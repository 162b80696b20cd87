//! Properties of fixed size: code pages, dates, the kind of a recipient.

use super::container::Container;
use crate::ParseError;

/// The name of the stream of a property, by its number and its type.
pub(super) fn property(id: u16, kind: &str) -> String {
    format!("__substg1.0_{id:04X}{kind}")
}

/// What is needed of them.
#[derive(Default)]
pub(super) struct Properties {
    /// The code page of the strings that are not Unicode.
    pub code_page: Option<u32>,
    /// The code page of the body as a page.
    pub internet_code_page: Option<u32>,
    /// When it was sent.
    pub date: Option<String>,
    /// 1 for "to", 2 for "cc".
    pub recipient: Option<u32>,
}

impl Properties {
    /// Reads the list of a storage, which follows a header whose length depends on what the storage is.
    pub fn read(container: &mut Container<'_>, storage: usize, header: usize) -> Result<Self, ParseError> {
        let list = container.stream(storage, "__properties_version1.0")?.unwrap_or_default();
        let mut properties = Self::default();
        let (mut sent, mut delivered) = (None, None);
        for entry in list.get(header..).unwrap_or_default().chunks_exact(16) {
            let number = |range: std::ops::Range<usize>| {
                entry
                    .get(range)
                    .unwrap_or_default()
                    .iter()
                    .rev()
                    .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
            };
            let (tag, short, long) = (number(0..4), u32::try_from(number(8..12)).ok(), number(8..16));
            match tag {
                0x3ffd_0003 => properties.code_page = short.filter(|page| *page != 1200),
                0x3fde_0003 => properties.internet_code_page = short,
                0x0039_0040 => sent = date(long),
                0x0e06_0040 => delivered = date(long),
                0x0c15_0003 => properties.recipient = short,
                _ => {}
            }
        }
        properties.code_page = properties.code_page.or(properties.internet_code_page);
        properties.date = sent.or(delivered);
        Ok(properties)
    }
}

/// A date from the number of tenths of microseconds since the year 1601.
fn date(ticks: u64) -> Option<String> {
    const SECONDS_TO_1970: u64 = 11_644_473_600;
    let seconds = (ticks / 10_000_000).checked_sub(SECONDS_TO_1970)?;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years from March on, so that the day that comes and goes is the last of a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    (year < 10_000).then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_counted_from_1601() {
        assert_eq!(date(116_444_736_000_000_000).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(date(133_537_248_000_000_000).as_deref(), Some("2024-03-01T00:00:00Z"));
        assert_eq!(date(0), None);
    }
}
