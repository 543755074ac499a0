//! Clients give their conversations the same ids, and none is taken for another's: not where it is stored, and not in what a
//! model is told of it.

use super::Seen;
use crate::text;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    for line in seen.files.events() {
        let line = String::from_utf8_lossy(line);
        let Some(asked) = text::asked(&line).and_then(|n| seen.truth.asked.get(&n)) else {
            continue;
        };
        // Whoever was not heard to the end has no conversation.
        if !line.contains("\"conv_id_source\":\"header\"") {
            continue;
        }
        let (talk, conversation) = (asked.talk, &asked.conversation);
        if !line.contains(&format!("\"conv_id\":\"{conversation}\"")) {
            return Err(format!("an event of {talk} is not stored as {conversation}: {line}"));
        }
        let name = format!("\"client\":\"{}\"", text::client_name(talk.client));
        if line.contains("\"client\":\"") != (talk.client > 0)
            || (talk.client > 0 && !line.contains(&name))
        {
            return Err(format!("an event of {talk} names another client: {line}"));
        }
    }
    told(seen)
}

/// The models answer with what they were told. It is what was said in this conversation and is not erased.
fn told(seen: &Seen<'_>) -> Result<(), String> {
    let truth = seen.truth;
    for (n, asked) in &truth.asked {
        let Some(given) = &asked.answer else { continue };
        for (m, other) in truth.asked.iter().filter(|(_, other)| given.text.contains(&other.own)) {
            if other.talk != asked.talk {
                return Err(format!(
                    "ask {n} of {} was told of ask {m} of {}",
                    asked.talk, other.talk
                ));
            }
            let upto = truth.erased_upto.get(&other.talk);
            if upto.is_some_and(|upto| m <= upto && n > upto) {
                return Err(format!("ask {n} was told of ask {m}, which is erased"));
            }
        }
    }
    Ok(())
}
