//! Small writes are sent at once. Without TCP_NODELAY the second of two waits for the peer's delayed
//! acknowledgement of the first: 40 ms and more, on every token.
//!
//! Towards model servers the gateway sends each request in one go, so that there is no second write
//! that could wait: no client or model server could tell the difference there.

use std::time::{Duration, Instant};

use crate::rig::{
    Act, DONE, Gate, Server, Setup, Upstream, chat, chunk, delta, finish, last_chunk, post,
    stream_head,
};

/// Rounds on one connection: acknowledgements are delayed only once a dialog has begun.
const N_ROUNDS: usize = 20;

/// Half of the shortest delay of an acknowledgement.
const DELAY_MAX: Duration = Duration::from_millis(20);

/// So many times what it takes to ask the gateway something, which is one write each way, an event may take on a busy machine.
/// On a calm one that is nothing.
const TURNS: u32 = 3;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A stream whose second event comes when its gate is open.
fn gated(gate: &Gate) -> Vec<Act> {
    vec![
        stream_head(),
        chunk(delta("one")),
        Act::Hold(gate.clone()),
        chunk(delta("two")),
        chunk(finish()),
        chunk(DONE),
        last_chunk(),
    ]
}

#[tokio::test]
async fn an_event_does_not_wait_until_the_one_before_is_acknowledged() {
    let gates: Vec<Gate> = (0..N_ROUNDS).map(|_| Gate::default()).collect();
    let name = |n: usize| format!("round {n}.");
    let script = gates.clone();
    let upstream = Upstream::start(move |request| {
        let round = (0..N_ROUNDS).find(|n| request.has(&name(*n))).unwrap();
        gated(&script[round])
    })
    .await;
    let server = Server::start(&Setup::main(&upstream)).await;
    let mut client = server.client().await;
    let (mut delays, mut turns) = (Vec::new(), Vec::new());
    for (n, gate) in gates.iter().enumerate() {
        client.send(&post(&chat("aios-main", &name(n), true))).await;
        let mut reply = client.head().await;
        client.read_until(&mut reply, "one").await;
        let start = Instant::now();
        gate.open();
        client.read_until(&mut reply, "two").await;
        delays.push(start.elapsed());
        while client.piece(&mut reply).await.is_some() {}
        let start = Instant::now();
        client.send(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n").await;
        client.reply().await.expect(200);
        turns.push(start.elapsed());
    }
    let (delay, turn) = (median(delays), median(turns));
    let most = DELAY_MAX.max(turn * TURNS);
    assert!(delay < most, "{delay:?} between an event's way in and its way out; {turn:?} a turn");
}
