//! The dashboard's page. It holds nothing of anybody, so everybody who can connect is given it; what it shows it asks
//! for with a token or a session.
//!
//! Nothing else than its own files may run in it or be asked by it, which the browser sees to.

use std::io::{self, Read as _};

use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;

use super::AdminState;

/// The page's files; none where it was not built.
#[derive(Debug, Clone, Copy, Default)]
pub struct Page(pub &'static [PageFile]);

/// One file.
#[derive(Debug)]
pub struct PageFile {
    /// Where it is asked for.
    pub path: &'static str,
    /// Names its content.
    pub tag: &'static str,
    /// Its content, compressed.
    pub gzip: &'static [u8],
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What is asked for under `/`.
const INDEX: &str = "/index.html";

/// Where files lie whose names change with their content.
const HASHED: &str = "/assets/";

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>AIOS</title>
<h1>AIOS runs, without its dashboard</h1>
<p>This program was built without the page. Build it, then the program again:</p>
<pre>cargo xtask dashboard
cargo build</pre>
<p>It needs Node and npm once, at build time. All that the page shows is told by commands too:
<code>aios status</code>, <code>aios slo status</code>, <code>aios canary status</code>, <code>aios events tail</code>.</p>
<p>Monitoring: <a href=\"/status\">/status</a> <a href=\"/metrics\">/metrics</a> <a href=\"/healthz\">/healthz</a> <a href=\"/readyz\">/readyz</a></p>
";

impl Page {
    /// Where its files are asked for, but for the first page.
    pub(crate) fn paths(self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|file| file.path).filter(|path| *path != INDEX)
    }

    /// The first page.
    pub(crate) fn index(self, asked: &HeaderMap) -> Response {
        self.file(INDEX, asked).unwrap_or_else(|| {
            let headers = [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CACHE_CONTROL, "no-store"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, NOT_BUILT).into_response()
        })
    }

    /// The file of this path.
    pub(super) fn or_not_found(self, path: &str, asked: &HeaderMap) -> Response {
        self.file(path, asked).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
    }

    fn file(self, path: &str, asked: &HeaderMap) -> Option<Response> {
        let file = self.0.iter().find(|file| file.path == path)?;
        let is_known = asked.get(IF_NONE_MATCH).is_some_and(|tags| names(tags, file.tag));
        if is_known {
            return Some((StatusCode::NOT_MODIFIED, file.headers()).into_response());
        }
        if takes_gzip(asked) {
            let encoded = [(CONTENT_ENCODING, "gzip")];
            return Some((file.headers(), encoded, file.gzip).into_response());
        }
        Some(match file.unpacked() {
            Ok(bytes) => (file.headers(), bytes).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        })
    }
}

impl PageFile {
    fn headers(&self) -> [(HeaderName, &'static str); 8] {
        let keep = if self.path.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        [
            (CONTENT_TYPE, media(self.path)),
            (CACHE_CONTROL, keep),
            (ETAG, self.tag),
            (VARY, "accept-encoding"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            (REFERRER_POLICY, "no-referrer"),
        ]
    }

    fn unpacked(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        GzDecoder::new(self.gzip).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A file of the page.
pub(super) async fn file(
    State(state): State<AdminState>,
    uri: axum::http::Uri,
    asked: HeaderMap,
) -> Response {
    state.page.or_not_found(uri.path(), &asked)
}

fn media(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a list of tags has this one; one that was weakened on its way is as good.
fn names(tags: &HeaderValue, tag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default();
    tags.split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*")
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let all = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|list| list.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|quality| matches!(quality.strip_prefix("q="), Some("0" | "0.0")))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn page() -> Page {
        let file = |path, tag, text: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            let gzip: &'static [u8] = encoder.finish().unwrap().leak();
            PageFile { path, tag, gzip }
        };
        let files =
            vec![file(INDEX, "\"1\"", "<p>index</p>"), file("/assets/a.js", "\"2\"", "let a = 1;")];
        Page(files.leak())
    }

    fn asked(headers: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(HeaderName, &'static str)| {
            (name.clone(), HeaderValue::from_static(value))
        };
        headers.iter().map(pair).collect()
    }

    async fn body(response: Response) -> Vec<u8> {
        axum::body::to_bytes(response.into_body(), 9_999).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn a_file_is_sent_as_it_is_kept_or_unpacked_for_who_cannot() {
        let of = |headers: &[_]| page().file("/assets/a.js", &asked(headers)).unwrap();
        for (takes, is_gzip) in
            [("gzip, br", true), ("br", false), ("gzip;q=0", false), ("br, GZIP;q=0.5", true)]
        {
            let reply = of(&[(ACCEPT_ENCODING, takes)]);
            assert_eq!(reply.headers().contains_key(CONTENT_ENCODING), is_gzip, "{takes}");
            let bytes = body(reply).await;
            assert_eq!(bytes == b"let a = 1;", !is_gzip, "{takes}");
        }
        let reply = of(&[]);
        assert_eq!(reply.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(reply.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert!(page().file("/assets/b.js", &asked(&[])).is_none());
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        for (tags, status) in [("\"2\"", 304), ("\"1\", W/\"2\"", 304), ("\"1\"", 200), ("*", 304)]
        {
            let reply = page().file("/assets/a.js", &asked(&[(IF_NONE_MATCH, tags)])).unwrap();
            assert_eq!(reply.status(), status, "{tags}");
            assert_eq!(body(reply).await.is_empty(), status == 304, "{tags}");
        }
    }

    #[tokio::test]
    async fn nothing_foreign_may_run_in_the_page_built_or_not() {
        for page in [page(), Page::default()] {
            let reply = page.index(&asked(&[]));
            let policy = reply.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
            assert_ne!(reply.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
        }
        let told = body(Page::default().index(&asked(&[]))).await;
        assert!(String::from_utf8(told).unwrap().contains("cargo xtask dashboard"));
        assert_eq!(body(page().index(&asked(&[]))).await, b"<p>index</p>");
    }
}
