//! What a test may ask of the gateway: that its requests do not count as live traffic, and which bucket they get.
//!
//! Evidence of how a bucket serves holds only while chance deals the buckets. So a bucket can be chosen only by
//! a request that says that it is not live; and who may say so is limited, since whoever is not counted could
//! hide how badly they are served. With a client key, its right decides. Without one, the request must come from
//! this machine, and not through a proxy on it.

use std::net::SocketAddr;

use aios_core::{Bucket, Purpose};
use http::HeaderMap;

use super::errors::GatewayError;
use crate::clients::Admission;

/// Header that says what a request is made for.
pub(super) const PURPOSE_HEADER: &str = "x-aios-purpose";
/// Header that chooses a bucket. The answer names the bucket under the same name.
pub(super) const BUCKET_HEADER: &str = "x-aios-bucket";

/// Headers that proxies add; a request with one of them comes from somewhere else.
const PROXY_HEADERS: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// What a request asks for about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Steering {
    pub(super) purpose: Purpose,
    /// The bucket it wants, in place of its conversation's.
    pub(super) bucket: Option<Bucket>,
}

/// Reads what a request asks for about itself.
///
/// # Errors
/// When a word is not known, a bucket is chosen for live traffic, or the request may not ask. It is never just
/// ignored: a test that was taken for live traffic would pass for evidence.
pub(super) fn read(
    headers: &HeaderMap,
    peer: SocketAddr,
    admission: Option<&Admission>,
) -> Result<Steering, GatewayError> {
    let purpose = word(headers, PURPOSE_HEADER, &Purpose::ALL, Purpose::name)?;
    let bucket = word(headers, BUCKET_HEADER, &Bucket::ALL, Bucket::name)?;
    let purpose = purpose.unwrap_or_default();
    if bucket.is_some() && purpose.is_live() {
        let message = format!(
            "Live traffic does not choose its bucket; say what this is with '{PURPOSE_HEADER}'."
        );
        return Err(GatewayError::bad_param(message, BUCKET_HEADER));
    }
    if !purpose.is_live() && !may_steer(headers, peer, admission) {
        return Err(GatewayError::MayNotSteer { has_key: admission.is_some() });
    }
    Ok(Steering { purpose, bucket })
}

fn may_steer(headers: &HeaderMap, peer: SocketAddr, admission: Option<&Admission>) -> bool {
    match admission {
        Some(admission) => admission.meter().may_steer(),
        None => {
            peer.ip().to_canonical().is_loopback()
                && !PROXY_HEADERS.iter().any(|name| headers.contains_key(*name))
        }
    }
}

fn word<T: Copy>(
    headers: &HeaderMap,
    header: &'static str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, GatewayError> {
    let Some(value) = headers.get(header) else { return Ok(None) };
    let found = all.iter().copied().find(|one| name(*one).as_bytes() == value.as_bytes());
    found.map(Some).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        let message = format!("'{header}' must be one of: {}.", names.join(", "));
        GatewayError::bad_param(message, header)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aios_privacy::SecretDigest;
    use http::HeaderName;
    use tokio::time::Instant;

    use super::*;
    use crate::clients::{ClientKey, Clients};

    const HERE: &str = "127.0.0.1:5000";
    const ELSEWHERE: &str = "192.0.2.7:5000";

    fn ask(
        headers: &[(&str, &str)],
        peer: &str,
        key: Option<bool>,
    ) -> Result<Steering, GatewayError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let admission = key.map(admission);
        read(&map, peer.parse().unwrap(), admission.as_ref())
    }

    fn admission(may_steer: bool) -> Admission {
        let key = ClientKey {
            name: "ci".into(),
            digest: SecretDigest::of(b"open"),
            requests_per_minute: None,
            tokens_per_minute: None,
            concurrency_max: None,
            may_steer,
            memory: None,
        };
        let clients = Clients::new(true, vec![key], None);
        let headers =
            HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer open".parse().unwrap())]);
        let meter: Arc<_> = clients.authenticate(&headers).unwrap().unwrap();
        meter.admit(Instant::now()).unwrap()
    }

    fn status(asked: Result<Steering, GatewayError>) -> u16 {
        asked.unwrap_err().status().as_u16()
    }

    #[test]
    fn a_request_from_this_machine_may_say_what_it_is_and_choose() {
        let asked =
            ask(&[("x-aios-purpose", "golden"), ("x-aios-bucket", "treatment")], HERE, None);
        let expect = Steering { purpose: Purpose::Golden, bucket: Some(Bucket::Treatment) };
        assert_eq!(asked.unwrap(), expect);
        let asked = ask(&[("x-aios-purpose", "replay")], "[::ffff:127.0.0.1]:1", None).unwrap();
        assert_eq!((asked.purpose, asked.bucket), (Purpose::Replay, None));
        for peer in [HERE, ELSEWHERE] {
            assert_eq!(ask(&[], peer, None).unwrap(), Steering::default());
        }
    }

    #[test]
    fn others_may_not() {
        let golden = ("x-aios-purpose", "golden");
        assert_eq!(status(ask(&[golden], ELSEWHERE, None)), 403);
        assert_eq!(status(ask(&[golden, ("x-forwarded-for", "192.0.2.7")], HERE, None)), 403);
        assert_eq!(status(ask(&[golden], HERE, Some(false))), 403);
        assert_eq!(ask(&[golden], ELSEWHERE, Some(true)).unwrap().purpose, Purpose::Golden);
        assert!(ask(&[("x-aios-purpose", "live")], ELSEWHERE, None).is_ok());
    }

    #[test]
    fn live_traffic_does_not_choose_and_unknown_words_are_refused() {
        assert_eq!(status(ask(&[("x-aios-bucket", "treatment")], HERE, None)), 400);
        assert_eq!(status(ask(&[("x-aios-purpose", "gold")], HERE, None)), 400);
        assert_eq!(
            status(ask(&[("x-aios-purpose", "golden"), ("x-aios-bucket", "b")], HERE, None)),
            400
        );
    }
}
