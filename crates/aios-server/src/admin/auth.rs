//! Who asks: an admin token, a browser's session, or nobody in particular.
//!
//! Admin tokens are no client keys, and client keys open nothing here. Tokens are kept as digests and
//! compared in constant time, every one of them for each request. Where there is no token, nothing that
//! needs one is open.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aios_privacy::SecretDigest;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use tokio::time::Instant;

use super::scope::Scopes;
use super::session::{Opened, Sessions, cookie, farewell};

/// A token that opens the admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Its name in the audit trail.
    pub name: String,
    /// SHA-256 of the token.
    pub digest: SecretDigest,
    /// What it may do.
    pub scopes: Scopes,
}

/// Who may use the admin listener, and under which names it is reached.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// The tokens.
    pub tokens: Vec<AdminToken>,
    /// Names in `Host` that are served besides the loopback ones.
    pub hosts: Vec<String>,
    /// Tells this server from others of the same host, in letters and digits: cookies are named by it.
    pub instance: String,
}

/// Refusals of one caller that get an entry in the audit trail and an answer of their own; then they are
/// counted.
const FAILURES_MAX: u32 = 10;

/// In this time.
const FAILURES_IN: Duration = Duration::from_secs(60);

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The token's name.
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    /// Known by a cookie, which a browser sends unasked.
    pub(crate) by_cookie: bool,
}

impl Caller {
    /// Who it is in the audit trail.
    pub(crate) fn actor(&self) -> String {
        match self.by_cookie {
            true => format!("{} (session)", self.name),
            false => self.name.clone(),
        }
    }
}

/// The credentials of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// None were shown.
    None,
    /// They are nobody's.
    Wrong,
    Right(Caller),
}

/// Tokens, sessions and failures.
#[derive(Debug)]
pub(crate) struct Auth {
    config: AdminConfig,
    sessions: Mutex<Sessions>,
    /// By caller: each token and its sessions, and all strangers together, so that none hides another.
    failures: Mutex<BTreeMap<String, Failures>>,
}

#[derive(Debug, Default)]
struct Failures {
    since: Option<Instant>,
    n: u32,
    /// Those that got no entry.
    n_counted: u64,
}

/// What is done about a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It goes on record.
    OnRecord,
    /// There were too many: it is counted.
    Counted,
}

impl Auth {
    pub(crate) fn new(config: AdminConfig) -> Self {
        Self { config, sessions: Mutex::default(), failures: Mutex::default() }
    }

    pub(crate) fn hosts(&self) -> &[String] {
        &self.config.hosts
    }

    /// The one who has every right, if there is one.
    pub(crate) fn owner(&self) -> Option<Caller> {
        let token = self.config.tokens.iter().find(|token| token.scopes == Scopes::all())?;
        Some(Caller { name: token.name.clone(), scopes: Scopes::all(), by_cookie: true })
    }

    /// Who shows these headers.
    pub(crate) fn identify(&self, headers: &HeaderMap, now: Instant) -> Credentials {
        if let Some(presented) = bearer(headers) {
            return self.by_token(presented).map_or(Credentials::Wrong, Credentials::Right);
        }
        match cookie(headers, &self.config.instance) {
            Some(id) => {
                let found = self.sessions().find(id, now);
                found.map_or(Credentials::Wrong, Credentials::Right)
            }
            None => Credentials::None,
        }
    }

    /// Whether these headers are still somebody's.
    pub(crate) fn is_known(&self, headers: &HeaderMap, now: Instant) -> bool {
        matches!(self.identify(headers, now), Credentials::Right(_))
    }

    /// A code that opens one session with the rights of that caller.
    pub(crate) fn new_code(&self, caller: &Caller, now: Instant) -> Option<String> {
        self.sessions().new_code(caller, now)
    }

    /// The session that a code opens. A code is good once.
    pub(crate) fn redeem(&self, code: &str, now: Instant) -> Option<Opened> {
        self.sessions().redeem(code, &self.config.instance, now)
    }

    /// Ends the session that a browser names, if there is one, and says what has the browser forget it.
    pub(crate) fn sign_out(&self, headers: &HeaderMap) -> (bool, String) {
        let instance = &self.config.instance;
        let was_open = cookie(headers, instance).is_some_and(|id| self.sessions().end(id));
        (was_open, farewell(instance))
    }

