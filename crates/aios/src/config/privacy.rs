//! `[privacy]` resolved: which kinds are masked, and the rules of one's own.

use std::collections::BTreeSet;

use aios_privacy::{CustomRule, PiiKind, Redactor};

use super::file;
use super::resolve::Resolver;

/// Most rules of one's own: each reads every text once more.
const RULES_MAX: usize = 64;

/// `[privacy]`.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// The kinds that are masked.
    pub kinds: Vec<PiiKind>,
    /// This deployment's own rules.
    pub custom: Vec<CustomRule>,
}

impl Privacy {
    /// A redactor for these kinds and rules.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        Redactor::with_rules(&self.kinds, self.custom.clone())
    }
}

impl Resolver<'_> {
    pub(super) fn privacy(&mut self, file: &file::Privacy) -> Privacy {
        let known = PiiKind::ALL.map(|kind| (kind.name(), kind));
        let kinds = file.kinds.iter().map(|name| self.choice("privacy.kinds", name, &known));
        Privacy { kinds: kinds.collect(), custom: self.custom_rules(&file.custom) }
    }

    fn custom_rules(&mut self, rules: &[file::CustomRule]) -> Vec<CustomRule> {
        if rules.len() > RULES_MAX {
            self.refuse("privacy.custom", format!("must hold {RULES_MAX} rules at most"));
        }
        let mut seen = BTreeSet::new();
        let mut resolved = Vec::with_capacity(rules.len().min(RULES_MAX));
        for (n, rule) in rules.iter().enumerate().take(RULES_MAX) {
            let key = |name: &str| format!("privacy.custom[{n}].{name}");
            let name = self.required(&key("name"), rule.name.as_ref());
            let pattern = self.required(&key("pattern"), rule.pattern.as_ref());
            if name.is_empty() || pattern.is_empty() {
                continue;
            }
            match CustomRule::new(&name, &pattern) {
                Ok(rule) => resolved.push(rule),
                Err(error) => {
                    self.refuse(&format!("privacy.custom[{n}]"), format!("is refused: {error}"));
                }
            }
            if !seen.insert(name.clone()) {
                self.refuse(&key("name"), format!("\"{name}\" is there twice"));
            }
        }
        resolved
    }
}
