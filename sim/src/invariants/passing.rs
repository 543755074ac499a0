//! What is personal reaches the model and the client as the policy says. The models answer with what they were asked, so what
//! has reached them is seen in answers.

use aios_privacy::{Action, Sink};

use super::Seen;
use crate::setup;
use crate::step::Kind;
use crate::truth::{Asked, Given};

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let policy = setup::passing(seen.seed);
    for (n, asked) in &seen.truth.asked {
        let Some(given) = &asked.answer else { continue };
        judge(policy, asked, given).map_err(|why| format!("ask {n} ({policy:?}): {why}"))?;
    }
    Ok(())
}

fn judge(policy: Option<(Sink, Action)>, asked: &Asked, given: &Given) -> Result<(), String> {
    let n_seen = asked.personal.iter().filter(|it| given.text.contains(it.as_str())).count();
    let is_whole = given.status == 200 && asked.kind == Kind::Chat && given.text.contains("sim-");
    match policy {
        Some((Sink::Upstream, Action::Block)) if given.status == 200 => {
            Err("what must not reach a model has reached one".to_owned())
        }
        // An error of the gateway's own may repeat to clients what they said; no model has seen it.
        Some((_, Action::Mask)) if n_seen > 0 && given.status == 200 => {
            Err(format!("what is masked was seen (status {}): {}", given.status, given.text))
        }
        // Untouched, or put back.
        None | Some((_, Action::Placeholder)) if is_whole && n_seen < asked.personal.len() => {
            Err(format!("what is not masked was not seen: {}", given.text))
        }
        _ => Ok(()),
    }
}