    /// Counts a refusal of a caller's.
    pub(crate) fn note_failure(&self, caller: &str, now: Instant) -> Noted {
        let mut failures = self.failures();
        let failures = failures.entry(caller.to_owned()).or_default();
        let is_over =
            failures.since.is_none_or(|since| now.saturating_duration_since(since) >= FAILURES_IN);
        if is_over {
            (failures.since, failures.n) = (Some(now), 0);
        }
        if failures.n >= FAILURES_MAX {
            failures.n_counted += 1;
            return Noted::Counted;
        }
        failures.n += 1;
        Noted::OnRecord
    }

    /// Refusals that got no entry since the last time, by caller.
    pub(crate) fn take_counted(&self) -> Vec<(String, u64)> {
        let mut failures = self.failures();
        let counted = failures.iter_mut().filter(|(_, failures)| failures.n_counted > 0);
        counted
            .map(|(caller, failures)| (caller.clone(), std::mem::take(&mut failures.n_counted)))
            .collect()
    }

    /// Counts them again, because they could not be put on record.
    pub(crate) fn put_back(&self, caller: &str, n: u64) {
        self.failures().entry(caller.to_owned()).or_default().n_counted += n;
    }

    fn failures(&self) -> MutexGuard<'_, BTreeMap<String, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every token is compared, also after a match: the time tells nothing.
    fn by_token(&self, presented: &[u8]) -> Option<Caller> {
        let digest = SecretDigest::of(presented);
        let found =
            self.config.tokens.iter().rfold(None, |found, token| {
                if token.digest == digest { Some(token) } else { found }
            })?;
        let AdminToken { name, scopes, .. } = found.clone();
        Some(Caller { name, scopes, by_cookie: false })
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    match value.split_at_checked(7) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => {
            Some(token.trim_ascii())
        }
        // Another scheme is a wrong credential, not none.
        _ => Some(b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::scope::Scope;

    fn auth() -> Auth {
        let token = |name: &str, scopes| AdminToken {
            name: name.to_owned(),
            digest: SecretDigest::of(format!("token of {name}").as_bytes()),
            scopes,
        };
        let reader = Scopes::parse(["audit:read"]).unwrap();
        let tokens = vec![token("boss", Scopes::all()), token("reader", reader)];
        Auth::new(AdminConfig { tokens, hosts: vec![], instance: "1f".into() })
    }

    fn identify(auth: &Auth, name: http::header::HeaderName, value: &str) -> Credentials {
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        auth.identify(&headers, Instant::now())
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_known_token_is_somebody() {
        let auth = auth();
        let of = |value: &str| identify(&auth, AUTHORIZATION, value);
        let Credentials::Right(reader) = of("Bearer token of reader") else { panic!() };
        assert_eq!((reader.name.as_str(), reader.by_cookie), ("reader", false));
        assert!(reader.scopes.hold(Scope::AuditRead) && !reader.scopes.hold(Scope::PrivacyFind));
        for wrong in ["Bearer token of nobody", "Bearer ", "Basic token of reader", "' OR '1'='1"] {
            assert_eq!(of(wrong), Credentials::Wrong, "{wrong}");
        }
        assert_eq!(auth.identify(&HeaderMap::new(), Instant::now()), Credentials::None);
        let closed =
            Auth::new(AdminConfig { tokens: vec![], hosts: vec![], instance: "1f".into() });
        assert_eq!(identify(&closed, AUTHORIZATION, "Bearer "), Credentials::Wrong);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_on_record_until_one_caller_has_too_many() {
        let auth = auth();
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert_eq!(auth.note_failure("stranger", start), Noted::OnRecord);
        }
        for _ in 0..5 {
            assert_eq!(auth.note_failure("stranger", start), Noted::Counted);
        }
        assert_eq!(auth.note_failure("reader", start), Noted::OnRecord, "nobody hides another");
        assert_eq!(auth.note_failure("stranger", start + FAILURES_IN), Noted::OnRecord);
        assert_eq!(auth.take_counted(), [("stranger".to_owned(), 5)]);
        assert_eq!(auth.take_counted(), []);
        auth.put_back("stranger", 5);
        assert_eq!(auth.take_counted(), [("stranger".to_owned(), 5)]);
    }
}
