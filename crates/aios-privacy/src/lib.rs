//! Raw text and ids in; the only forms that may be kept out.
//!
//! This crate sits at the bottom so that an event can demand [`RedactedText`], whose constructor is
//! private: keeping raw text is a compile error, not a review comment. The [`Redactor`] is the one
//! maker of such text.
//!
//! It has no clock, no disk, no network and no async. Names of people and postal addresses are out
//! of scope: patterns cannot find them.

mod base64;
mod context;
mod custom;
mod cut;
mod detector;
mod digits;
mod finding;
mod hold;
mod ids;
mod keyring;
mod kind;
mod kinds;
mod placeholder;
mod policy;
mod pseudonym;
mod redactor;
mod remembered;
mod restore;
mod rules;
mod scanner;
mod secret;
mod source;
mod text;
mod view;

pub use custom::{CustomRule, CustomRuleError};
pub use finding::Finding;
pub use hold::HoldBack;
pub use ids::{MASK, PSEUDONYM_MAX, pseudonyms_in, with_ids_masked, without_ids};
pub use keyring::Keyring;
pub use kind::{PiiKind, RedactionCounts};
pub use placeholder::{Vault, Within};
pub use policy::{Action, Applied, Coverage, Policy, Sink};
pub use pseudonym::{
    Domain, KeyMaterial, Pseudonym, PseudonymError, Pseudonymizer, is_legacy_conversation,
    legacy_conversation,
};
pub use redactor::{Redacted, Redactor};
pub use remembered::Remembered;
pub use restore::RestoreHold;
pub use rules::{RULES, Rule};
pub use secret::{Secret, SecretDigest};
pub use source::WINDOW_MAX as CUT_WINDOW;
pub use text::RedactedText;

#[cfg(any(test, feature = "corpus"))]
pub mod corpus;
