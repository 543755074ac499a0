//! What conversations have said before the load goes on with them.

/// Some of it is about what the load asks.
const ABOUT_IT: [&str; 4] = [
    "The nightly copy of the shop's database ran for {} minutes and left nothing on the second volume.",
    "I emptied the trash of folder {} and the panel still shows the same gigabytes free.",
    "The largest folders are under data {}, you find them with du and sort.",
    "The second volume was mounted by its id at start number {}.",
];

/// Most of it is not.
const ELSE: [&str; 6] = [
    "Ticket {} about the newsletter can be closed, thank you for the quick help.",
    "Could you send invoice {} again, with the new address on it?",
    "The certificate of domain {} was renewed in time.",
    "We moved {} mailboxes to the new plan last week.",
    "Visitor number {} wrote that the contact form does not answer.",
    "Please set the time zone of host {} to Lisbon.",
];

/// The id of the conversation of a connection, as the load's requests have it.
pub(super) fn id(connection: usize) -> String {
    format!("bench-{connection}-00000000")
}

/// Lines for `aios memory import`.
pub(super) fn turns(n_conversations: usize, n_turns: usize) -> String {
    let mut lines = String::new();
    for conversation in 0..n_conversations {
        let id = id(conversation);
        for turn in 0..n_turns {
            let pattern = match turn % 10 {
                0 => ABOUT_IT[turn / 10 % ABOUT_IT.len()],
                _ => ELSE[turn % ELSE.len()],
            };
            let text = pattern.replace("{}", &(conversation * n_turns + turn).to_string());
            let second = 1_700_000_000 + turn * 60;
            lines += &format!(
                "{{\"id\":\"t{turn}\",\"conv_id\":\"{id}\",\"text\":\"{text}\",\"ts\":{second}}}\n"
            );
        }
    }
    lines
}
