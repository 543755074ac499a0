//! Durations and sizes as people write them: `10s`, `32MiB`.
//!
//! One number and one unit, no sums and no fractions: two ways to write a value would give two hashes
//! of one configuration.

use std::time::Duration;

/// Units of time in milliseconds, longest name first so that `ms` is not read as `s`.
const TIME: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Units of size in bytes.
const SIZE: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

/// Reads a duration such as `250ms`, `10s`, `5m`, `2h` or `14d`.
///
/// # Errors
/// When it is not a whole number with one of these units; the text says what was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    number_and_unit(text, &TIME).map(Duration::from_millis).ok_or_else(|| {
        "a duration such as \"250ms\", \"10s\", \"5m\", \"2h\" or \"14d\"".to_owned()
    })
}

/// Reads a size such as `512B`, `16KiB`, `32MiB` or `1GiB`, in bytes.
///
/// # Errors
/// When it is not a whole number with one of these units; the text says what was expected.
pub fn size(text: &str) -> Result<usize, String> {
    number_and_unit(text, &SIZE)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "a size such as \"512B\", \"16KiB\", \"32MiB\" or \"1GiB\"".to_owned())
}

fn number_and_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, millis: Option<u64>, bytes: Option<usize>) {
        assert_eq!(duration(text).ok(), millis.map(Duration::from_millis), "{text}");
        assert_eq!(size(text).ok(), bytes, "{text}");
    }

    #[test]
    fn numbers_with_units_are_read() {
        check("250ms", Some(250), None);
        check("10s", Some(10_000), None);
        check("2 h", Some(7_200_000), None);
        check("14d", Some(1_209_600_000), None);
        check("32MiB", None, Some(32 << 20));
        check("0B", None, Some(0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "10",
            "s",
            "-1s",
            "1.5s",
            "10 seconds",
            "1m30s",
            "32MB",
            "1kib",
            "99999999999999999999s",
        ] {
            check(text, None, None);
        }
        check(&format!("{}d", u64::MAX), None, None);
    }
}
