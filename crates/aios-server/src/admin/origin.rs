//! Under which name the server was reached, and by which page.
//!
//! A page on the web can make a browser on this machine ask us, under a name of its own that it lets
//! point here (DNS rebinding). So only names that are ours are served. And a browser adds its cookie to
//! whatever a page asks for, so what a cookie alone vouches for changes nothing unless the page that
//! asks is ours.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

/// Whether a request names this server. `hosts` are served besides the loopback names.
pub(crate) fn is_our_name(uri: &Uri, headers: &HeaderMap, hosts: &[String]) -> bool {
    // What stands in the target counts before the header, as for every HTTP server.
    let named = match uri.host() {
        Some(host) => Some(host),
        None => headers.get(HOST).and_then(|value| value.to_str().ok()).map(host_of),
    };
    let Some(name) = named else { return false };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_loopback
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
}

/// Whether a page of ours asks. Browsers say so with each request that is no plain visit.
pub(crate) fn is_our_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    if let Some(site) = text(http::header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    let of_origin = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    of_origin.is_some_and(|of_origin| of_origin.eq_ignore_ascii_case(host))
}

/// A host without its port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_served() {
        let check = |host: &str, expect: bool| {
            let headers = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
            let hosts = ["aios.internal".to_owned()];
            assert_eq!(is_our_name(&Uri::from_static("/"), &headers, &hosts), expect, "{host}");
        };
        for ours in ["localhost", "LocalHost:8501", "127.0.0.1:8501", "127.8.8.8", "[::1]:8501"] {
            check(ours, true);
        }
        for ours in ["[::1]", "aios.internal:8501", "AIOS.internal"] {
            check(ours, true);
        }
        for foreign in ["evil.example", "evil.example:8501", "localhost.evil.example", "10.0.0.1"] {
            check(foreign, false);
        }
        for foreign in ["", ":8501", "127.0.0.1.evil.example", "127.0.0.1/#@evil", "0x7f.1"] {
            check(foreign, false);
        }
        assert!(!is_our_name(&Uri::from_static("/"), &HeaderMap::new(), &[]));
        let headers = HeaderMap::from_iter([(HOST, "localhost".parse().unwrap())]);
        let target = Uri::from_static("http://evil.example/status");
        assert!(!is_our_name(&target, &headers, &[]), "the target names another");
    }

    #[test]
    fn only_our_pages_count() {
        let check = |pairs: &[(&'static str, &str)], expect: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "localhost:8501".parse().unwrap());
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(is_our_page(&headers), expect, "{pairs:?}");
        };
        check(&[("origin", "http://localhost:8501")], true);
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "http://localhost:3000")], false);
        check(&[("origin", "http://evil.example")], false);
        check(&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8501")], false);
        check(&[("sec-fetch-site", "same-site")], false);
    }
}
