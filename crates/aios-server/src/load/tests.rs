use aios_upstream::SimModel;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::ListenerConfig;

const LIMITS: ListenerConfig = ListenerConfig {
    connections_max: 64,
    header_timeout: Duration::from_secs(10),
    stall_timeout: Duration::from_secs(10),
    drain_timeout: Duration::from_secs(1),
};

fn volley(address: std::net::SocketAddr, pace: Pace, n: u64) -> Volley {
    let shot = |n: u64| {
        let messages = json!([{ "role": "user", "content": format!("Test question {n}") }]);
        Shot::chat("m", &messages, n.is_multiple_of(2), Some(8))
    };
    Volley {
        caller: Caller::new(&format!("http://{address}/v1"), None).unwrap(),
        shots: (0..4).map(shot).collect(),
        pace,
        until: Until::Sent(n),
        timeout: Duration::from_secs(20),
    }
}

async fn fired(volley: Volley) -> Vec<Sample> {
    let mut samples = Vec::new();
    let stopped = fire(volley, std::future::pending(), |sample| samples.push(sample.clone())).await;
    assert_eq!(stopped, None);
    samples
}

/// A simulated model with these faults.
async fn simulated(query: &str) -> (std::net::SocketAddr, watch::Sender<bool>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let url = format!("sim://main?instant{query}");
    let model = Arc::new(SimModel::from_url(&url).unwrap());
    tokio::spawn(crate::serve_simulated(socket, LIMITS, stopped, model));
    (address, stop)
}

#[tokio::test]
async fn each_request_is_sent_once_and_seen_whole() {
    let (address, _stop) = simulated("").await;
    for pace in [Pace::Closed { concurrency: 3 }, Pace::Open { rate: 500.0 }] {
        let samples = fired(volley(address, pace, 20)).await;
        assert_eq!(samples.len(), 20);
        assert!(samples.iter().all(|sample| sample.failed.is_none()), "{samples:?}");
        let streams: Vec<_> = samples.iter().filter(|sample| sample.first.is_some()).collect();
        assert_eq!(streams.len(), 10);
        assert!(streams.iter().all(|stream| !stream.gaps.is_empty()));
        assert!(streams.iter().all(|stream| stream.first.unwrap() <= stream.ended));
    }
}

#[tokio::test]
async fn what_goes_wrong_is_named() {
    let check = async |query: &str, expect: &[Cause]| {
        let (address, _stop) = simulated(query).await;
        let samples = fired(volley(address, Pace::Closed { concurrency: 2 }, 4)).await;
        let mut found: Vec<_> = samples.iter().filter_map(|sample| sample.failed).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, expect, "{query}");
    };
    check("&status=503", &[Cause::Status(503)]).await;
    check("&no_done", &[Cause::BrokenStream]).await;
    check("&error_in_200=1", &[Cause::BrokenStream, Cause::BadReply]).await;
    // How much of it arrives before it breaks is chance.
    let (address, _stop) = simulated("&cut_after=4").await;
    let samples = fired(volley(address, Pace::Closed { concurrency: 2 }, 4)).await;
    let broke = |it: &Sample| matches!(it.failed, Some(Cause::Lost | Cause::BrokenStream));
    assert!(samples.iter().all(broke), "{samples:?}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let samples = fired(volley(nobody, Pace::Closed { concurrency: 1 }, 2)).await;
    assert!(samples.iter().all(|sample| sample.failed == Some(Cause::Unreachable)), "{samples:?}");
}

/// A server that never answers holds up nobody who sends at a rate.
#[tokio::test]
async fn an_open_pace_waits_for_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let timeout = Duration::from_millis(400);
    let volley = Volley { timeout, ..volley(address, Pace::Open { rate: 100.0 }, 10) };
    let mut samples = fired(volley).await;
    samples.sort_by_key(|sample| sample.intended);
    assert!(samples.iter().all(|sample| sample.failed == Some(Cause::Timeout)), "{samples:?}");
    // The last was sent before the first had ended.
    assert!(samples[9].sent < samples[0].ended, "{samples:?}");
    assert_eq!(samples[9].intended, Duration::from_millis(90));
}

#[tokio::test]
async fn whoever_ends_it_waits_for_nothing_under_way() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let volley = volley(silent.local_addr().unwrap(), Pace::Closed { concurrency: 2 }, 2);
    let stop = async {
        // Both are taken, and get no answer.
        let taken = (silent.accept().await.unwrap(), silent.accept().await.unwrap());
        drop(taken);
    };
    assert_eq!(fire(volley, stop, |_| ()).await, Some(2));
}
