//! Reports that something was taken out of, for tests of what must not believe them.

use serde_json::{Value, json};

/// The document without what stands at one of its places, and with that emptied in every way; `at` chooses the place.
pub(crate) fn spoiled(json: &str, at: usize) -> Vec<String> {
    let whole: Value = serde_json::from_str(json).unwrap();
    let mut places = Vec::new();
    each_place(&whole, "", &mut places);
    let place = &places[at % places.len()];
    let with = |empty: Value| {
        let mut spoiled = whole.clone();
        *spoiled.pointer_mut(place).unwrap() = empty;
        spoiled.to_string()
    };
    let empty = [json!(null), json!(""), json!(0), json!([]), json!({}), json!(false)];
    std::iter::once(without(&whole, place)).chain(empty.map(with)).collect()
}

fn each_place(value: &Value, at: &str, all: &mut Vec<String>) {
    let keys: Vec<String> = match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(list) => (0..list.len()).map(|n| n.to_string()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for place in keys.iter().map(|key| format!("{at}/{key}")) {
        let top = place.rsplit('/').next().unwrap();
        let below = if let Value::Array(list) = value {
            &list[top.parse::<usize>().unwrap()]
        } else {
            &value[top]
        };
        each_place(below, &place, all);
        all.push(place);
    }
}

fn without(whole: &Value, place: &str) -> String {
    let mut spoiled = whole.clone();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match spoiled.pointer_mut(parent).unwrap() {
        Value::Object(map) => drop(map.remove(key)),
        Value::Array(list) => drop(list.remove(key.parse().unwrap())),
        other => panic!("{other} has nothing in it"),
    }
    spoiled.to_string()
}
