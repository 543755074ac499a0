//! An endpoint's stream: whatever the bytes and however they are cut, nothing panics, and what is
//! passed on is what came in.

#![no_main]

use aios_core::Operation;
use aios_upstream::{Observer, SseScanner};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, stream) = input;
    let mut scanner = SseScanner::default();
    let mut observer = Observer::new(Operation::Chat, "model".to_owned(), 1024, true);
    let mut seen = Vec::new();
    for chunk in stream.chunks(usize::from(cut).max(1)) {
        scanner.push(Bytes::copy_from_slice(chunk));
        while let Ok(Some(event)) = scanner.next_event() {
            seen.extend_from_slice(event.as_bytes());
            observer.on_event(&event);
        }
    }
    let left = scanner.pending().to_vec();
    seen.extend_from_slice(&left);
    assert_eq!(seen, stream);
    if let Some(event) = scanner.finish() {
        assert!(event.as_bytes().starts_with(&left) && event.as_bytes().ends_with(b"\n\n"));
        observer.on_event(&event);
    }
    drop(observer.observed());
});
