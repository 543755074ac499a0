//! How alike two sets are.

/// Members that both have, of all that either has. Both in order, each member once.
pub(crate) fn jaccard(a: &[u32], b: &[u32]) -> f32 {
    let (mut at_a, mut at_b, mut n_both) = (0, 0, 0_usize);
    while let (Some(one), Some(other)) = (a.get(at_a), b.get(at_b)) {
        n_both += usize::from(one == other);
        at_a += usize::from(one <= other);
        at_b += usize::from(other <= one);
    }
    let n_all = a.len() + b.len() - n_both;
    if n_all == 0 { 0.0 } else { n_both as f32 / n_all as f32 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// In order, each once.
    fn as_set(mut members: Vec<u32>) -> Vec<u32> {
        members.sort_unstable();
        members.dedup();
        members
    }

    proptest! {
        #[test]
        fn it_is_what_sets_say(a: Vec<u8>, b: Vec<u8>) {
            let [a, b] = [a, b].map(|all| as_set(all.into_iter().map(u32::from).collect()));
            let sets = [&a, &b].map(|all| all.iter().collect::<BTreeSet<_>>());
            let n_all = sets[0].union(&sets[1]).count();
            let expect = match n_all {
                0 => 0.0,
                _ => sets[0].intersection(&sets[1]).count() as f32 / n_all as f32,
            };
            prop_assert_eq!(jaccard(&a, &b), expect);
        }
    }
}
