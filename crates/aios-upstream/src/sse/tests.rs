use proptest::prelude::*;

use super::*;

/// Cuts `input` at the given places and scans it.
fn scan(input: &[u8], cuts: &[usize]) -> (Vec<Bytes>, Vec<u8>) {
    let mut scanner = SseScanner::default();
    let mut events = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([input.len()]) {
        scanner.push(Bytes::copy_from_slice(&input[start..end]));
        while let Some(event) = scanner.next_event().unwrap() {
            events.push(event.raw());
        }
        start = end;
    }
    (events, scanner.pending().to_vec())
}

fn check_events(input: &str, expect: &[&str], pending: &str) {
    let every_byte: Vec<usize> = (1..input.len()).collect();
    for cuts in [&[][..], &every_byte] {
        let (events, rest) = scan(input.as_bytes(), cuts);
        assert_eq!(events, expect, "{input:?}");
        assert_eq!(rest, pending.as_bytes(), "{input:?}");
    }
}

#[test]
fn a_blank_line_ends_an_event_whatever_the_line_ends() {
    check_events("data: a\n\ndata: b\n\n", &["data: a\n\n", "data: b\n\n"], "");
    check_events("data: a\r\n\r\ndata:b", &["data: a\r\n\r\n"], "data:b");
    check_events("data: a\n\r\ndata: b\r\n\n", &["data: a\n\r\n", "data: b\r\n\n"], "");
    check_events(": ping\n\n\n", &[": ping\n\n", "\n"], "");
    check_events("event: x\ndata: a\n", &[], "event: x\ndata: a\n");
    check_events("data: \r\r\n\n", &["data: \r\r\n\n"], "");
}

fn check_fields(event: &'static str, data: Option<&str>, kind: Option<&str>, error: Option<&str>) {
    let event = SseEvent::new(Bytes::from_static(event.as_bytes()));
    let fields = event.fields();
    assert_eq!(fields.data.as_deref(), data.map(str::as_bytes), "{event:?}");
    assert_eq!(fields.event, kind.map(str::as_bytes), "{event:?}");
    assert_eq!(fields.error, error.map(str::as_bytes), "{event:?}");
}

#[test]
fn fields_are_read_in_every_spelling() {
    check_fields("data: a\n\n", Some("a"), None, None);
    check_fields("data:a\r\n\r\n", Some("a"), None, None);
    check_fields("data:  a\n\n", Some(" a"), None, None);
    check_fields("data\n\n", Some(""), None, None);
    check_fields("\u{feff}data: a\n\n", Some("a"), None, None);
    check_fields("data: a\ndata: b\ndata:\n\n", Some("a\nb\n"), None, None);
    check_fields("id: 7\nevent: error\ndata: a", Some("a"), Some("error"), None);
    check_fields("error: {}\n\n", None, None, Some("{}"));
    check_fields(": keep-alive\n\n", None, None, None);
    check_fields("database: a\n\n", None, None, None);
}

#[test]
fn an_event_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: a\n\ndata: b\n\n");
    let mut scanner = SseScanner::default();
    scanner.push(chunk.clone());
    let mut block = SseBlock::default();
    while let Some(event) = scanner.next_event().unwrap() {
        block.push(event);
    }
    assert_eq!(block.len(), chunk.len());
    let sent = block.take();
    assert_eq!((sent.as_ptr(), sent.len()), (chunk.as_ptr(), chunk.len()));
    assert!(block.is_empty());
}

#[test]
fn a_block_skips_what_was_not_pushed() {
    let mut scanner = SseScanner::default();
    scanner.push(Bytes::from_static(b"data: a\n\ndata: b\n\ndata: c\n\n"));
    let mut block = SseBlock::default();
    while let Some(event) = scanner.next_event().unwrap() {
        if event.fields().data.as_deref() != Some(b"b") {
            block.push(event);
        }
    }
    assert_eq!(block.take(), "data: a\n\ndata: c\n\n");
    assert_eq!(block.take(), "");
}

#[test]
fn a_chunk_pushed_too_early_is_not_lost() {
    let mut scanner = SseScanner::default();
    scanner.push("data: a\n\nda".into());
    scanner.push("ta: b\n\n".into());
    assert_eq!(scanner.next_event().unwrap().unwrap().raw(), "data: a\n\n");
    assert_eq!(scanner.next_event().unwrap().unwrap().raw(), "data: b\n\n");
}

#[test]
fn the_last_event_may_lack_its_blank_line() {
    let mut scanner = SseScanner::default();
    scanner.push("data: [DONE]".into());
    assert_eq!(scanner.next_event().unwrap(), None);
    assert_eq!(scanner.finish().unwrap().raw(), "data: [DONE]\n\n");
    assert_eq!(scanner.finish(), None);
    let rest_of = |left: &'static str| {
        let mut scanner = SseScanner::default();
        scanner.push(left.into());
        assert_eq!(scanner.next_event().unwrap(), None);
        scanner.finish().map(|event| event.raw())
    };
    assert_eq!(rest_of("data: a\n").unwrap(), "data: a\n\n");
    assert_eq!(rest_of("event: e\r\ndata: a\r\n").unwrap(), "event: e\r\ndata: a\r\n\n");
    assert_eq!(rest_of("error: a").unwrap(), "error: a\n\n");
    // What says nothing would only swallow what comes behind it.
    for nothing in ["dat", ": pi", "event: error\n", "\r", ""] {
        assert_eq!(rest_of(nothing), None, "{nothing:?}");
    }
}

#[test]
fn an_endless_event_is_refused() {
    let mut scanner = SseScanner::default();
    let chunk = Bytes::from(vec![b'x'; EVENT_BYTES_MAX / 2]);
    for _ in 0..2 {
        scanner.push(chunk.clone());
        assert_eq!(scanner.next_event(), Ok(None));
    }
    scanner.push("x".into());
    assert_eq!(scanner.next_event(), Err(EventTooLarge));
}

fn arbitrary_stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "data: ",
        "data:",
        "{\"a\":\"ü\"}",
        "\n",
        "\n",
        "\n\n",
        "\r\n",
        "\r\n\r\n",
        "\r",
        ": c",
        "event: e",
        "[DONE]",
        "\u{feff}",
        "\0",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn every_chunking_gives_the_same_events(
        input in arbitrary_stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        let (events, pending) = scan(&input, &cuts);
        let mut joined = events.concat();
        joined.extend_from_slice(&pending);
        prop_assert_eq!(&joined, &input);
        prop_assert_eq!((events, pending), scan(&input, &[]));
    }
}
