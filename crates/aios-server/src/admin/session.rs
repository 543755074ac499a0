//! Sessions of browsers.
//!
//! A link with a code in it opens one session, once: the code is exchanged for a cookie that scripts
//! cannot read and that other sites' pages cannot have sent. So what stays in the browser's history is
//! worth nothing. Codes and sessions are kept as digests and end with the process.

use std::time::Duration;

use aios_privacy::SecretDigest;
use http::HeaderMap;
use http::header::COOKIE;
use tokio::time::Instant;

use super::auth::Caller;

/// How the cookie's name begins. Cookies know hosts and no ports, so what follows is the instance: two servers of one
/// host would else sign each other's visitors out.
pub(super) const NAME: &str = "aios_session_";

/// How long a code waits to be used.
const CODE_LIFE: Duration = Duration::from_secs(60 * 60);

/// How long a session lasts.
const SESSION_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// Codes and sessions of one caller at once; then their oldest goes, and nobody else's.
const KEPT_MAX: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Sessions {
    codes: Vec<Kept>,
    sessions: Vec<Kept>,
}

/// A session that was opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Whose.
    pub(crate) caller: Caller,
    /// What the browser is to keep.
    pub(crate) cookie: String,
}

#[derive(Debug)]
struct Kept {
    digest: SecretDigest,
    caller: Caller,
    ends_at: Instant,
}

impl Sessions {
    pub(crate) fn new_code(&mut self, caller: &Caller, now: Instant) -> Option<String> {
        add(&mut self.codes, caller, now, CODE_LIFE)
    }

    pub(crate) fn redeem(&mut self, code: &str, instance: &str, now: Instant) -> Option<Opened> {
        let digest = SecretDigest::of(code.as_bytes());
        let at = self.codes.iter().position(|kept| kept.digest == digest && kept.ends_at > now)?;
        let caller = Caller { by_cookie: true, ..self.codes.remove(at).caller };
        let id = add(&mut self.sessions, &caller, now, SESSION_LIFE)?;
        let cookie = format!("{NAME}{instance}={id}; HttpOnly; SameSite=Strict; Path=/");
        Some(Opened { caller, cookie })
    }

    pub(crate) fn find(&self, id: &str, now: Instant) -> Option<Caller> {
        let digest = SecretDigest::of(id.as_bytes());
        let found = self
            .sessions
            .iter()
            .rfold(None, |found, kept| if kept.digest == digest { Some(kept) } else { found })?;
        (found.ends_at > now).then(|| found.caller.clone())
    }

    /// Ends a session; whether there was one.
    pub(crate) fn end(&mut self, id: &str) -> bool {
        let digest = SecretDigest::of(id.as_bytes());
        let n_before = self.sessions.len();
        self.sessions.retain(|kept| kept.digest != digest);
        self.sessions.len() < n_before
    }
}

/// What has a browser forget its session.
pub(crate) fn farewell(instance: &str) -> String {
    format!("{NAME}{instance}=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/")
}

/// Keeps a new secret of 256 random bits; `None` if the system gives none.
fn add(kept: &mut Vec<Kept>, caller: &Caller, now: Instant, life: Duration) -> Option<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok()?;
    // A digest of random bytes is as good as they are, and prints.
    let secret = SecretDigest::of(&random).to_hex();
    kept.retain(|kept| kept.ends_at > now);
    let is_theirs = |kept: &Kept| kept.caller.name == caller.name;
    if kept.iter().filter(|kept| is_theirs(kept)).count() >= KEPT_MAX
        && let Some(oldest) = kept.iter().position(is_theirs)
    {
        kept.remove(oldest);
    }
    let digest = SecretDigest::of(secret.as_bytes());
    kept.push(Kept { digest, caller: caller.clone(), ends_at: now + life });
    Some(secret)
}

/// The session of this instance that a browser names.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, instance: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix(instance)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::scope::Scopes;

    fn caller() -> Caller {
        Caller { name: "boss".into(), scopes: Scopes::all(), by_cookie: false }
    }

    fn id_of(cookie: &str) -> &str {
        cookie.split(['=', ';']).nth(1).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_opens_one_session_once() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let code = sessions.new_code(&caller(), now).unwrap();
        assert_eq!(sessions.redeem("wrong", "a", now), None);
        let Opened { caller, cookie } = sessions.redeem(&code, "a", now).unwrap();
        assert_eq!(caller.actor(), "boss (session)");
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
        assert_eq!(sessions.redeem(&code, "a", now), None, "once");
        let found = sessions.find(id_of(&cookie), now).unwrap();
        assert_eq!((found.name.as_str(), found.by_cookie), ("boss", true));
        assert_eq!(sessions.find(&code, now), None, "a code is no session");
        assert!(sessions.end(id_of(&cookie)) && !sessions.end(id_of(&cookie)), "it ends once");
        assert_eq!(sessions.find(id_of(&cookie), now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn codes_and_sessions_end() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let [used, late] = [(); 2].map(|()| sessions.new_code(&caller(), now).unwrap());
        let cookie = sessions.redeem(&used, "a", now).unwrap().cookie;
        assert_eq!(sessions.redeem(&late, "a", now + CODE_LIFE), None);
        assert!(sessions.find(id_of(&cookie), now + CODE_LIFE).is_some());
        assert_eq!(sessions.find(id_of(&cookie), now + SESSION_LIFE), None);
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_bounded_and_nobody_throws_another_out() {
        let (mut sessions, now) = (Sessions::default(), Instant::now());
        let mut open = |caller: &Caller| {
            let code = sessions.new_code(caller, now).unwrap();
            sessions.redeem(&code, "a", now).unwrap().cookie
        };
        let reader = Caller { name: "reader".into(), ..caller() };
        let (theirs, first) = (open(&reader), open(&caller()));
        let others: Vec<_> = (0..KEPT_MAX).map(|_| open(&caller())).collect();
        assert_eq!(sessions.sessions.len(), KEPT_MAX + 1);
        assert_eq!(sessions.find(id_of(&first), now), None, "the oldest of the same caller");
        for kept in others.iter().chain([&theirs]) {
            assert!(sessions.find(id_of(kept), now).is_some());
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let check = |value: &str, expect: Option<&str>| {
            let headers = HeaderMap::from_iter([(COOKIE, value.parse().unwrap())]);
            assert_eq!(cookie(&headers, "1f"), expect, "{value}");
        };
        check("aios_session_1f=ab", Some("ab"));
        check("a=b; aios_session_1f=ab; c=d", Some("ab"));
        check("xaios_session_1f=ab", None);
        check("aios_session_1f", None);
        // Another server's of the same host, before and behind ours.
        check("aios_session_2e=cd", None);
        check("aios_session_2e=cd; aios_session_1f=ab; aios_session_1f2=ef", Some("ab"));
    }
}
