//! The words by which somebody asks for nothing more, for more again, or for help.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The longest keyword, in characters: nothing longer is looked up.
pub const WORD_CHARS_MAX: usize = 40;
/// The most languages of a pool.
const LANGUAGES_MAX: usize = 20;
/// The most keywords of a language, of each kind.
const WORDS_MAX: usize = 30;
/// The longest text that answers a keyword, in characters: three segments in GSM-7.
const TEXT_CHARS_MAX: usize = 459;
/// The language of words that no pool has said.
const ENGLISH: &str = "en";

/// What a keyword asks for, spelled as `OptOutType` has it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum Keyword {
    /// Nothing more.
    Stop,
    /// To hear from us again.
    Start,
    /// Who we are.
    Help,
}

/// The words and texts of a language that everybody has, by [`Keyword::place`].
struct BuiltIn {
    language: &'static str,
    words: [&'static [&'static str]; 3],
    texts: [&'static str; 3],
}

/// English is what the vendor has by default and what the FCC requires since April 2025 (47 CFR 64.1200(a)(10): stop, quit, end, revoke, opt
/// out, cancel, unsubscribe); the French words are those of Canada.
const BUILT_IN: [BuiltIn; 2] = [
    BuiltIn {
        language: ENGLISH,
        words: [
            &["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "REVOKE", "OPTOUT", "QUIT"],
            &["START", "UNSTOP", "YES"],
            &["HELP", "INFO"],
        ],
        texts: [
            "You are unsubscribed and will get no more messages from us. Reply START to subscribe again.",
            "You are subscribed again. Reply HELP for help, STOP to unsubscribe.",
            "Reply STOP to unsubscribe. Message and data rates may apply.",
        ],
    },
    BuiltIn {
        language: "fr",
        words: [&["ARRET", "ARRÊT"], &[], &["AIDE"]],
        texts: [
            "Vous êtes désabonné et ne recevrez plus de messages. Répondez START pour vous réabonner.",
            "Vous êtes de nouveau abonné. Répondez AIDE pour de l'aide, ARRET pour vous désabonner.",
            "Répondez ARRET pour vous désabonner. Des frais de messagerie peuvent s'appliquer.",
        ],
    },
];

/// Who confirms a keyword.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Confirmations {
    /// We do, unless the carrier does by itself.
    #[default]
    Auto,
    /// We do in any case.
    Always,
    /// Nobody here does.
    Never,
}

/// The keywords and texts of a pool, beside the built-in ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    /// Who confirms.
    #[serde(default)]
    pub confirmations: Confirmations,
    /// By language, as the operator calls it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub languages: BTreeMap<String, Language>,
}

/// The keywords and texts of a language. What is left out is the built-in, if it is built in. STOP, START and HELP cannot be taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// For nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// For more again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Vec<String>>,
    /// For help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Vec<String>>,
    /// Confirms the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_text: Option<String>,
    /// Confirms the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_text: Option<String>,
    /// Answers the third.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help_text: Option<String>,
}

/// A keyword that somebody wrote, and in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What it asks for.
    pub keyword: Keyword,
    /// As the pool calls it.
    pub language: String,
}

/// Keywords or texts that a pool cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongKeywords {
    /// Too many languages.
    #[error("has more than {LANGUAGES_MAX} languages")]
    TooManyLanguages,
    /// A language without a name, or with a long one.
    #[error("has a language whose name is none: 1 to {WORD_CHARS_MAX} characters")]
    NoName,
    /// Too many words.
    #[error("has more than {WORDS_MAX} keywords of a kind in {0}")]
    TooManyWords(String),
    /// Something that is no word.
    #[error("has a keyword in {0} that is not one word of {WORD_CHARS_MAX} characters at most")]
    NoWord(String),
    /// A word that means two things.
    #[error("has a keyword in {0} that means something else already")]
    TwoMeanings(String),
    /// A text that says nothing, or too much.
    #[error("has a text in {0} that is empty or has more than {TEXT_CHARS_MAX} characters")]
    WrongText(String),
}

impl Keyword {
    /// All of them, that for nothing more first.
    pub const ALL: [Self; 3] = [Self::Stop, Self::Start, Self::Help];

    /// As published.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its place in the tables of built-in words and texts.
    const fn place(self) -> usize {
        match self {
            Self::Stop => 0,
            Self::Start => 1,
            Self::Help => 2,
        }
    }

    /// The word that cannot be taken away.
    const fn own_word(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Start => "START",
            Self::Help => "HELP",
        }
    }

    /// Whether its answer goes out to somebody who wants nothing more: it is what they asked for.
    pub const fn is_answered_anyhow(self) -> bool {
        match self {
            Self::Stop | Self::Help => true,
            Self::Start => false,
        }
    }
}

impl Confirmations {
    /// As published.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Language {
    fn words(&self, keyword: Keyword) -> Option<&[String]> {
        match keyword {
            Keyword::Stop => self.stop.as_deref(),
            Keyword::Start => self.start.as_deref(),
            Keyword::Help => self.help.as_deref(),
        }
    }

