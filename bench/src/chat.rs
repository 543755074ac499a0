//! The bytes that travel: one request of about 1 KiB, its reply, its stream.

use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};

use crate::load::Mode;

/// Events of one stream: the role, the words, the finish and `[DONE]`.
pub(crate) const STREAM_EVENTS: usize = 33;

const SYSTEM: &str = "You are the assistant of a small hosting company. Answer in plain words, \
    in at most three paragraphs. Name the command the customer has to run, and what it changes. \
    If something cannot be undone, say so before anything else.";

const QUESTION: &str = "Hello, since this morning the nightly copy of our shop's database stops at about \
    forty percent with a message that the disk is full, although the panel shows twelve gigabytes free. \
    I have already emptied the trash and removed the two oldest copies, and yesterday it still worked. \
    Could you explain step by step where the space goes, how I find the largest folders, and whether it is \
    safe to move the copies to the second volume while the shop is open? You reach me at \
    kim@shop.example if you need the log. One more thing: the second volume was formatted last year by \
    somebody who has left, so I do not know whether it is mounted at start.";

/// One whole HTTP request. `client` tells conversations apart.
pub(crate) fn request(host: &str, mode: Mode, client: usize) -> Vec<u8> {
    let stream = match mode {
        Mode::Json | Mode::Fresh => "",
        Mode::Stream => r#""stream":true,"#,
    };
    let body = format!(
        r#"{{"model":"aios-auto",{stream}"temperature":0.7,"max_tokens":512,"user":"bench-{client}","messages":[{{"role":"system","content":"{SYSTEM}"}},{{"role":"user","content":"{QUESTION}"}}]}}"#
    );
    let length = body.len();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         accept: application/json\r\nuser-agent: aios-bench\r\nx-conversation-id: bench-{client}-{:0NUMBER_DIGITS$}\r\n\
         content-length: {length}\r\n\r\n",
        0
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// Digits of a conversation's number, which stand before [`AFTER_NUMBER`].
const NUMBER_DIGITS: usize = 8;
const AFTER_NUMBER: &[u8] = b"\r\ncontent-length:";

/// Makes it a request of the client's `n`-th conversation.
pub(crate) fn renew(request: &mut [u8], n: u64) {
    let end = memchr::memmem::find(request, AFTER_NUMBER).unwrap_or_default();
    let digits = end.checked_sub(NUMBER_DIGITS).and_then(|start| request.get_mut(start..end));
    let number = format!("{:0NUMBER_DIGITS$}", n % 10_u64.pow(NUMBER_DIGITS as u32));
    if let Some(digits) = digits {
        digits.copy_from_slice(number.as_bytes());
    }
}

/// The reply to a request that wants no stream.
pub(crate) const REPLY: &[u8] = br#"{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench-model","choices":[{"index":0,"message":{"role":"assistant","content":"The copy is first written beside the old ones and only then swapped in, so for a moment it needs as much space again as it will take. Run du with a depth of two on the data folder and sort by size: the first three lines show where the space went. Moving the copies is safe while the shop is open, as long as the second volume is mounted by its id."},"finish_reason":"stop"}],"usage":{"prompt_tokens":231,"completion_tokens":82,"total_tokens":313}}"#;

/// Marks the sender's clock in an event; the digits after it are nanoseconds since 1970.
pub(crate) const STAMP: &[u8] = br#""sent_ns":"#;
const STAMP_DIGITS: usize = 19;

/// The last event of a stream.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";

/// The usage event, for those who ask for it.
pub(crate) const USAGE: &[u8] = b"data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench-model\",\"choices\":[],\"usage\":{\"prompt_tokens\":231,\"completion_tokens\":31,\"total_tokens\":262}}\n\n";

/// Event `index` of a stream, with the sender's clock; the last one is [`DONE`].
pub(crate) fn event(index: usize) -> Bytes {
    if index + 1 >= STREAM_EVENTS {
        return Bytes::from_static(DONE);
    }
    let choice = match index {
        0 => r#"{"role":"assistant","content":""},"finish_reason":null"#,
        _ if index + 2 == STREAM_EVENTS => r#"{},"finish_reason":"stop""#,
        _ => r#"{"content":" volume"},"finish_reason":null"#,
    };
    let mut bytes = BytesMut::with_capacity(256);
    bytes.extend_from_slice(b"data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"bench-model\",");
    bytes.extend_from_slice(STAMP);
    bytes.extend_from_slice(now_ns().to_string().as_bytes());
    bytes.extend_from_slice(b",\"choices\":[{\"index\":0,\"delta\":");
    bytes.extend_from_slice(choice.as_bytes());
    bytes.extend_from_slice(b"}]}\n\n");
    bytes.freeze()
}

/// When the event that starts in `bytes` was sent, if a whole stamp is there.
pub(crate) fn sent_ns(bytes: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(bytes, STAMP)? + STAMP.len();
    let digits = bytes.get(at..at + STAMP_DIGITS)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Nanoseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "sender and receiver are two processes; they share only the wall clock"
)]
pub(crate) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_about_one_kib_of_valid_json() {
        for mode in [Mode::Json, Mode::Stream] {
            let request = request("127.0.0.1:1", mode, 7);
            let at = memchr::memmem::find(&request, b"\r\n\r\n").unwrap() + 4;
            let body = &request[at..];
            assert!((1_000..1_400).contains(&body.len()), "{}", body.len());
            let body: serde_json::Value = serde_json::from_slice(body).unwrap();
            assert_eq!(body["stream"].as_bool().unwrap_or(false), mode == Mode::Stream);
        }
    }

    #[test]
    fn a_conversation_of_its_own_changes_nothing_else() {
        let mut renewed = request("127.0.0.1:1", Mode::Fresh, 7);
        renew(&mut renewed, 41);
        let text = String::from_utf8(renewed).unwrap();
        assert!(text.contains("\r\nx-conversation-id: bench-7-00000041\r\n"), "{text}");
        let first = text.replace("-00000041", "-00000000");
        assert_eq!(first.into_bytes(), request("127.0.0.1:1", Mode::Json, 7));
    }

    #[test]
    fn the_reply_and_each_event_but_the_last_are_valid_json() {
        assert!(serde_json::from_slice::<serde_json::Value>(REPLY).is_ok());
        for index in 0..STREAM_EVENTS - 1 {
            let event = event(index);
            let data = event.strip_prefix(b"data: ").unwrap();
            assert!(serde_json::from_slice::<serde_json::Value>(data).is_ok(), "{index}");
        }
        assert_eq!(event(STREAM_EVENTS - 1), DONE);
    }

    #[test]
    fn a_stamp_is_read_back_and_a_torn_one_is_not() {
        let event = event(3);
        let sent = sent_ns(&event).unwrap();
        assert!(now_ns() - sent < 60_000_000_000);
        let at = memchr::memmem::find(&event, STAMP).unwrap();
        assert_eq!(sent_ns(&event[..at + STAMP.len() + 18]), None);
    }
}
