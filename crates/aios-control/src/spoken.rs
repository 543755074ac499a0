//! Who has spoken already.

use std::collections::HashSet;
use std::sync::Arc;

/// Conversations that are remembered to have spoken. After so many everybody may speak again: one voice that is heard
/// twice among millions is of no account.
pub(crate) const SPOKEN_MAX: usize = 1 << 21;

/// Conversations that have spoken. A copy shares what had come before, because whoever looks at what is new goes on in a
/// copy until that is kept, and they may be millions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spoken {
    before: Arc<HashSet<u64>>,
    /// Since the copy was made.
    since: HashSet<u64>,
}

impl Spoken {
    /// Takes one in; false if it has spoken already.
    pub(crate) fn insert(&mut self, conversation: u64) -> bool {
        if self.before.len() + self.since.len() >= SPOKEN_MAX {
            self.clear();
        }
        !self.before.contains(&conversation) && self.since.insert(conversation)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Puts all of it together, unless a copy shares a part.
    pub(crate) fn join(&mut self) {
        if let Some(before) = Arc::get_mut(&mut self.before) {
            before.extend(self.since.drain());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whoever is copied, put together, and left as it was when the copy came to nothing.
        #[test]
        fn a_copy_is_like_a_set_of_its_own(
            steps in proptest::collection::vec((0..40_u64, 0..8_u8), 0..200),
        ) {
            let (mut spoken, mut set) = (Spoken::default(), HashSet::new());
            let mut kept = (spoken.clone(), set.clone());
            for (conversation, step) in steps {
                match step {
                    0 => (spoken, set) = kept.clone(),
                    1 => {
                        drop(kept);
                        spoken.join();
                        kept = (spoken.clone(), set.clone());
                    }
                    2 => spoken.join(),
                    _ => prop_assert_eq!(spoken.insert(conversation), set.insert(conversation)),
                }
            }
        }
    }

    #[test]
    fn what_was_joined_is_shared_by_the_next_copy() {
        let mut spoken = Spoken::default();
        assert!(spoken.insert(1));
        spoken.join();
        let mut copy = spoken.clone();
        assert!(Arc::ptr_eq(&copy.before, &spoken.before) && copy.since.is_empty());
        assert!(!copy.insert(1) && copy.insert(2));
        copy.join();
        assert_eq!(
            (copy.since.len(), spoken.insert(2)),
            (1, true),
            "the other one knows nothing of it"
        );
        drop(spoken);
        copy.join();
        assert_eq!((copy.before.len(), copy.since.len()), (2, 0));
    }

    #[test]
    fn after_very_many_everybody_may_speak_again() {
        let mut spoken = Spoken::default();
        (0..SPOKEN_MAX as u64).for_each(|n| assert!(spoken.insert(n)));
        assert!(spoken.insert(0) && !spoken.insert(0));
    }
}
