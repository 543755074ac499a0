//! The word lists of the prior, and a table that tells which lists a token is on.
//!
//! The lists stand as plain text so that they can be read and compared. The table is built from
//! them at compile time: a token of at most 16 bytes is one 128-bit key, so that a look-up is a
//! multiplication and, nearly always, one comparison.

/// Longest token that can be on a list, in bytes.
pub(crate) const TOKEN_MAX: usize = 16;

/// Which lists a token is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lists(u16);

impl Lists {
    pub(crate) const NONE: Self = Self(0);
    /// Amounts and how they relate.
    pub(crate) const QUANT: Self = Self(1);
    /// Programming.
    pub(crate) const CODE: Self = Self(1 << 1);
    /// Work that asks for reasons.
    pub(crate) const REASON: Self = Self(1 << 2);
    /// Conditions and exceptions.
    pub(crate) const LOGIC: Self = Self(1 << 3);
    /// First words of questions that look something up.
    pub(crate) const LOOKUP: Self = Self(1 << 4);
    /// Changing a given text.
    pub(crate) const XFORM: Self = Self(1 << 5);
    /// Asking for a text to be made.
    pub(crate) const MAKE: Self = Self(1 << 6);
    /// Kinds of text.
    pub(crate) const FORM: Self = Self(1 << 7);
    /// Greetings, thanks, assent.
    pub(crate) const GREET: Self = Self(1 << 8);
    /// Asking for a role to be played.
    pub(crate) const PRETEND: Self = Self(1 << 9);
    /// Whom a role is given to.
    pub(crate) const PERSONA: Self = Self(1 << 10);
    /// The one word that alone asks for a role.
    pub(crate) const ROLEPLAY: Self = Self(1 << 11);

    /// Whether the token is on this one list.
    pub(crate) const fn has(self, list: Self) -> bool {
        self.0 & list.0 != 0
    }
}

const WORDS: [(Lists, &str); 12] = [
    (
        Lists::QUANT,
        "altogether average cost difference double each half interest left many much per percent \
         percentage price probability product profit rate ratio remaining sum times total triple \
         twice",
    ),
    (
        Lists::CODE,
        "api array async bash bug c++ class code compile compiler css database docker exception \
         function git golang html java javascript json loop method program python query recursion \
         regex rust script server sql stack thread typescript",
    ),
    (
        Lists::REASON,
        "algorithm analyse analyze architecture assess compare complexity contrast critique debug \
         deduce derive design diagnose estimate evaluate explain hypothesis implement implications \
         infer justify mechanism optimise optimize plan proof prove refactor solve strategy \
         theorem tradeoff tradeoffs troubleshoot why",
    ),
    (
        Lists::LOGIC,
        "although assume either exactly except given however if least most must neither never none \
         nor not only such suppose unless whether without",
    ),
    (Lists::LOOKUP, "define list name what when where which who"),
    (
        Lists::XFORM,
        "convert format grammar paraphrase proofread rephrase rewrite shorten summarise summarize \
         translate",
    ),
    (Lists::MAKE, "compose craft create draft generate make tell write"),
    (
        Lists::FORM,
        "advertisement blog dialogue email essay haiku joke letter lyrics novel paragraph poem \
         post script slogan song speech story tagline",
    ),
    (
        Lists::GREET,
        "bye cool evening good goodbye great hello hey hi hiya k lol morning nice night no nope ok \
         okay sup sure thank thanks there welcome yep yes yo you",
    ),
    (Lists::PRETEND, "pretend imagine act"),
    (Lists::PERSONA, "you as"),
    (Lists::ROLEPLAY, "roleplay"),
];

/// The lists of the token whose bytes, padded with zeros, are `key` (little-endian).
pub(crate) fn lists_of(key: u128) -> Lists {
    TABLE.get(key)
}

/// The key of a token that is the first `length` bytes of `bytes`; `None` if it is too long for a list.
pub(crate) fn key_of(bytes: &[u8], length: usize) -> Option<u128> {
    if length > TOKEN_MAX {
        return None;
    }
    // Nearly always there is more text behind the token: then it is one load and one mask.
    if let Some(block) = bytes.first_chunk::<TOKEN_MAX>() {
        return Some(u128::from_le_bytes(*block) & KEPT[length]);
    }
    let mut padded = [0; TOKEN_MAX];
    padded.iter_mut().zip(bytes.iter().take(length)).for_each(|(slot, byte)| *slot = *byte);
    Some(u128::from_le_bytes(padded))
}

