//! Whom the lines of a segment name.

use std::collections::HashSet;

/// The codes of those whose event it is.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) conv: Vec<u8>,
    pub(super) subject: Option<Vec<u8>>,
}

/// Names that were put in a moment ago: a conversation comes many times in a row, and the table knows it
/// already.
#[derive(Debug, Default)]
pub(super) struct Recent(HashSet<Vec<u8>>);

impl Recent {
    const NAMES_MAX: usize = 4096;

    /// Those that have to be put in.
    pub(super) fn new_ones(&mut self, names: Names) -> impl Iterator<Item = Vec<u8>> {
        if self.0.len() >= Self::NAMES_MAX {
            self.0.clear();
        }
        let is_new = |name: &Vec<u8>| !self.0.contains(name) && self.0.insert(name.clone());
        std::iter::once(names.conv).chain(names.subject).filter(is_new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_new_once() {
        let mut recent = Recent::default();
        let names = |conv: u8, subject| Names { conv: vec![conv], subject };
        let mut new_ones = |names| recent.new_ones(names).collect::<Vec<_>>();
        assert_eq!(new_ones(names(1, Some(vec![2]))), [[1], [2]]);
        assert_eq!(new_ones(names(1, Some(vec![3]))), [[3]]);
        assert_eq!(new_ones(names(2, None)), [[0; 1]; 0]);
    }
}
