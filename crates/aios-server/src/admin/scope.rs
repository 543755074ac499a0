//! What an admin token may do.

use std::fmt;

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Count what is stored of somebody.
    PrivacyFind,
    /// See what an erasure would remove.
    PrivacyPlan,
    /// Erase.
    PrivacyExecute,
    /// Read the audit trail.
    AuditRead,
    /// Read status, metrics and configuration.
    ConfigRead,
    /// Change configuration and keys.
    ConfigWrite,
    /// Read the event log.
    LogsRead,
    /// Rotate, compress and hold the event log.
    LogsWrite,
    /// Read canary and routing state.
    CanaryRead,
    /// Move the canary and override routing.
    CanaryWrite,
    /// Search and count what is remembered.
    MemoryRead,
    /// Change what is remembered.
    MemoryWrite,
    /// Read golden cases and reports.
    GoldensRead,
    /// Run the golden set and add to it.
    GoldensWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 14] = [
        Self::PrivacyFind,
        Self::PrivacyPlan,
        Self::PrivacyExecute,
        Self::AuditRead,
        Self::ConfigRead,
        Self::ConfigWrite,
        Self::LogsRead,
        Self::LogsWrite,
        Self::CanaryRead,
        Self::CanaryWrite,
        Self::MemoryRead,
        Self::MemoryWrite,
        Self::GoldensRead,
        Self::GoldensWrite,
    ];

    /// As it is written in configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivacyFind => "privacy:find",
            Self::PrivacyPlan => "privacy:plan",
            Self::PrivacyExecute => "privacy:execute",
            Self::AuditRead => "audit:read",
            Self::ConfigRead => "config:read",
            Self::ConfigWrite => "config:write",
            Self::LogsRead => "logs:read",
            Self::LogsWrite => "logs:write",
            Self::CanaryRead => "canary:read",
            Self::CanaryWrite => "canary:write",
            Self::MemoryRead => "memory:read",
            Self::MemoryWrite => "memory:write",
            Self::GoldensRead => "goldens:read",
            Self::GoldensWrite => "goldens:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Several scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Every right.
    #[must_use]
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// Every right to read, and no other.
    #[must_use]
    pub fn reading() -> Self {
        Self(Scope::ALL.into_iter().filter(|scope| scope.name().ends_with(":read")).collect())
    }

    /// Reads names such as `audit:read`, `canary:*` and `*`.
    ///
    /// # Errors
    /// The first name that there is not.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut scopes = Vec::new();
        for name in names {
            let family = name.strip_suffix('*');
            let is_meant = |scope: &&Scope| match family {
                Some(family) => {
                    scope.name().starts_with(family) && (family.is_empty() || family.ends_with(':'))
                }
                None => scope.name() == name,
            };
            let before = scopes.len();
            scopes.extend(Scope::ALL.iter().filter(is_meant).copied());
            if scopes.len() == before {
                return Err(name.to_owned());
            }
        }
        Ok(Self(scopes))
    }

    /// Whether a right is among them.
    #[must_use]
    pub fn hold(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|scope| scope.name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_one_by_one_by_family_and_all_together() {
        let check = |names: &[&str], expect: Result<&[&str], &str>| {
            let read = Scopes::parse(names.iter().copied()).map(|scopes| scopes.names());
            let expect = expect.map(<[_]>::to_vec).map_err(str::to_owned);
            assert_eq!(read, expect, "{names:?}");
        };
        check(&["audit:read"], Ok(&["audit:read"]));
        check(&["canary:*", "audit:read"], Ok(&["canary:read", "canary:write", "audit:read"]));
        check(&["*"], Ok(&Scope::ALL.map(Scope::name)));
        check(&[], Ok(&[]));
        check(&["audit"], Err("audit"));
        check(&["a*"], Err("a*"));
        check(&["audit:read", "nothing:*"], Err("nothing:*"));
    }
}
