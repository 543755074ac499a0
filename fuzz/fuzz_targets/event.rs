//! Any line of the event log: what is read as an event reads back as the same event.

#![no_main]

use aios_core::Event;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let Ok(event) = serde_json::from_slice::<Event>(line) else { return };
    let mut again = Vec::new();
    event.write_line(&mut again);
    assert_eq!(serde_json::from_slice::<Event>(&again).expect("it was written by us"), event);
});
