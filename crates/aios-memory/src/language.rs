//! The languages that words are stemmed in.

use frostem::Algorithm;

/// A language with a Snowball stemmer and a list of stop words.
///
/// It says how words are brought to their stems, not what may be stored: a text in another language is
/// found by the words as they stand, and scripts without spaces by pairs of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Arabic.
    Arabic,
    /// Danish.
    Danish,
    /// Dutch.
    Dutch,
    /// English.
    #[default]
    English,
    /// Finnish.
    Finnish,
    /// French.
    French,
    /// German.
    German,
    /// Greek.
    Greek,
    /// Hungarian.
    Hungarian,
    /// Indonesian.
    Indonesian,
    /// Italian.
    Italian,
    /// Norwegian.
    Norwegian,
    /// Portuguese.
    Portuguese,
    /// Romanian.
    Romanian,
    /// Russian.
    Russian,
    /// Spanish.
    Spanish,
    /// Swedish.
    Swedish,
    /// Turkish.
    Turkish,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 18] = [
        Self::Arabic,
        Self::Danish,
        Self::Dutch,
        Self::English,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Greek,
        Self::Hungarian,
        Self::Indonesian,
        Self::Italian,
        Self::Norwegian,
        Self::Portuguese,
        Self::Romanian,
        Self::Russian,
        Self::Spanish,
        Self::Swedish,
        Self::Turkish,
    ];

    /// Its name on the command line and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    /// The language of that name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// Code of its stop words.
    pub(crate) const fn code(self) -> &'static str {
        self.facts().1
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        self.facts().2
    }

    const fn facts(self) -> (&'static str, &'static str, Algorithm) {
        match self {
            Self::Arabic => ("arabic", "ar", Algorithm::Arabic),
            Self::Danish => ("danish", "da", Algorithm::Danish),
            Self::Dutch => ("dutch", "nl", Algorithm::Dutch),
            Self::English => ("english", "en", Algorithm::English),
            Self::Finnish => ("finnish", "fi", Algorithm::Finnish),
            Self::French => ("french", "fr", Algorithm::French),
            Self::German => ("german", "de", Algorithm::German),
            Self::Greek => ("greek", "el", Algorithm::Greek),
            Self::Hungarian => ("hungarian", "hu", Algorithm::Hungarian),
            Self::Indonesian => ("indonesian", "id", Algorithm::Indonesian),
            Self::Italian => ("italian", "it", Algorithm::Italian),
            Self::Norwegian => ("norwegian", "no", Algorithm::Norwegian),
            Self::Portuguese => ("portuguese", "pt", Algorithm::Portuguese),
            Self::Romanian => ("romanian", "ro", Algorithm::Romanian),
            Self::Russian => ("russian", "ru", Algorithm::Russian),
            Self::Spanish => ("spanish", "es", Algorithm::Spanish),
            Self::Swedish => ("swedish", "sv", Algorithm::Swedish),
            Self::Turkish => ("turkish", "tr", Algorithm::Turkish),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_a_name_and_stop_words() {
        for language in Language::ALL {
            assert_eq!(Language::of_name(language.name()), Some(language));
            let words = stop_words::lookup(language.code());
            assert!(words.is_some_and(|words| words.len() > 20), "{language:?}");
        }
    }
}
