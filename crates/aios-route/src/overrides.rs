//! The operator's hand on the split: the override file and the kill switch.
//!
//! The override file is written in a hurry, so that nothing in it may be taken to mean something
//! else: an unknown key, a repeated key, a wrong type or a number out of range refuses the whole
//! file with a word on what would be right.

use std::fmt;

use aios_core::{BOUNDARY_DEFAULT, Boundary, Percent, Split};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const CONTROL_SHARE: &str = "control_bucket_pct";
const BOUNDARY: &str = "boundary";
const FREEZE: &str = "freeze";

/// Every key that the override file may have.
pub const OVERRIDE_KEYS: [&str; 3] = [CONTROL_SHARE, BOUNDARY, FREEZE];

/// How alike an unknown key must be to a known one (Jaro-Winkler) to be named as meant.
const LIKENESS_MIN: f64 = 0.7;

/// The override file was not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OverrideError {
    /// The text is not a JSON object.
    #[error("the override is not a JSON object: {why}")]
    NotAnObject {
        /// What the parser says.
        why: String,
    },
    /// A key that means nothing.
    #[error("the override has an unknown key {key:?}{}", meant(.nearest.as_deref()))]
    UnknownKey {
        /// The key.
        key: String,
        /// The known key that was probably meant.
        nearest: Option<String>,
    },
    /// A key that stands twice.
    #[error("the override has the key {key:?} twice")]
    RepeatedKey {
        /// The key.
        key: &'static str,
    },
    /// A value that is of another type or out of range.
    #[error("the override's {key:?} must be {expected}, not {found}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What was found.
        found: String,
    },
}

impl OverrideError {
    /// What the operator can do.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotAnObject { .. } => "write for example {\"control_bucket_pct\": 1.0}",
            Self::UnknownKey { .. } => "the keys are control_bucket_pct, boundary and freeze",
            Self::RepeatedKey { .. } => "keep one of the two",
            Self::BadValue { .. } => {
                "control_bucket_pct is the share of conversations in control (1.0 = all), \
                 boundary the weight from which messages go to main, freeze true or false"
            }
        }
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean \"{nearest}\"?"))
}

/// The split with the override file's text applied.
///
/// `control_bucket_pct` is the *share* of conversations in control, 0 to 1, so that 1.0 empties
/// treatment; `boundary` holds for both buckets; with `freeze` nothing moves by itself but back. Keys may be
/// combined, absent ones change nothing. Only who names a share or a boundary decides how conversations are dealt,
/// and so where the split comes from.
///
/// # Errors
/// When the text is anything but an object of these keys with values in their ranges.
pub fn apply_override(base: &Split, json: &str) -> Result<Split, OverrideError> {
    let wish = Override::parse(json)?;
    let boundary_or = |own| wish.boundary.unwrap_or(own);
    let decides = wish.treatment_pct.is_some() || wish.boundary.is_some();
    Ok(Split {
        treatment_pct: wish.treatment_pct.unwrap_or(base.treatment_pct),
        control_boundary: boundary_or(base.control_boundary),
        treatment_boundary: boundary_or(base.treatment_boundary),
        adaptive: base.adaptive,
        frozen: wish.freeze.unwrap_or(base.frozen),
        origin: if decides { "override".to_owned() } else { base.origin.clone() },
    })
}

/// The split that configuration and the operator's override file ask for together. The kill switch
/// wins over both; that the file freezes is said all the same, since it counts again when the switch is off.
///
/// # Errors
/// When the override cannot be understood. Under the kill switch it need not be.
pub fn split_in_force(base: &Split, override_json: Option<&str>) -> Result<Split, OverrideError> {
    match override_json {
        _ if !base.adaptive => {
            let wish = override_json.and_then(|json| Override::parse(json).ok());
            let frozen = wish.and_then(|wish| wish.freeze).unwrap_or(base.frozen);
            Ok(Split { frozen, ..kill_switch(base) })
        }
        None => Ok(base.clone()),
        Some(json) => apply_override(base, json),
    }
}

/// The split where it is not known what the operator's override asks for: everything in control.
#[must_use]
pub fn control_only(base: &Split) -> Split {
    Split {
        treatment_pct: Percent::new(0.0).expect("0 is a percentage"),
        origin: "override_refused".to_owned(),
        ..base.clone()
    }
}

/// The split when adaptive routing is switched off: everything in control, at the default boundary.
#[must_use]
pub fn kill_switch(base: &Split) -> Split {
    Split {
        treatment_pct: Percent::new(0.0).expect("0 is a percentage"),
        control_boundary: BOUNDARY_DEFAULT,
        treatment_boundary: BOUNDARY_DEFAULT,
        adaptive: false,
        frozen: base.frozen,
        origin: "kill_switch".to_owned(),
    }
}

