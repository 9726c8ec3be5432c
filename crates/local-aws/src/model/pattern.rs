//! The models' regular expressions, which are Java's, in a regex engine without Unicode tables.
//!
//! Patterns with classes such as `\p{L}` are exact for ASCII. Every other character is first replaced by a stand-in for
//! its kind, as far as the standard library knows it: letter, number, space, control character, or other. "Other"
//! covers marks, symbols and punctuation, but also unassigned, private-use and format characters. AWS refuses those,
//! while this check accepts them where a class contains marks or symbols; letter-like marks and symbols count as
//! letters. So the check may accept too much, but never refuses what AWS accepts.

use std::{borrow::Cow, sync::OnceLock};

use regex_lite::Regex;
use serde::Deserialize;

const LETTER: char = '\u{e000}';
const NUMBER: char = '\u{e001}';
const SPACE: char = '\u{e002}';
const CONTROL: char = '\u{e003}';
const OTHER: char = '\u{e004}';

/// The content of each class inside brackets: its ASCII characters and its stand-ins.
const CLASSES: [(&str, &str); 6] = [
    (r"\p{L}", r"A-Za-z\u{e000}"),
    (r"\p{M}", r"\u{e004}"),
    (r"\p{N}", r"0-9\u{e001}"),
    (r"\p{P}", r##"!"#%&'()*,\-./:;?@\[\\\]_{}\u{e004}"##),
    (r"\p{S}", r"$+<=>\^`|\~\u{e004}"),
    (r"\p{Z}", r"\ \u{e002}"),
];

/// A pattern that a whole value must match.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Pattern {
    /// The pattern in the model's syntax.
    pub text: String,
    /// `None` if the engine does not support the pattern.
    regex: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }
}

impl Pattern {
    /// Whether the engine supports the pattern.
    #[cfg(test)]
    pub(super) fn is_checked(&self) -> bool {
        self.regex().is_some()
    }

    /// Whether the value matches. A pattern that the engine does not support matches everything.
    pub(super) fn matches(&self, value: &str) -> bool {
        let value: Cow<'_, str> = if self.has_classes() && !value.is_ascii() {
            value.chars().map(stand_in).collect::<String>().into()
        } else {
            value.into()
        };
        self.regex().is_none_or(|regex| regex.is_match(&value))
    }

    fn has_classes(&self) -> bool {
        self.text.contains(r"\p{")
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let plain =
                CLASSES.iter().fold(self.text.clone(), |text, (class, stands_for)| text.replace(class, stands_for));
            Regex::new(&format!("^(?:{plain})$")).ok()
        };
        self.regex.get_or_init(compile).as_ref()
    }
}

fn stand_in(letter: char) -> char {
    match letter {
        ascii if ascii.is_ascii() => ascii,
        control if control.is_control() => CONTROL,
        letter if letter.is_alphabetic() => LETTER,
        number if number.is_numeric() => NUMBER,
        space if space.is_whitespace() => SPACE,
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        let pattern = Pattern::from(pattern.to_owned());
        assert!(pattern.is_checked(), "{}", pattern.text);
        pattern.matches(value)
    }

    #[test]
    fn the_whole_value_must_match() {
        assert!(matches("[a-z]+|[0-9]", "abc"));
        assert!(!matches("[a-z]+|[0-9]", "abc1"));
        assert!(!matches(r"[\w+=,.@-]+", "a b"));
        assert!(!matches("[a-z]+", "a\n"));
        assert!(matches(r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/a/"));
        assert!(matches("[\\u0009\\u0020-\\u007E\\u00A1-\\u00FF]*", "caf\u{e9}"));
        assert!(!matches("[\\u0009\\u0020-\\u007E\\u00A1-\\u00FF]*", "\u{2713}"));
    }

    #[test]
    fn unicode_classes_are_distinguished() {
        let tag = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";
        for good in ["", "deployer:stack", "a b", "\u{e4}\u{4e2d}", "\u{663}", "\u{a0}", "a=b+c@d-e/f"] {
            assert!(matches(tag, good), "{good:?}");
        }
        for bad in ["a!", "a\tb", "\u{1f600}", "\u{301}", "\u{85}", "a,b", "[a]", "a~b", "a^b"] {
            assert!(!matches(tag, bad), "{bad:?}");
        }
        let name = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+";
        for good in ["user@example.com", "\u{1f600}", "a\u{301}", r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##] {
            assert!(matches(name, good), "{good:?}");
        }
        for bad in ["", "a b", "\u{2003}", "a\n"] {
            assert!(!matches(name, bad), "{bad:?}");
        }
    }

    /// The translated classes contain exactly the ASCII characters of the original ones.
    #[test]
    fn ascii_is_matched_exactly() {
        for byte in 0..128_u8 {
            let text = char::from(byte).to_string();
            let symbol = "$+<=>^`|~".contains(&text);
            assert_eq!(matches(r"[\p{S}]", &text), symbol, "{text:?}");
            assert_eq!(matches(r"[\p{P}]", &text), byte.is_ascii_punctuation() && !symbol, "{text:?}");
            assert_eq!(matches(r"[\p{L}]", &text), byte.is_ascii_alphabetic(), "{text:?}");
            assert_eq!(matches(r"[\p{N}]", &text), byte.is_ascii_digit(), "{text:?}");
            assert_eq!(matches(r"[\p{Z}]", &text), byte == b' ', "{text:?}");
        }
    }
}
