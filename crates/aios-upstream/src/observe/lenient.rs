//! Field types that never make a reply unreadable.
//!
//! Servers differ in small things: null or absent, a number as a float, content as text or as
//! parts. A field of another type than expected counts as absent; only what is not JSON at all is
//! an error.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text, borrowed from the input where it has no escapes; empty if the field is anything else.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A count; none if the field is anything else.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) Option<u64>);

/// How many elements an array has; zero if the field is anything else.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Length(pub(super) u64);

/// Methods of a visitor that take a value of the wrong type for absent.
macro_rules! absent {
    (bool) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (number) => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (text) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (null) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
    };
    (array) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
            while array.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}
pub(super) use absent;

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    absent!(bool);
    absent!(number);
    absent!(null);
    absent!(array);
    absent!(object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    absent!(bool);
    absent!(text);
    absent!(null);
    absent!(array);
    absent!(object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count")
    }

    fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
        Ok(Count(Some(count)))
    }

    fn visit_i64<E>(self, count: i64) -> Result<Count, E> {
        Ok(Count(u64::try_from(count).ok()))
    }

    fn visit_f64<E>(self, count: f64) -> Result<Count, E> {
        let whole = count.fract() == 0.0 && (0.0..MAX_EXACT).contains(&count);
        Ok(Count(whole.then_some(count as u64)))
    }
}

/// Largest whole number up to which an `f64` is exact: 2⁵³.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

struct LengthVisitor;

impl<'de> Visitor<'de> for LengthVisitor {
    type Value = Length;

    absent!(bool);
    absent!(number);
    absent!(text);
    absent!(null);
    absent!(object);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Length, A::Error> {
        let mut length = 0;
        while array.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Length(length))
    }
}

macro_rules! deserialize_any {
    ([$($lifetime:tt)*] $name:ty, $visitor:expr) => {
        impl<$($lifetime)*> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
                json.deserialize_any($visitor)
            }
        }
    };
}

deserialize_any!(['de: 'a, 'a] Text<'a>, TextVisitor);
deserialize_any!(['de] Count, CountVisitor);
deserialize_any!(['de] Length, LengthVisitor);

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: [&str; 8] =
        ["null", "true", "-1", "1.5", "1e300", "{\"a\":[1]}", "[{}]", "\"a\""];

    #[test]
    fn a_value_of_another_type_counts_as_absent() {
        for json in OTHERS {
            let text: Text<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(text.0, if json == "\"a\"" { "a" } else { "" }, "{json}");
            let count: Count = serde_json::from_str(json).unwrap();
            assert_eq!(count.0, None, "{json}");
            let length: Length = serde_json::from_str(json).unwrap();
            assert_eq!(length.0, u64::from(json == "[{}]"), "{json}");
        }
    }

    #[test]
    fn a_text_without_escapes_is_borrowed() {
        let text: Text<'_> = serde_json::from_str(r#""plain ü""#).unwrap();
        assert!(matches!(text.0, Cow::Borrowed("plain ü")));
        let text: Text<'_> = serde_json::from_str(r#""a\nb""#).unwrap();
        assert_eq!(text.0, "a\nb");
    }

    #[test]
    fn a_whole_number_may_be_written_as_a_float() {
        for (json, expect) in [("7", Some(7)), ("7.0", Some(7)), ("7.5", None), ("-7.0", None)] {
            let count: Count = serde_json::from_str(json).unwrap();
            assert_eq!(count.0, expect, "{json}");
        }
    }
}