/// What the override file may ask for, for whoever writes one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideWish {
    /// Share of conversations in control, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_bucket_pct: Option<f64>,
    /// The boundary of both buckets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<f64>,
    /// Whether automatic changes are forbidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<bool>,
}

impl OverrideWish {
    /// This on top of what stands in the file: what is not named stays as it was asked for, so that nobody who freezes
    /// the boundary lets people into treatment whom he has just taken out. A file that cannot be understood asks for
    /// nothing.
    #[must_use]
    pub fn over(self, written: Option<&str>) -> Self {
        let before = written.filter(|text| Override::parse(text).is_ok());
        let before = before.and_then(|text| serde_json::from_str(without_mark(text)).ok());
        let before: Self = before.unwrap_or_default();
        Self {
            control_bucket_pct: self.control_bucket_pct.or(before.control_bucket_pct),
            boundary: self.boundary.or(before.boundary),
            freeze: self.freeze.or(before.freeze),
        }
    }
}

/// Some editors on Windows begin a file with a byte order mark.
fn without_mark(json: &str) -> &str {
    json.trim_start_matches('\u{feff}')
}

/// What the override file asks for.
#[derive(Default)]
struct Override {
    treatment_pct: Option<Percent>,
    boundary: Option<Boundary>,
    freeze: Option<bool>,
}

impl Override {
    fn parse(json: &str) -> Result<Self, OverrideError> {
        let Pairs(pairs) = serde_json::from_str(without_mark(json))
            .map_err(|error| OverrideError::NotAnObject { why: error.to_string() })?;
        let mut wish = Self::default();
        for (key, value) in &pairs {
            wish.set(key, value)?;
        }
        Ok(wish)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), OverrideError> {
        match key {
            CONTROL_SHARE => once(CONTROL_SHARE, &mut self.treatment_pct, treatment_pct(value)?),
            BOUNDARY => once(BOUNDARY, &mut self.boundary, boundary(value)?),
            FREEZE => once(FREEZE, &mut self.freeze, freeze(value)?),
            _ => Err(OverrideError::UnknownKey { key: key.to_owned(), nearest: nearest(key) }),
        }
    }
}

fn once<T>(key: &'static str, place: &mut Option<T>, value: T) -> Result<(), OverrideError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(OverrideError::RepeatedKey { key }),
    }
}

fn treatment_pct(value: &Value) -> Result<Percent, OverrideError> {
    let control = value.as_f64().filter(|share| (0.0..=1.0).contains(share));
    control
        .and_then(|share| Percent::new(100.0 - share * 100.0).ok())
        .ok_or_else(|| bad_value(CONTROL_SHARE, "0, 1 or a share from 0.0001 to 0.9999", value))
}

fn boundary(value: &Value) -> Result<Boundary, OverrideError> {
    let boundary = value.as_f64().and_then(|number| Boundary::new(number).ok());
    boundary.ok_or_else(|| bad_value(BOUNDARY, "a number from 0 to 1", value))
}

fn freeze(value: &Value) -> Result<bool, OverrideError> {
    value.as_bool().ok_or_else(|| bad_value(FREEZE, "true or false", value))
}

fn bad_value(key: &'static str, expected: &'static str, value: &Value) -> OverrideError {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    OverrideError::BadValue { key, expected, found }
}

fn nearest(key: &str) -> Option<String> {
    let likeness = |known: &str| strsim::jaro_winkler(&key.to_lowercase(), known);
    let best = OVERRIDE_KEYS.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) >= LIKENESS_MIN).then(|| best.to_owned())
}

