//! The memory.

use aios_store::Refusal;

use super::{Time, Word, mirror, mirror_tagged};

mirror! {
    /// What is remembered, in figures.
    struct MemoryStats of aios_store::MemoryStats {
        /// Fragments.
        n_fragments: u64,
        /// Conversations that they are of.
        n_conversations: u64,
        /// Fragments that belong to nobody.
        n_shared: u64,
        /// Fragments that were put away.
        n_archived: u64,
        /// Fragments that stay whatever their age.
        n_pinned: u64,
        /// Times that a copy came and was only counted.
        n_seen_again: u64,
        /// Links between near copies.
        n_near: u64,
        /// Links between a text and one that may correct it.
        n_variants: u64,
        /// Fragments with a vector.
        n_vectors: u64,
        /// Bytes of texts.
        n_text_bytes: u64,
        /// Bytes of the database's file.
        n_file_bytes: u64,
        /// When the oldest fragment was said.
        oldest: Option<Time>,
        /// When the newest was.
        newest: Option<Time>,
        /// The language of the words.
        language: String,
        /// How often what is derived from texts was made.
        generation: u64,
    }

    /// What is there more than once.
    struct Deduplicated of aios_store::Deduplicated {
        /// Fragments that were compared.
        n_fragments: usize,
        /// Those that are a copy of an earlier one, word for word: they are merged with it.
        n_exact: usize,
        /// Pairs that are nearly the same: they are linked, and both stay.
        n_near: usize,
        /// Pairs that differ in a number, a name or a "not": they are linked as variants, and both stay.
        n_variants: usize,
        /// Whether it was done, or only looked at.
        executed: bool,
    }

    /// What age has come to.
    struct Decayed of aios_store::Decayed {
        /// Fragments that were looked at.
        n_fragments: usize,
        /// Those that may be put away, the longest idle first.
        proposed: Vec<FragmentUse>,
        /// Whether they were, or only looked at.
        executed: bool,
    }

    /// A fragment by its use.
    struct FragmentUse of aios_store::FragmentUse {
        /// Its number in the store.
        number: i64,
        /// The caller's id, or one made of the number.
        id: String,
        /// Pseudonym of its conversation, or `shared`.
        home: String,
        /// When it was said.
        ts: Time,
        /// How often its words came.
        n_seen: u32,
        /// How often it was given to a model.
        n_injected: u32,
        /// How often an answer that used it was confirmed.
        n_confirmed: u32,
        /// When it last was.
        confirmed_at: Option<Time>,
        /// Whether it stays whatever its age.
        is_pinned: bool,
        /// Whether it was put away.
        is_archived: bool,
    }

    /// What a search brings back: fragments that stand side by side.
    struct Recalled of aios_store::Recalled {
        /// In the order in which they were said.
        fragments: Vec<RecalledFragment>,
        /// Place among them of the one for which they were found.
        best: usize,
        /// How good this is among the other results of the same question.
        score: f32,
        /// How much of the question stands in it, by the rareness of its words.
        share: f32,
    }

    /// A fragment that was found.
    struct RecalledFragment of aios_store::RecalledFragment, .. {
        /// Its number in the store.
        number: i64,
        /// The caller's id, or one made of the number.
        id: String,
        /// Ids of copies that were merged with it.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
        /// Pseudonym of its conversation, or `shared`.
        home: String,
        /// Who said it.
        #[serde(skip_serializing_if = "Option::is_none")]
        speaker: Option<String>,
        /// What was said.
        text: String,
        /// When.
        ts: Time,
    }

    /// What became of a fragment.
    struct Added of aios_store::Added {
        /// Its number in the store; 0 if it was refused.
        number: i64,
        #[serde(flatten)]
        outcome: KeptAs,
    }
}

mirror_tagged! {
    /// What became of a fragment.
    enum KeptAs of aios_store::Outcome, "outcome" {
        /// It was kept.
        New {}
        /// It was there already, and was counted.
        Seen {}
        /// One of its id was there with another text, which it replaces.
        Changed {}
        /// It was not kept.
        Refused {
            /// Why.
            why: Word<Refusal>,
        }
    }
}
