//! `[nightly]`.

use aios_core::Bucket;
use aios_privacy::Secret;
use aios_server::{NightWork, Nightly, NightlyAt, Promotion};
use jiff::tz::TimeZone;

use super::endpoint::is_variable_name;
use super::file;
use super::resolve::Resolver;
use super::zone::{self, NoZone};

const GOLDEN: [(&str, Option<Bucket>); 3] =
    [("treatment", Some(Bucket::Treatment)), ("control", Some(Bucket::Control)), ("off", None)];

const PROMOTION: [(&str, Promotion); 3] =
    [("propose", Promotion::Propose), ("add", Promotion::Add), ("off", Promotion::Off)];

impl Resolver<'_> {
    pub(super) fn nightly(&mut self, file: &file::Nightly) -> Nightly {
        Nightly {
            at: self.night_at(file),
            work: NightWork {
                golden: self.choice("nightly.golden", &file.golden, &GOLDEN),
                golden_key: self.golden_key(&file.golden_key_env),
                golden_threshold: 0.0,
                promotion: self.choice("nightly.promote", &file.promote, &PROMOTION),
                promote_max: self.count("nightly.promote_max", file.promote_max, 1..=1_000),
                hypotheses: Vec::new(),
                events_kept_for: std::time::Duration::ZERO,
            },
        }
    }

    /// The time of day, in this machine's time zone; none where it is switched off.
    fn night_at(&mut self, file: &file::Nightly) -> Option<NightlyAt> {
        let Some((hour, minute)) = time_of_day(&file.at) else {
            let expected = "must be a time of day such as \"02:00\"";
            self.refuse("nightly.at", format!("{expected}, not \"{}\"", file.at));
            return None;
        };
        if !file.enabled {
            return None;
        }
        NightlyAt::new(hour, minute, self.zone()).ok()
    }

    /// This machine's time zone; UTC where nobody knows one.
    fn zone(&mut self) -> TimeZone {
        match zone::local(self.env) {
            Ok(zone) => return zone,
            Err(unknown @ NoZone::Unknown { .. }) => {
                self.warnings
                    .push(format!("`nightly.at` is of this machine's time, and {unknown}"));
            }
            Err(unusable @ NoZone::Unusable { .. }) => {
                let why =
                    format!("is of this machine's time, and nobody knows its zone: {unusable}");
                let hint = "set TZ to a name such as \"Europe/Paris\", or to UTC";
                self.refuse_with_hint("nightly.at", why, hint);
            }
        }
        TimeZone::UTC
    }

    /// The client key that golden questions are asked with. Where it is not set they are asked without one.
    fn golden_key(&mut self, variable: &str) -> Option<Secret> {
        if variable.is_empty() {
            return None;
        }
        if !is_variable_name(variable) {
            self.refuse_with_hint(
                "nightly.golden_key_env",
                "must be the name of an environment variable: capitals, digits, `_`",
                "put the client key into that variable and write its name here",
            );
            return None;
        }
        let key = self.env.get(variable).map(|key| key.trim()).filter(|key| !key.is_empty())?;
        Some(Secret::new(key.to_owned()))
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
