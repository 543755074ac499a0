//! Faults of streams: before the first event the client gets a status, later an error in band.

use std::time::Duration;

use serde_json::Value;

use super::{Case, Ending, STREAM};
use crate::rig::{Act, DONE, chunk, delta, events, finish, last_chunk, stream_head, whole_stream};

const INTER_TOKEN: &[(&str, &str)] = &[("timeouts.inter_token", "\"150ms\"")];
const FINISH_GRACE: &[(&str, &str)] = &[("timeouts.finish_grace", "\"50ms\"")];

/// A stream that ends where the connection is closed.
fn unframed_head() -> Act {
    Act::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_stream_lost_before_its_first_event_is_a_502() {
    // The head has come and a comment, but nothing that says something: no status was sent on.
    for (name, end) in [("reset", Act::Reset), ("closed", Act::Close)] {
        let case = Case::broken(name, vec![stream_head(), chunk(": wait\n\n"), end]);
        case.code("upstream_stream_cut", &["stream_cut", "stream_cut"])
            .ends(Ending::Error(502), "stream_cut")
            .check(&STREAM)
            .await;
    }
}

/// An end of nothing is no answer, said or not.
#[tokio::test]
async fn a_stream_that_holds_nothing_is_a_502() {
    let nothing = vec![stream_head(), last_chunk()];
    for (name, acts) in [("no event", nothing), ("only its end", whole_stream([DONE]))] {
        let case = Case::broken(name, acts);
        case.code("upstream_stream_cut", &["stream_cut", "stream_cut"])
            .ends(Ending::Error(502), "stream_cut")
            .check(&STREAM)
            .await;
    }
}

#[tokio::test]
async fn silence_inside_a_stream_is_reported_in_band() {
    let silent = |name, acts| {
        Case::in_band(name, acts)
            .set(INTER_TOKEN)
            .code("upstream_inter_token_timeout", &["inter_token_timeout"])
            .ends(Ending::InBand, "timeout")
    };
    let begun = || vec![stream_head(), chunk(delta("Hel")), chunk(delta("lo"))];
    silent("after an event", [begun(), vec![Act::AwaitHangUp]].concat()).check(&STREAM).await;
    let half = chunk("data: {\"id\":");
    silent("in an event", [begun(), vec![half, Act::AwaitHangUp]].concat()).check(&STREAM).await;
}

#[tokio::test]
async fn a_slow_stream_is_no_fault() {
    // A busy machine may be late with each piece, and is no silent one.
    const SILENCE: &[(&str, &str)] = &[("timeouts.inter_token", "\"3s\"")];
    let drip = |n| [Act::Pause(Duration::from_millis(200)), chunk(delta(&format!("{n} ")))];
    let mut acts = vec![stream_head()];
    // Longer in all than the longest silence allowed.
    acts.extend((0..16).flat_map(drip).chain([chunk(finish()), chunk(DONE), last_chunk()]));
    let (reply, event) = Case::answered("drip", acts).set(SILENCE).check_one(true).await;
    assert!(reply.text().ends_with(DONE));
    assert!(event["latency_ms"].as_f64().unwrap() > 3_000.0, "{event:#}");
}

#[tokio::test]
async fn a_stream_that_breaks_is_reported_in_band() {
    let cut = |name, acts| Case::in_band(name, acts).code("upstream_stream_cut", &["stream_cut"]);
    let begun = || vec![stream_head(), chunk(delta("Hel")), chunk(delta("lo"))];
    for end in [Act::Close, Act::Reset] {
        cut("between events", [begun(), vec![end.clone()]].concat()).check(&STREAM).await;
        let half = chunk("data: {\"id\":");
        cut("in an event", [begun(), vec![half, end.clone()]].concat()).check(&STREAM).await;
        cut("in a chunk", [begun(), vec![Act::send("ff\r\ndata: {"), end]].concat())
            .check(&STREAM)
            .await;
    }
    let unframed = vec![unframed_head(), Act::send(delta("Hello")), Act::Close];
    cut("closed without framing", unframed).check(&STREAM).await;
    // What was cut must swallow nothing of what is said after it.
    for (name, half) in [
        ("closed in a field's name", "dat"),
        ("closed in a comment", ": wai"),
        ("closed after an event's type", "event: delta\n"),
        ("closed in an event's text", "data: {\"id\":"),
    ] {
        let acts = [unframed_head(), Act::send(delta("Hello")), Act::send(half), Act::Close];
        cut(name, acts.to_vec()).check(&STREAM).await;
    }
    let ended = events([delta("Hello")]).into_iter().chain([last_chunk()]).collect();
    cut("ended without a finish reason", ended).check(&STREAM).await;
}

#[tokio::test]
async fn a_missing_end_mark_is_added_after_a_finish_reason() {
    let whole = || events([delta("Hello"), finish()]);
    let unframed =
        vec![unframed_head(), Act::send(delta("Hello")), Act::send(finish()), Act::Close];
    let without_blank = |n: usize| {
        let begun = delta("Hello") + &finish();
        let begun = begun.strip_suffix(&"\n".repeat(n)).unwrap().to_owned();
        vec![unframed_head(), Act::send(begun), Act::Close]
    };
    let cases = [
        ("closed before the last blank line", without_blank(1)),
        ("closed in the last line", without_blank(2)),
        ("closed", [whole(), vec![Act::Close]].concat()),
        ("ended", [whole(), vec![last_chunk()]].concat()),
        ("held open", [whole(), vec![Act::AwaitHangUp]].concat()),
        ("closed without framing", unframed),
    ];
    for (name, acts) in cases {
        let (reply, event) = Case::answered(name, acts).set(FINISH_GRACE).check_one(true).await;
        assert_eq!(reply.text(), delta("Hello") + &finish() + DONE, "{name}");
        assert_eq!(event["finish_reason"], "stop", "{name}");
    }
}

#[tokio::test]
async fn garbage_in_a_stream_is_reported_in_band() {
    let acts = events([delta("Hello").as_str(), "data: {nonsense\n\n"]);
    let case = Case::in_band("not JSON", acts).code("upstream_bad_reply", &["bad_reply"]);
    let (reply, _) = case.check_one(true).await;
    let error = reply.text().strip_prefix(&delta("Hello")).unwrap().to_owned();
    let error: Value = serde_json::from_str(error.strip_prefix("data: ").unwrap()).unwrap();
    let message = "The stream broke off: main-1: an event of the stream is not JSON";
    assert_eq!(error["error"]["message"], message);
    assert_eq!(error["error"]["code"], "upstream_bad_reply");
}

#[tokio::test]
async fn garbage_at_the_start_of_a_stream_is_a_502() {
    Case::broken("not JSON", events(["data: \u{1}\u{2}garbage\n\n"]))
        .code("upstream_bad_reply", &["bad_reply", "bad_reply"])
        .check(&STREAM)
        .await;
    let endless = vec![stream_head(), chunk("x".repeat(9 << 20)), Act::Close];
    Case::broken("an event that never ends", endless)
        .code("upstream_bad_reply", &["bad_reply", "bad_reply"])
        .check(&STREAM)
        .await;
}