    fn text(&self, keyword: Keyword) -> Option<&str> {
        match keyword {
            Keyword::Stop => self.stop_text.as_deref(),
            Keyword::Start => self.start_text.as_deref(),
            Keyword::Help => self.help_text.as_deref(),
        }
    }
}

impl OptOut {
    /// The one word that a text consists of, if it can be a keyword: blanks around it do not matter. Nobody has to look further
    /// for the keywords of a pool where there is none.
    pub fn word(text: &str) -> Option<&str> {
        let word = text.trim();
        let is_one = !word.is_empty()
            && word.chars().count() <= WORD_CHARS_MAX
            && !word.contains(char::is_whitespace);
        is_one.then_some(word)
    }

    /// The keyword that a text is: exactly that word, in any case, and never within a sentence.
    pub fn hears(&self, text: &str) -> Option<Heard> {
        let word = folded(Self::word(text)?);
        let said = |keyword: Keyword| {
            let language = self
                .all_languages()
                .into_iter()
                .find(|language| self.words(language, keyword).contains(&word));
            let own = || (folded(keyword.own_word()) == word).then_some(ENGLISH);
            let language = language.or_else(own)?.to_owned();
            Some(Heard { keyword, language })
        };
        Keyword::ALL.into_iter().find_map(said)
    }

    /// What answers a keyword.
    pub fn answer(&self, heard: &Heard) -> &str {
        let own = |language: &str| self.languages.get(language)?.text(heard.keyword);
        let of = |language: &str| own(language).or_else(|| built_in_text(language, heard.keyword));
        of(&heard.language)
            .or_else(|| of(ENGLISH))
            .unwrap_or(BUILT_IN[0].texts[heard.keyword.place()])
    }

    /// All languages, each once: those of the pool first.
    fn all_languages(&self) -> Vec<&str> {
        let own: Vec<&str> = self.languages.keys().map(String::as_str).collect();
        let others = BUILT_IN.iter().map(|one| one.language);
        let others = others.filter(|language| !self.languages.contains_key(*language));
        own.iter().copied().chain(others).collect()
    }

    /// The words of a language for something, folded.
    fn words(&self, language: &str, keyword: Keyword) -> Vec<String> {
        let own = self.languages.get(language).and_then(|it| it.words(keyword));
        match own {
            Some(words) => words.iter().map(|word| folded(word)).collect(),
            None => built_in_words(language, keyword).iter().map(|word| folded(word)).collect(),
        }
    }

    /// Whether a pool can have these.
    pub fn check(&self) -> Result<(), WrongKeywords> {
        if self.languages.len() > LANGUAGES_MAX {
            return Err(WrongKeywords::TooManyLanguages);
        }
        for (name, language) in &self.languages {
            if name.trim().is_empty() || name.chars().count() > WORD_CHARS_MAX {
                return Err(WrongKeywords::NoName);
            }
            check_words(name, language)?;
            let texts = Keyword::ALL.into_iter().filter_map(|keyword| language.text(keyword));
            for text in texts {
                if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
                    return Err(WrongKeywords::WrongText(name.clone()));
                }
            }
        }
        self.check_meanings()
    }

    /// Nothing may mean two things, in whichever languages.
    fn check_meanings(&self) -> Result<(), WrongKeywords> {
        let mut taken: BTreeMap<String, Keyword> = BTreeMap::new();
        for keyword in Keyword::ALL {
            taken.insert(folded(keyword.own_word()), keyword);
        }
        for language in self.all_languages() {
            for keyword in Keyword::ALL {
                let words: BTreeSet<String> = self.words(language, keyword).into_iter().collect();
                for word in words {
                    if *taken.entry(word).or_insert(keyword) != keyword {
                        return Err(WrongKeywords::TwoMeanings(language.to_owned()));
                    }
                }
            }
        }
        Ok(())
    }
}

fn check_words(name: &str, language: &Language) -> Result<(), WrongKeywords> {
    for words in Keyword::ALL.into_iter().filter_map(|keyword| language.words(keyword)) {
        if words.len() > WORDS_MAX {
            return Err(WrongKeywords::TooManyWords(name.to_owned()));
        }
        if words.iter().any(|word| OptOut::word(word) != Some(word)) {
            return Err(WrongKeywords::NoWord(name.to_owned()));
        }
    }
    Ok(())
}

fn built_in(language: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|one| one.language == language)
}

fn built_in_words(language: &str, keyword: Keyword) -> &'static [&'static str] {
    built_in(language).map_or(&[], |one| one.words[keyword.place()])
}

fn built_in_text(language: &str, keyword: Keyword) -> Option<&'static str> {
    built_in(language).map(|one| one.texts[keyword.place()])
}

/// The form in which two spellings of a word are one.
fn folded(word: &str) -> String {
    word.to_lowercase()
}
