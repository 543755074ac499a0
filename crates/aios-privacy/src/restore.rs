//! Restoring placeholders in text that comes in pieces.
//!
//! What may be the beginning of a placeholder waits until it is one, or cannot be.

use crate::placeholder::{Vault, Within};

/// What has come of a text and may still be a placeholder.
#[derive(Debug, Default)]
pub struct RestoreHold {
    held: String,
}

impl RestoreHold {
    /// Nothing has come yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece; gives what may go out.
    #[must_use]
    pub fn push(&mut self, vault: &Vault, within: Within, piece: &str) -> String {
        self.held.push_str(piece);
        let (restored, n_taken) = vault.restore_part(&self.held, within, false);
        self.held.drain(..n_taken);
        restored
    }

    /// The text has ended: what was held goes out.
    #[must_use]
    pub fn finish(&mut self, vault: &Vault, within: Within) -> String {
        vault.restore_part(&std::mem::take(&mut self.held), within, true).0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::corpus;
    use crate::pseudonym::KeyMaterial;
    use crate::redactor::Redactor;

    fn run<'p>(vault: &Vault, pieces: impl IntoIterator<Item = &'p str>) -> Vec<String> {
        let mut hold = RestoreHold::new();
        let mut out: Vec<_> =
            pieces.into_iter().map(|piece| hold.push(vault, Within::Text, piece)).collect();
        out.push(hold.finish(vault, Within::Text));
        out
    }

    #[test]
    fn text_that_begins_no_placeholder_does_not_wait() {
        let vault = Vault::new(&KeyMaterial::new([7; 32]));
        assert_eq!(run(&vault, ["a b", " c"]), ["a b", " c", ""]);
        assert_eq!(run(&vault, ["a <EM", "b"]), ["a ", "", "<EMb"]);
    }

    proptest! {
        #[test]
        fn however_a_text_is_cut_the_same_is_restored(
            seeds in proptest::collection::vec(any::<u64>(), 1..4),
            cuts in proptest::collection::vec(1..40usize, 1..20),
            extra in proptest::sample::select(vec!["", "<EMAIL_7QK2>", "&lt;URL_AAAA&gt;", "<EMAIL_7QK2&gt;", "<", "&&lt;<b>"]),
        ) {
            let (redactor, mut vault) = (Redactor::default(), Vault::new(&KeyMaterial::new([7; 32])));
            let text: String = seeds.iter().map(|seed| corpus::sample(*seed).text + extra).collect();
            let hidden = vault.hide(&redactor, &text);
            let (mut pieces, mut rest) = (Vec::new(), hidden.as_str());
            for n in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (piece, after) = rest.split_at(rest.ceil_char_boundary((*n).min(rest.len())));
                pieces.push(piece);
                rest = after;
            }
            prop_assert_eq!(run(&vault, pieces).concat(), vault.restore(&hidden));
        }
    }
}
