//! What AIOS writes itself, and what may stand there of somebody.
//!
//! The audit trail, the ledger and the receipts name whom they are about, by pseudonym, in one place made for it. Anything
//! else of them there should not be: what an operator says as a ground or a reason is masked before it is kept. So these
//! lines are read as what they are and not as bytes: numbers, times and hashes look like many an id.

use aios_core::Timestamp;
use serde_json::Value;

use super::target::EraseTarget;

/// Where proof says whom it is about.
const ABOUT: [&str; 2] = ["subjects", "target"];

/// What such a line says of the target.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    /// Their pseudonym, where it belongs.
    pub(super) is_proof: bool,
    /// A word that their id is, too, and that may be anybody's.
    pub(super) is_mention: bool,
    /// What should not be there.
    pub(super) is_stray: bool,
}

/// Reads a line without its newline. `may_be_about`: whether it may name whom it is about.
pub(super) fn said(line: &[u8], target: &EraseTarget, may_be_about: bool) -> Said {
    let mut said = Said::default();
    if !target.names_in(line) && !target.raw_in(line) {
        return said;
    }
    match serde_json::from_slice::<Value>(line) {
        Ok(value) => said.of_value(&value, target, may_be_about, ""),
        // Half a line, or a page: nobody knows where in it something belongs.
        Err(_) => said.of_text(line, target),
    }
    said
}

impl Said {
    fn of_value(&mut self, value: &Value, target: &EraseTarget, may_be_about: bool, key: &str) {
        match value {
            Value::String(text) if may_be_about && ABOUT.contains(&key) && target.is_ours(text) => {
                self.is_proof = true;
            }
            Value::String(text) if Timestamp::parse(text).is_ok() => {}
            Value::String(text) => self.of_text(text.as_bytes(), target),
            Value::Array(all) => {
                all.iter().for_each(|one| self.of_value(one, target, may_be_about, key));
            }
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.of_text(key.as_bytes(), target);
                    self.of_value(value, target, may_be_about, key);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn of_text(&mut self, text: &[u8], target: &EraseTarget) {
        self.is_stray |= target.names_in(text) || target.is_unmistakable_in(text);
        self.is_mention |= target.raw_in(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_pseudonym_belongs_where_proof_says_whom_it_is_about_and_nowhere_else() {
        let ours = fixture::conversation(7);
        let check = |id: &str, line: &str, may_be_about: bool, expect: [bool; 3]| {
            let target = EraseTarget::new(vec![ours.clone()], Some(id)).unwrap();
            let line = line.replace('#', ours.as_str());
            let Said { is_proof, is_mention, is_stray } =
                said(line.as_bytes(), &target, may_be_about);
            assert_eq!([is_proof, is_mention, is_stray], expect, "{id} {line}");
        };
        check("conv-17", r##"{"seq":17,"subjects":["#"]}"##, true, [true, false, false]);
        check("conv-17", r##"{"receipt":{"target":["#"]}}"##, true, [true, false, false]);
        check("conv-17", r##"{"subjects":["#"]}"##, false, [false, false, true]);
        check("conv-17", r##"{"subjects":["of #"]}"##, true, [false, false, true]);
        check("conv-17", r##"{"basis":"asked for #","target":["#"]}"##, true, [true, false, true]);
        check("conv-17", r##"{"#":1}"##, true, [false, false, true]);
        check("conv-17", r##"{"subjects":["#"##, true, [false, false, true]);
        check("conv-17", r##"{"basis":"of conv-17, as asked"}"##, true, [false, true, true]);
        check("conv-17", r##"{"basis":"of conv-170"}"##, true, [false, false, false]);
        check("Jo \"J\" Doe", r##"{"basis":"of Jo \"J\" Doe"}"##, true, [false, true, true]);
        // Numbers, times and words are no ids, but by chance.
        check("1042", r##"{"seq":1042}"##, true, [false, false, false]);
        check("1042", r##"{"why":"took 1042 ms"}"##, true, [false, true, false]);
        check("2027-01-15", r##"{"ts":"2027-01-15T08:00:00.000Z"}"##, true, [false, false, false]);
        check("completed", r##"{"state":"completed"}"##, true, [false, true, false]);
    }
}
