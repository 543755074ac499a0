//! Made-up JSON that fits a JSON Schema, for tool calls and structured answers.
//!
//! Knows what tool definitions use: types, properties, enum, const, alternatives, references, bounds
//! of numbers and arrays, and the common text formats. Patterns are not honored.

use serde_json::{Map, Number, Value, json};

use super::random::Random;

/// Deepest nesting that is followed; deeper schemas get null.
const DEPTH_MAX: usize = 12;
/// Most elements of a made-up array.
const ITEMS_MAX: u64 = 16;

/// What a whole value may cost: one for each part of it, and one for each so many bytes. Schemas of a
/// few hundred bytes can ask for billions of parts.
const BUDGET: usize = 4_096;
const BYTES_PER_COST: usize = 64;

/// Makes values from a schema and the prompt's key words.
#[derive(Debug)]
pub(super) struct Maker<'a> {
    root: &'a Value,
    words: &'a [String],
    random: Random,
    n_texts: usize,
    budget: usize,
}

impl<'a> Maker<'a> {
    /// `root` is the whole schema, against which references are resolved.
    pub(super) const fn new(root: &'a Value, words: &'a [String], random: Random) -> Self {
        Self { root, words, random, n_texts: 0, budget: BUDGET }
    }

    /// A value that fits the whole schema.
    pub(super) fn make(&mut self) -> Value {
        self.value(self.root, DEPTH_MAX)
    }

    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        if depth == 0 || !self.affords(1) {
            return Value::Null;
        }
        if let Some(fixed) = schema.get("const").or_else(|| schema.get("default")) {
            return self.copy(fixed);
        }
        if let Some(options) =
            schema.get("enum").and_then(Value::as_array).filter(|options| !options.is_empty())
        {
            let options: Vec<&Value> = options.iter().collect();
            let picked: &Value = self.random.pick(&options);
            return self.copy(picked);
        }
        match self.elsewhere(schema) {
            Some(other) => self.value(other, depth - 1),
            None => self.typed(schema, depth),
        }
    }

    /// Takes from the budget; false when there is not enough left.
    fn affords(&mut self, cost: usize) -> bool {
        let left = self.budget.checked_sub(cost);
        self.budget = left.unwrap_or(0);
        left.is_some()
    }

    fn copy(&mut self, fixed: &Value) -> Value {
        let cost = fixed.to_string().len() / BYTES_PER_COST;
        if self.affords(cost) { fixed.clone() } else { Value::Null }
    }

    /// The schema that stands for this one: referred to, or its first alternative.
    fn elsewhere<'s>(&self, schema: &'s Value) -> Option<&'s Value>
    where
        'a: 's,
    {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            return self.root.pointer(path.strip_prefix('#')?);
        }
        let alternatives =
            ["anyOf", "oneOf", "allOf"].iter().find_map(|key| schema.get(key)?.as_array())?;
        alternatives.iter().find(|option| option.get("type") != Some(&json!("null")))
    }

    fn typed(&mut self, schema: &Value, depth: usize) -> Value {
        match type_of(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "integer" => json!(self.number(schema).round() as i64),
            "number" => Number::from_f64(self.number(schema)).map_or(Value::Null, Value::Number),
            "boolean" => json!(self.random.unit() < 0.5),
            "null" => Value::Null,
            _ => json!(self.text(schema)),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return json!({});
        };
        let make =
            |(name, schema): (&String, &Value)| (name.clone(), self.value(schema, depth - 1));
        Value::Object(properties.iter().map(make).collect::<Map<_, _>>())
    }

    fn array(&mut self, schema: &Value, depth: usize) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let low = bound("minItems").unwrap_or(1).min(ITEMS_MAX);
        let high = bound("maxItems").unwrap_or(low.max(2)).clamp(low, ITEMS_MAX);
        let n = low + (self.random.unit() * (high - low + 1) as f64) as u64;
        let items = schema.get("items").unwrap_or(&Value::Null);
        (0..n).map(|_| self.value(items, depth - 1)).collect()
    }

    /// Uniform between the bounds, 0 to 100 where there are none; exclusive bounds are kept out.
    fn number(&mut self, schema: &Value) -> f64 {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let low = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|low| low + 1.0));
        let high = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|high| high - 1.0));
        let low = low.unwrap_or_else(|| high.map_or(0.0, |high| high.min(0.0)));
        let high = high.unwrap_or(low + 100.0).max(low);
        let drawn = low + self.random.unit() * (high - low);
        (drawn * 10.0).round().clamp(low * 10.0, high * 10.0) / 10.0
    }

    fn text(&mut self, schema: &Value) -> String {
        let fixed = match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
            "date" => "2026-01-15",
            "date-time" => "2026-01-15T12:00:00Z",
            "time" => "12:00:00Z",
            "email" => "someone@example.org",
            "uri" | "url" => "https://example.org/",
            "uuid" => "00000000-0000-4000-8000-000000000000",
            _ => return self.sized_word(schema),
        };
        fixed.to_owned()
    }

    /// The next key word, brought to the demanded length.
    fn sized_word(&mut self, schema: &Value) -> String {
        let bound =
            |key: &str| Some(usize::try_from(schema.get(key)?.as_u64()?).unwrap_or(usize::MAX));
        let word = self
            .words
            .get(self.n_texts % self.words.len().max(1))
            .map_or("example", String::as_str);
        self.n_texts += 1;
        let low = bound("minLength").unwrap_or(0).min(1_000);
        let high = bound("maxLength").unwrap_or(usize::MAX).max(low);
        let length = word.chars().count().clamp(low, high);
        if !self.affords(length / BYTES_PER_COST) {
            return String::new();
        }
        word.chars().cycle().take(length).collect()
    }
}

