//! Times as people write them: `500ms`, `2s`, `10m`, `6h`, `1d`.

use std::time::Duration;

/// Reads a time; a bare number is seconds.
pub(super) fn read(text: &str) -> Result<Duration, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    let number = number.parse::<u64>().ok().filter(|number| *number > 0 && millis > 0);
    let time = number.and_then(|number| number.checked_mul(millis)).map(Duration::from_millis);
    time.ok_or_else(|| format!("`{text}` is not a time: write `500ms`, `2s`, `10m`, `6h` or `1d`"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::read;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("2", 2), ("2s", 2), ("10m", 600), ("6h", 21_600), ("1d", 86_400)] {
            assert_eq!(read(text).unwrap(), Duration::from_secs(seconds), "{text}");
        }
        assert_eq!(read("500ms").unwrap(), Duration::from_millis(500));
        for text in ["", "0", "0s", "s", "2 s", "-1s", "1.5h", "2w", "99999999999999999999d"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
