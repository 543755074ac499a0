//! Whom the lines of a segment name.

use std::collections::HashSet;

/// Names that were put in a moment ago: a conversation comes many times in a row, and the table knows it
/// already.
#[derive(Debug, Default)]
pub(super) struct Recent(HashSet<Vec<u8>>);

impl Recent {
    const NAMES_MAX: usize = 4096;

    /// Whether a name has to be put in; then it is taken for put in.
    pub(super) fn is_new(&mut self, name: &[u8]) -> bool {
        if self.0.contains(name) {
            return false;
        }
        if self.0.len() >= Self::NAMES_MAX {
            self.0.clear();
        }
        self.0.insert(name.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_new_once_and_again_when_many_came_since() {
        let mut recent = Recent::default();
        let name = |n: usize| n.to_le_bytes();
        assert_eq!([1, 2, 1].map(|n| recent.is_new(&name(n))), [true, true, false]);
        for n in 3..=Recent::NAMES_MAX {
            assert!(recent.is_new(&name(n)));
        }
        assert!(!recent.is_new(&name(1)));
        assert!(recent.is_new(&name(Recent::NAMES_MAX + 1)) && recent.is_new(&name(1)));
    }
}
