//! `[privacy]` resolved: which kinds are looked for, the rules of one's own, what is done with findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use aios_privacy::{Action, CustomRule, PiiKind, Policy, Redactor, Remembered, Sink};
use aios_server::{OnUnscannable, SinkOptions, Sinks};

use super::file;
use super::resolve::Resolver;

/// Most rules of one's own: each reads every text once more.
const RULES_MAX: usize = 64;

/// `[privacy]`.
#[derive(Debug, Clone)]
pub struct Privacy {
    /// The kinds that are looked for.
    pub kinds: Vec<PiiKind>,
    /// This deployment's own rules.
    pub custom: Vec<CustomRule>,
    /// What is done with findings, by where a text goes.
    pub policy: Policy,
    /// What else there is to choose about them.
    pub options: SinkOptions,
}

impl Privacy {
    /// What masks, withholds and counts before anything is kept.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        self.masker()
            .withholding(&self.kept(|action| action == Action::Block))
            .counting(&self.kept(|action| action == Action::Detect), self.custom.clone())
    }

    /// What masks all that is masked or withheld before anything is kept.
    #[must_use]
    pub fn masker(&self) -> Redactor {
        Redactor::with_rules(&self.masked(), self.custom.clone())
    }

    /// The kinds of which nothing is kept.
    #[must_use]
    pub fn masked(&self) -> Vec<PiiKind> {
        self.kept(|action| action >= Action::Mask)
    }

    /// The kinds for which the log has such an action.
    fn kept(&self, is: impl Fn(Action) -> bool) -> Vec<PiiKind> {
        let is = |kind: &PiiKind| is(self.policy.action(Sink::Log, *kind));
        self.kinds.iter().copied().filter(is).collect()
    }

    /// What finds everything that is looked for anywhere.
    #[must_use]
    pub fn scanner(&self) -> Redactor {
        self.redactor_of(|_| true)
    }

    /// What may be remembered of a text between requests; `None` if nothing may.
    #[must_use]
    pub fn remembered(&self, scanner: &Redactor, text: &str) -> Option<Remembered> {
        Remembered::new(&self.policy, scanner, text)
    }

    /// What is done with texts that pass through; `None` if nothing is.
    #[must_use]
    pub fn sinks(&self) -> Option<Arc<Sinks>> {
        let redactor =
            |is_in: &dyn Fn(PiiKind) -> bool| self.redactor_of(|kind: &PiiKind| is_in(*kind));
        Sinks::new(self.policy.clone(), redactor, self.options).map(Arc::new)
    }

    fn redactor_of(&self, is_in: impl Fn(&PiiKind) -> bool) -> Redactor {
        let kinds: Vec<_> = self.kinds.iter().copied().filter(is_in).collect();
        Redactor::with_rules(&kinds, self.custom.clone())
    }
}

impl Resolver<'_> {
    pub(super) fn privacy(&mut self, file: &file::Privacy) -> Privacy {
        let known = PiiKind::ALL.map(|kind| (kind.name(), kind));
        let kinds = file.kinds.iter().map(|name| self.choice("privacy.kinds", name, &known));
        let kinds = kinds.collect();
        Privacy {
            kinds,
            custom: self.custom_rules(&file.custom),
            policy: self.policy(&file.sinks),
            options: SinkOptions {
                on_unscannable: self.choice(
                    "privacy.sinks.on_unscannable",
                    &file.sinks.on_unscannable,
                    &OnUnscannable::NAMES,
                ),
                restore_in_tools: file.sinks.restore_in_tools,
            },
        }
    }

    fn policy(&mut self, file: &file::Sinks) -> Policy {
        let written = |sink| match sink {
            Sink::Log => &file.log,
            Sink::Upstream => &file.upstream,
            Sink::Client => &file.client,
            Sink::Memory => &file.memory,
        };
        let mut policy = Policy::default();
        for (name, sink) in Sink::NAMES {
            let key = format!("privacy.sinks.{name}");
            match written(sink) {
                file::Actions::One(text) => {
                    policy = policy.with_default(sink, self.action(&key, sink, text));
                }
                file::Actions::ByKind(by_kind) => {
                    for (kind, text) in by_kind {
                        let action = self.action(&format!("{key}.{kind}"), sink, text);
                        let known = PiiKind::ALL.into_iter().find(|one| one.name() == kind);
                        policy = match known {
                            Some(kind) => policy.with(sink, kind, action),
                            // Other names were refused when the file was read.
                            None => policy.with_default(sink, action),
                        };
                    }
                }
            }
        }
        policy
    }

    /// An action that there is at this sink.
    fn action(&mut self, key: &str, sink: Sink, text: &str) -> Action {
        let allowed = allowed(sink);
        let action = self.choice(key, text, &Action::NAMES);
        if allowed.contains(&action) {
            return action;
        }
        let is_allowed = |(_, one): &&(&str, Action)| allowed.contains(one);
        let names = Action::NAMES.iter().filter(is_allowed).map(|(name, _)| format!("\"{name}\""));
        let names = names.collect::<Vec<_>>().join(", ");
        self.refuse(key, format!("cannot be \"{text}\": at this sink there is {names}"));
        Action::Off
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

/// What can be done at a sink. A placeholder is undone in an answer, so it makes sense on the way to a model
/// alone.
const fn allowed(sink: Sink) -> &'static [Action] {
    match sink {
        Sink::Log | Sink::Client | Sink::Memory => {
            &[Action::Off, Action::Detect, Action::Mask, Action::Block]
        }
        Sink::Upstream => {
            &[Action::Off, Action::Detect, Action::Placeholder, Action::Mask, Action::Block]
        }
    }
}
