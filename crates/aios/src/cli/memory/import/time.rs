//! Times as other programs write them.

use aios_core::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value;

/// Numbers from here on are milliseconds: as seconds they would be in the year 5138.
const MILLIS_FROM: f64 = 1e11;

/// A moment: RFC 3339, the same without a zone (which is taken for UTC), a date, or a number of seconds or
/// milliseconds since 1970.
pub(super) fn read(value: &Value) -> Option<Timestamp> {
    if let Some(number) = value.as_f64() {
        let seconds = if number.abs() >= MILLIS_FROM { number / 1e3 } else { number };
        return Some(Timestamp::from_micros((seconds * 1e6) as i64));
    }
    let text = value.as_str()?.trim();
    if let Ok(at) = Timestamp::parse(text) {
        return Some(at);
    }
    let date = || text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0));
    let civil = text.parse::<DateTime>().ok().or_else(date)?;
    let at = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_several_forms_are_read() {
        let expect = Timestamp::parse("2027-01-15T08:00:00Z").unwrap();
        for form in [
            serde_json::json!("2027-01-15T08:00:00Z"),
            serde_json::json!("2027-01-15T09:00:00+01:00"),
            serde_json::json!("2027-01-15 08:00:00"),
            serde_json::json!(1_800_000_000),
            serde_json::json!(1_800_000_000_000_i64),
        ] {
            assert_eq!(read(&form), Some(expect), "{form}");
        }
        let date = Timestamp::parse("2027-01-15T00:00:00Z").unwrap();
        assert_eq!(read(&serde_json::json!("2027-01-15")), Some(date));
        for form in [serde_json::json!("yesterday"), serde_json::json!(null), serde_json::json!([])]
        {
            assert_eq!(read(&form), None, "{form}");
        }
    }
}
