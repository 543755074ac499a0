//! Who acts where no token of the configuration does. Such a token cannot have one of these names, nor one
//! that reads like a session's: see [`is_token_name`].

/// The server of itself.
pub const SERVER: &str = "server";

/// Whoever runs a command on a data directory that no server uses.
pub const OPERATOR: &str = "operator (offline)";

/// Whoever shows the token that stands in the data directory.
pub const OWNER: &str = "owner";

/// Whoever shows no token, or none that is known.
pub const STRANGER: &str = "stranger";

/// All of them.
const RESERVED: [&str; 4] = [SERVER, OPERATOR, OWNER, STRANGER];

/// Longest name of a token.
const NAME_MAX: usize = 64;

/// Whether a token may be called so: letters, digits, `-`, `_` and `.`, and nobody else's name. No entry of the
/// trail can then be taken for somebody else's.
#[must_use]
pub fn is_token_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty()
        && name.len() <= NAME_MAX
        && name.bytes().all(is_plain)
        && !RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_called_like_nobody_else() {
        for name in ["ann", "ops-2", "night.watch", "A_b", &"n".repeat(64)] {
            assert!(is_token_name(name), "{name}");
        }
        for name in ["", " ", "owner", "Owner", "SERVER", "stranger", "x (session)", "ann smith"] {
            assert!(!is_token_name(name), "{name}");
        }
        for name in ["ann\u{200b}", "\u{430}nn", "a\nb", "operator (offline)", &"n".repeat(65)] {
            assert!(!is_token_name(name), "{name}");
        }
    }
}