/// An object's keys and values as they stand, repeated keys included.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::tests::split;

    fn check(json: &str, expect: &Split) {
        assert_eq!(apply_override(&split(), json).as_ref(), Ok(expect), "{json}");
    }

    fn check_refused(json: &str, expect: &str) {
        let error = apply_override(&split(), json).unwrap_err();
        assert_eq!(error.to_string(), expect);
        assert!(!error.hint().is_empty());
    }

    fn overridden(treatment_pct: f64, boundary: f64, frozen: bool) -> Split {
        let boundary = Boundary::new(boundary).unwrap();
        Split {
            treatment_pct: Percent::new(treatment_pct).unwrap(),
            control_boundary: boundary,
            treatment_boundary: boundary,
            frozen,
            origin: "override".to_owned(),
            ..split()
        }
    }

    #[test]
    fn each_key_changes_its_own_part() {
        check(r#"{"control_bucket_pct":1.0}"#, &overridden(0.0, 0.5, false));
        check(r#"{"control_bucket_pct":0}"#, &overridden(100.0, 0.5, false));
        check(r#"{"control_bucket_pct":0.9}"#, &overridden(10.0, 0.5, false));
        check(r#"{"boundary":0.55}"#, &overridden(10.0, 0.55, false));
        check(r#"{"freeze":true}"#, &Split { frozen: true, ..split() });
        check("{}", &split());
    }

    #[test]
    fn what_is_wished_is_what_the_file_says() {
        let wish =
            OverrideWish { control_bucket_pct: Some(0.75), boundary: None, freeze: Some(true) };
        check(&serde_json::to_string(&wish).unwrap(), &overridden(25.0, 0.5, true));
        check(&serde_json::to_string(&OverrideWish::default()).unwrap(), &split());
    }

    #[test]
    fn what_is_not_named_stays_as_it_was_asked_for() {
        let freeze = OverrideWish { freeze: Some(true), ..OverrideWish::default() };
        let both = freeze.over(Some("\u{feff}{\"control_bucket_pct\":1.0}"));
        assert_eq!(both, OverrideWish { control_bucket_pct: Some(1.0), ..freeze });
        let all = OverrideWish { control_bucket_pct: Some(0.5), ..OverrideWish::default() };
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(all.over(Some(&text)), OverrideWish { freeze: Some(true), ..all });
        for nothing in [None, Some("{"), Some(r#"{"control_bucket_pct":100}"#)] {
            assert_eq!(freeze.over(nothing), freeze);
        }
    }

    #[test]
    fn keys_may_be_combined() {
        let json = "\u{feff}{\"freeze\":true,\"boundary\":0,\"control_bucket_pct\":0.75}\r\n";
        check(json, &overridden(25.0, 0.0, true));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        check_refused(
            r#"{"control_bucket":1.0}"#,
            r#"the override has an unknown key "control_bucket"; did you mean "control_bucket_pct"?"#,
        );
        check_refused(
            r#"{"boundry":0.5}"#,
            r#"the override has an unknown key "boundry"; did you mean "boundary"?"#,
        );
        check_refused(r#"{"xyz":1}"#, r#"the override has an unknown key "xyz""#);
    }

    #[test]
    fn a_value_out_of_range_or_of_another_type_is_refused() {
        let share = r#"the override's "control_bucket_pct" must be 0, 1 or a share from 0.0001 to 0.9999, not "#;
        check_refused(r#"{"control_bucket_pct":100}"#, &format!("{share}100"));
        check_refused(r#"{"control_bucket_pct":-0.1}"#, &format!("{share}-0.1"));
        check_refused(r#"{"control_bucket_pct":"1.0"}"#, &format!("{share}a text"));
        check_refused(
            r#"{"boundary":1.5}"#,
            r#"the override's "boundary" must be a number from 0 to 1, not 1.5"#,
        );
        check_refused(r#"{"freeze":1}"#, r#"the override's "freeze" must be true or false, not 1"#);
    }

    #[test]
    fn a_repeated_key_is_refused() {
        check_refused(
            r#"{"boundary":0.4,"boundary":0.6}"#,
            r#"the override has the key "boundary" twice"#,
        );
    }

    #[test]
    fn text_that_is_no_object_is_refused() {
        for json in ["", "[]", "1.0", "{", r#"{"freeze":true} {}"#, r#"{"boundary":1e999}"#] {
            let error = apply_override(&split(), json).unwrap_err();
            assert!(matches!(error, OverrideError::NotAnObject { .. }), "{json}: {error}");
        }
    }

    #[test]
    fn a_freeze_is_said_under_the_kill_switch_too() {
        let killed = kill_switch(&split());
        let in_force = |json| split_in_force(&Split { adaptive: false, ..split() }, json).unwrap();
        let both = r#"{"freeze":true,"control_bucket_pct":0.5}"#;
        assert_eq!(in_force(Some(both)), Split { frozen: true, ..killed.clone() });
        for other in [None, Some("{"), Some(r#"{"freeze":false}"#)] {
            assert_eq!(in_force(other), killed);
        }
    }

    #[test]
    fn the_kill_switch_leaves_nothing_to_adapt() {
        let killed = kill_switch(&overridden(75.0, 0.7, false));
        let expect = Split {
            adaptive: false,
            origin: "kill_switch".to_owned(),
            ..overridden(0.0, 0.5, false)
        };
        assert_eq!(killed, expect);
    }
}
