//! How often, as people write it.

use std::{fmt, str::FromStr, time::Duration};

use quarry_engine::limits::Quota;
use serde::Deserialize;

/// Most of either number: what Redis's numbers hold exactly, for a bucket that fills in an hour.
const MOST: u32 = 1_000_000;

/// A rate: `600/m`, `100/s, burst 500`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Rate {
    /// No limit.
    Off,
    /// A limit.
    On {
        /// So many requests.
        count: u32,
        /// In each second, minute or hour.
        period: Period,
        /// So many at once, after a while without any.
        burst: u32,
    },
}

/// What a rate is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// `s`
    Second,
    /// `m`
    Minute,
    /// `h`
    Hour,
}

impl Period {
    pub(super) const fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Second => 's',
            Self::Minute => 'm',
            Self::Hour => 'h',
        }
    }
}

/// Something that is not a rate.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a rate: write `600/m`, `100/s, burst 500` (from 1 to {MOST} by `s`, `m` or `h`), or `off`"
)]
pub struct RateError(String);

impl Rate {
    pub(super) const fn per_second(count: u32) -> Self {
        Self::On { count, period: Period::Second, burst: count }
    }

    pub(super) const fn per_minute(count: u32, burst: u32) -> Self {
        Self::On { count, period: Period::Minute, burst }
    }

    /// The same for a caller who may ask so many times as often as others.
    pub(super) fn times(self, scale: f64) -> Self {
        // Exactly one is what nearly everybody has.
        if !scale.is_finite() || (scale - 1.0).abs() < f64::EPSILON {
            return self;
        }
        let more = |number: u32| (f64::from(number) * scale).clamp(1.0, f64::from(MOST)) as u32;
        match self {
            Self::Off => Self::Off,
            Self::On { count, period, burst } => Self::On { count: more(count), period, burst: more(burst) },
        }
    }

    /// What its bucket is; `None` without a limit.
    pub(super) fn quota(self) -> Option<Quota> {
        match self {
            Self::Off => None,
            Self::On { count, period, burst } => {
                Some(Quota::new(count, Duration::from_secs(period.seconds()), burst))
            }
        }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        read(text.trim()).ok_or_else(|| RateError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Rate> {
    if text == "off" {
        return Some(Rate::Off);
    }
    let number = |text: &str| text.trim().parse().ok().filter(|number| (1..=MOST).contains(number));
    let (rate, burst) = match text.split_once(',') {
        Some((rate, burst)) => (rate, Some(number(burst.trim().strip_prefix("burst ")?)?)),
        None => (text, None),
    };
    let (count, period) = rate.split_once('/')?;
    let count = number(count)?;
    let period = match period.trim() {
        "s" => Period::Second,
        "m" => Period::Minute,
        "h" => Period::Hour,
        _ => return None,
    };
    Some(Rate::On { count, period, burst: burst.unwrap_or(count) })
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, RateError> {
        text.parse()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Off => f.write_str("off"),
            Self::On { count, period, burst } if burst == count => write!(f, "{count}/{}", period.letter()),
            Self::On { count, period, burst } => write!(f, "{count}/{}, burst {burst}", period.letter()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_they_are_written() {
        for text in ["off", "600/m", "100/s, burst 500", "1/h, burst 1000000"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        assert_eq!(" 5 / s ,burst 9 ".parse::<Rate>().unwrap().to_string(), "5/s, burst 9");
        for wrong in
            ["", "5", "5/", "/s", "0/s", "5/d", "-1/s", "5/s,", "5/s, 9", "5/s, burst 0", "1000001/s", "Off"]
        {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_callers_multiple_stays_within_what_there_is() {
        let rate = Rate::per_minute(60, 10);
        for (scale, expected) in [
            (1.0, "60/m, burst 10"),
            (2.5, "150/m, burst 25"),
            (0.1, "6/m, burst 1"),
            (0.0, "1/m"),
            (-3.0, "1/m"),
            (1e12, "1000000/m"),
            (f64::NAN, "60/m, burst 10"),
        ] {
            assert_eq!(rate.times(scale).to_string(), expected, "{scale}");
        }
        assert_eq!(Rate::Off.times(2.0), Rate::Off);
    }
}
