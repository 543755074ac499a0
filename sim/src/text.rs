//! What is said and by whom, made of seeds: personal data is made up when it is needed and written nowhere.

use crate::random::Random;
use crate::step::{Ask, CLIENTS, Talk};

/// Tells what one draw is for from what another is for.
fn random(seed: u64, what: u64, n: u64) -> Random {
    Random::new(seed ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ n.wrapping_mul(0xbf58_476d))
}

/// The client's id of a request.
pub(crate) fn request_id(n: u64) -> String {
    format!("sim-ask-{n}-end")
}

/// Which request a line is of.
pub(crate) fn asked(line: &str) -> Option<u64> {
    let prefix = request_id(0);
    let (prefix, suffix) = prefix.split_once('0')?;
    let (_, rest) = line.split_once(&format!("\"request_id\":\"{prefix}"))?;
    rest.split_once(suffix)?.0.parse().ok()
}

/// The id of a line's event.
pub(crate) fn event_id(line: &[u8]) -> Option<&str> {
    const NAME: &[u8] = b"\"event_id\":\"";
    const LENGTH: usize = 36;
    let start = memchr::memmem::find(line, NAME)? + NAME.len();
    str::from_utf8(line.get(start..start + LENGTH)?).ok()
}

/// Whether a line is of a request whose conversation was erased while it was under way.
pub(crate) fn is_fenced(line: &[u8]) -> bool {
    memchr::memmem::find(line, b"\"request_id\":\"\"").is_some()
}

/// A word that is said in one request only.
pub(crate) fn own(ask: &Ask) -> String {
    format!("qua{}ux", Random::new(!ask.seed).letters(10))
}

/// The client's id of a conversation, by which it can be erased. Clients give the same ids.
pub(crate) fn conversation_id(seed: u64, talk: Talk) -> String {
    let conversation = talk.conversation;
    format!("talk-{}-{conversation}", random(seed, 1, conversation).letters(12))
}

/// A word that is said in one conversation only.
pub(crate) fn planted(seed: u64, talk: Talk) -> String {
    let n = talk.conversation * CLIENTS + talk.client;
    format!("vor{}im", random(seed, 2, n).letters(10))
}

/// The key of a client; none for those who come without.
pub(crate) fn client_key(client: u64) -> Option<String> {
    (client > 0).then(|| format!("sk-sim-{client}-{}", random(client, 3, client).letters(24)))
}

/// The name that a client's key has.
pub(crate) const fn client_name(client: u64) -> &'static str {
    match client {
        0 => "",
        1 => "free",
        _ => "limited",
    }
}

/// What must never be kept of a request's text.
pub(crate) fn personal(ask: &Ask) -> Vec<String> {
    let mut random = Random::new(ask.seed);
    let mail = [random.letters(9), "example.org".to_owned()].join("@");
    vec![mail, card(&mut random)]
}

/// The question of a request.
pub(crate) fn question(seed: u64, ask: &Ask) -> String {
    const ASKED: [&str; 4] = [
        "What is the tide today?",
        "Explain step by step why the moon pulls the sea, compare the spring and neap tides, and prove it.",
        "Write a short letter to a friend.",
        "Translate this into French, then analyze its grammar in depth and justify each choice you make.",
    ];
    let [mail, card] = &personal(ask)[..] else { return String::new() };
    let asked = Random::new(ask.seed).pick(&ASKED).to_owned();
    let word = planted(seed, ask.talk);
    let own = own(ask);
    format!("{asked} I mean {word} and {own}. Write to {mail}, and pay with {card}.")
}

/// Sixteen digits with the check digit of a payment card.
fn card(random: &mut Random) -> String {
    let body = format!("4{}", random.digits(14));
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0');
            match at % 2 == 0 {
                true if digit > 4 => digit * 2 - 9,
                true => digit * 2,
                false => digit,
            }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