/// The first type that is not null; guessed where none is written.
fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(schema: &Value) -> Value {
        let words = ["paris".to_owned(), "weather".to_owned()];
        Maker::new(schema, &words, Random::new(1, "test", b"")).make()
    }

    #[test]
    fn a_made_up_value_fits_its_schema() {
        let schema = json!({
            "type": "object",
            "$defs": {"unit": {"enum": ["c", "f"]}},
            "properties": {
                "city": {"type": "string"},
                "about": {"type": ["null", "string"], "maxLength": 3},
                "unit": {"$ref": "#/$defs/unit"},
                "days": {"type": "integer", "minimum": 3, "maximum": 3},
                "share": {"type": "number", "minimum": 0, "maximum": 1},
                "on": {"type": "string", "format": "date"},
                "tags": {"type": "array", "items": {"const": 7}, "minItems": 2, "maxItems": 2},
                "maybe": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
            },
        });
        let value = make(&schema);
        assert_eq!(value["about"], "par");
        assert_eq!(value["city"], "weather");
        assert!(["c", "f"].contains(&value["unit"].as_str().unwrap()), "{value}");
        assert_eq!(value["days"], 3);
        assert!((0.0..=1.0).contains(&value["share"].as_f64().unwrap()), "{value}");
        assert_eq!(value["on"], "2026-01-15");
        assert_eq!(value["tags"], json!([7, 7]));
        assert!(value["maybe"].is_boolean());
    }

    #[test]
    fn a_schema_that_asks_for_everything_gets_little() {
        let mut nested = json!({"type": "string", "minLength": 1_000_000});
        for _ in 0..25 {
            nested = json!({"type": "array", "minItems": 1_000_000, "items": nested});
        }
        assert!(make(&nested).to_string().len() < 1 << 20);
        let large =
            json!({"type": "array", "minItems": 16, "items": {"const": "x".repeat(1 << 20)}});
        assert!(make(&large).to_string().len() < 1 << 20);
    }

    #[test]
    fn an_endless_schema_ends() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(make(&schema).is_object());
    }
}
