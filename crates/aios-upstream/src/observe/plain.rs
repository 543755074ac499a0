//! Tells chunks that only bring more text, so that reading them can wait.
//!
//! Nearly all events of a stream say nothing that decides how it goes on: no error, no end, no usage.
//! Those are passed on at once and read later, several together: a client waits less for each, and
//! reading many in a row costs less than reading each by itself between other work.

use std::sync::LazyLock;

use memchr::memchr;
use memchr::memmem::Finder;

static ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"error\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));
static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"usage\""));

/// Whether an event is one line of data with a JSON object in which nothing decides how the stream
/// goes on. When in doubt it is not: the words may also stand in the model's text.
pub(super) fn is_plain(event: &[u8]) -> bool {
    let Some(data) = event.strip_prefix(b"data:") else { return false };
    let data = data.trim_ascii();
    data.first() == Some(&b'{')
        && data.last() == Some(&b'}')
        && memchr(b'\n', data).is_none()
        && ERROR.find(data).is_none()
        && is_null_throughout(&FINISH, data)
        && is_null_throughout(&USAGE, data)
}

/// Whether null follows the key wherever it stands.
fn is_null_throughout(key: &Finder<'_>, data: &[u8]) -> bool {
    key.find_iter(data).all(|at| {
        let value = data.get(at + key.needle().len()..).unwrap_or_default().trim_ascii_start();
        let value = value.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        value.is_some_and(|value| value.starts_with(b"null"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expect: bool, event: &str) {
        assert_eq!(is_plain(event.as_bytes()), expect, "{event}");
    }

    #[test]
    fn text_can_wait() {
        check(
            true,
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n",
        );
        check(true, "data:{\"choices\":[],\"usage\" : null}\r\n\r\n");
        check(true, "data: {}\n\n");
    }

    #[test]
    fn what_decides_anything_cannot() {
        check(false, "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n");
        check(
            false,
            "data: {\"choices\":[{\"finish_reason\":null},{\"finish_reason\": \"stop\"}]}\n\n",
        );
        check(false, "data: {\"usage\":{\"prompt_tokens\":1}}\n\n");
        check(false, "data: {\"error\":{}}\n\n");
        check(false, "data: [DONE]\n\n");
        check(false, "data: {\"choices\":[{\"delta\":{\"con\n\n");
        check(false, "event: error\ndata: {}\n\n");
        check(false, "data: {}\ndata: {}\n\n");
        check(false, ": comment\n\n");
        check(false, "\n");
    }
}
