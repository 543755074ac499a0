//! `[nightly]`.

use aios_server::NightlyAt;
use jiff::tz::TimeZone;

use super::file;
use super::resolve::Resolver;

impl Resolver<'_> {
    /// The time of day, in this machine's time zone; `None` if nothing is to be done.
    pub(super) fn nightly(&mut self, file: &file::Nightly) -> Option<NightlyAt> {
        let Some((hour, minute)) = time_of_day(&file.at) else {
            let expected = "must be a time of day such as \"02:00\"";
            self.refuse("nightly.at", format!("{expected}, not \"{}\"", file.at));
            return None;
        };
        let at = NightlyAt::new(hour, minute, TimeZone::system()).ok()?;
        file.enabled.then_some(at)
    }
}

fn time_of_day(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: i8| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_plain && *number < below)
    };
    Some((number(hour, 24)?, number(minute, 60)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_hours_and_minutes() {
        assert_eq!(time_of_day("02:00"), Some((2, 0)));
        assert_eq!(time_of_day("23:59"), Some((23, 59)));
        for wrong in ["", "2:00", "24:00", "02:60", "02:00:00", "+2:00", "02.00", "-1:00"] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }
}