/// The key of the same token in lower case.
pub(crate) fn lower_key(key: u128) -> u128 {
    u128::from_le_bytes(key.to_le_bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// For each length, the bits of a block that belong to a token so long.
const KEPT: [u128; TOKEN_MAX + 1] = {
    let (mut kept, mut length) = ([0; TOKEN_MAX + 1], 1);
    while length <= TOKEN_MAX {
        kept[length] = u128::MAX >> (8 * (TOKEN_MAX - length));
        length += 1;
    }
    kept
};

const SLOT_BITS: u32 = 10;
const SLOTS: usize = 1 << SLOT_BITS;

/// Open addressing with linear probing. Most tokens are on no list, and one look at the tags, which are
/// few bytes and stay in the cache, tells so.
struct Table {
    /// Seven bits of the key's hash and a mark; zero where the slot is free.
    tags: [u8; SLOTS],
    keys: [u128; SLOTS],
    lists: [Lists; SLOTS],
}

static TABLE: Table = Table::build();

impl Table {
    const fn build() -> Self {
        let mut table = Self { tags: [0; SLOTS], keys: [0; SLOTS], lists: [Lists::NONE; SLOTS] };
        let mut row = 0;
        while row < WORDS.len() {
            let (list, words) = WORDS[row];
            table.add_words(list, words.as_bytes());
            row += 1;
        }
        table
    }

    const fn add_words(&mut self, list: Lists, words: &[u8]) {
        let (mut at, mut key, mut length) = (0, 0, 0);
        while at < words.len() {
            if words[at] == b' ' {
                self.add(list, key);
                (key, length) = (0, 0);
            } else {
                assert!(length < TOKEN_MAX, "a listed word is too long for a key");
                key |= (words[at] as u128) << (8 * length);
                length += 1;
            }
            at += 1;
        }
        self.add(list, key);
    }

    const fn add(&mut self, list: Lists, key: u128) {
        let (slot, tag) = self.find(key);
        self.tags[slot] = tag;
        self.keys[slot] = key;
        self.lists[slot] = Lists(self.lists[slot].0 | list.0);
    }

    const fn get(&self, key: u128) -> Lists {
        let (slot, _) = self.find(key);
        if self.tags[slot] == 0 { Lists::NONE } else { self.lists[slot] }
    }

    /// The slot that holds `key`, or the free one where it belongs, and the key's tag.
    const fn find(&self, key: u128) -> (usize, u8) {
        let hash = hash(key);
        let (mut slot, tag) =
            ((hash >> (u64::BITS - SLOT_BITS)) as usize, (hash >> 32) as u8 | 0x80);
        while self.tags[slot] != 0 && (self.tags[slot] != tag || self.keys[slot] != key) {
            slot = (slot + 1) % SLOTS;
        }
        (slot, tag)
    }
}

const fn hash(key: u128) -> u64 {
    let folded = (key as u64) ^ ((key >> 64) as u64).rotate_left(29);
    folded.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(word: &str) -> Lists {
        let mut key = [0; TOKEN_MAX];
        key[..word.len()].copy_from_slice(word.as_bytes());
        lists_of(u128::from_le_bytes(key))
    }

    #[test]
    fn every_listed_word_is_found_on_its_lists_and_only_there() {
        for (list, words) in WORDS {
            for word in words.split(' ') {
                assert!(lists(word).has(list), "{word}");
                for (other, others) in WORDS {
                    let expect = others.split(' ').any(|listed| listed == word);
                    assert_eq!(lists(word).has(other), expect, "{word}");
                }
            }
        }
    }

    #[test]
    fn other_tokens_are_on_no_list() {
        for token in ["", "a", "explains", "pythonic", "sixteenletterwor", "hell"] {
            assert_eq!(lists(token), Lists::NONE, "{token}");
        }
    }
}
