//! What an endpoint sends: whatever the bytes, nothing panics, and how they are cut changes nothing.

#![no_main]

use aios_upstream::ReplyReader;
use libfuzzer_sys::fuzz_target;

/// The statuses and bodies that are read, and whether it came to an end in order.
fn read(bytes: &[u8], cut: usize) -> (Vec<u16>, Vec<u8>, bool) {
    let (mut reader, mut statuses, mut body) = (ReplyReader::default(), Vec::new(), Vec::new());
    let mut in_body = false;
    for piece in bytes.chunks(cut) {
        reader.buffer().extend_from_slice(piece);
        loop {
            if !in_body {
                match reader.head() {
                    Ok(Some(head)) => statuses.push(head.status.as_u16()),
                    Ok(None) => break,
                    Err(_) => return (statuses, body, false),
                }
                in_body = true;
            }
            loop {
                match reader.data() {
                    Ok(Some(data)) => body.extend_from_slice(&data),
                    Ok(None) => break,
                    Err(_) => return (statuses, body, false),
                }
            }
            if !reader.is_ended() {
                break;
            }
            in_body = false;
        }
    }
    let is_whole = reader.closed();
    (statuses, body, is_whole)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    // Lines and heads have limits that are noticed when enough has come, so short inputs are compared.
    let cut = usize::from(cut).max(1);
    let pieces = read(bytes, cut);
    if bytes.len() < 4096 {
        assert_eq!(pieces, read(bytes, bytes.len().max(1)));
    }
});
