//! `[admin]` and `[audit]`.

use std::collections::BTreeSet;
use std::path::Path;

use aios_privacy::SecretDigest;
use aios_server::{AdminConfig, AdminToken, Scopes};
use aios_store::{AuditConfig, actor};

use super::file;
use super::resolve::Resolver;

impl Resolver<'_> {
    pub(super) fn admin(&mut self, file: &file::Admin) -> AdminConfig {
        let tokens = file.tokens.iter().enumerate();
        let tokens: Vec<_> = tokens.filter_map(|(n, token)| self.admin_token(n, token)).collect();
        let mut names = BTreeSet::new();
        if let Some(twice) = tokens.iter().find(|token| !names.insert(&token.name)) {
            let why = format!(
                "has two tokens called {}, which the audit trail could not tell apart",
                twice.name
            );
            self.refuse("admin.tokens", why);
        }
        // Which instance it is, is known once the data directory is open.
        AdminConfig { tokens, hosts: file.hosts.clone(), instance: String::new() }
    }

    pub(super) fn audit(&mut self, file: &file::Audit, directory: &Path) -> AuditConfig {
        let copy = file.checkpoint_copy.trim();
        let checkpoint_copy = (!copy.is_empty()).then(|| directory.join(copy));
        AuditConfig { checkpoint_copy, ..AuditConfig::default() }
    }

    fn admin_token(&mut self, n: usize, token: &file::AdminToken) -> Option<AdminToken> {
        let key = format!("admin.tokens[{n}]");
        let name = token.name.clone().unwrap_or_default();
        if !actor::is_token_name(&name) {
            self.refuse(
                &key,
                "needs a name of its own for the audit trail: up to 64 letters, digits, `-`, `_` and `.`, and not owner, server or stranger",
            );
        }
        let digest = token.sha256.as_deref().and_then(SecretDigest::from_hex);
        if digest.is_none() {
            self.refuse(
                &key,
                "needs sha256: the 64 hexadecimal digits that `aios keys new` prints",
            );
        }
        let scopes = token.scopes.iter().flatten().map(String::as_str);
        match Scopes::parse(scopes) {
            Ok(scopes) => Some(AdminToken { name, digest: digest?, scopes }),
            Err(unknown) => {
                let all = Scopes::all().names().join(", ");
                self.refuse(&key, format!("has the unknown scope \"{unknown}\"; there are {all}"));
                None
            }
        }
    }
}
