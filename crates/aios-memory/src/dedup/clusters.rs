//! Which texts say the same, taken together.
//!
//! Two texts alone do not always tell. One that was cut off before the number fits the text that it was cut
//! from and the correction of that as well; it is no copy of both. So a text that contradicts one copy
//! contradicts all of them, and of two that contradict each other only one can be what a third is a copy of: the
//! more like it, and of equals the earlier.

/// Clusters of copies, by the places of their texts.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    parents: Vec<usize>,
    /// Of each root, members of clusters that contradict its own.
    against: Vec<Vec<usize>>,
}

/// A text that a new one is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alike {
    pub(super) at: usize,
    pub(super) likeness: f32,
    /// The two differ in what makes another statement.
    pub(super) is_variant: bool,
}

impl Clusters {
    /// Takes in the next text, with those before it that it is like. What contradicts more than it seemed to is
    /// a variant then; the best comes first.
    pub(super) fn put(&mut self, mut alike: Vec<Alike>) -> Vec<Alike> {
        let new = self.parents.len();
        self.parents.push(new);
        self.against.push(Vec::new());
        alike.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(a.at.cmp(&b.at)));
        for one in alike.iter().filter(|one| one.is_variant) {
            self.contradict(new, one.at);
        }
        for one in alike.iter_mut().filter(|one| !one.is_variant) {
            one.is_variant = self.is_against(new, one.at);
            if !one.is_variant {
                self.join(new, one.at);
            }
        }
        alike
    }

    fn root(&self, mut at: usize) -> usize {
        while self.parents[at] != at {
            at = self.parents[at];
        }
        at
    }

    fn contradict(&mut self, one: usize, other: usize) {
        if !self.is_against(one, other) {
            let [of_one, of_other] = [one, other].map(|at| self.root(at));
            self.against[of_one].push(other);
            self.against[of_other].push(one);
        }
    }

    fn is_against(&self, one: usize, other: usize) -> bool {
        let [one, other] = [one, other].map(|at| self.root(at));
        // Each knows of the other, so the shorter list will do.
        let is_shorter = self.against[one].len() <= self.against[other].len();
        let (one, other) = if is_shorter { (one, other) } else { (other, one) };
        self.against[one].iter().any(|at| self.root(*at) == other)
    }

    fn join(&mut self, one: usize, other: usize) {
        let [one, other] = [one, other].map(|at| self.root(at));
        if one != other {
            let (first, second) = (one.min(other), one.max(other));
            self.parents[second] = first;
            let against = std::mem::take(&mut self.against[second]);
            self.against[first].extend(against);
        }
    }
}
