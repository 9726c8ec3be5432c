//! What a template leaves open: the account, the Region, and the ids that AWS assigns.
//!
//! The stack is derived with a symbol for each of them, so every name and ARN comes from the same code as in `up`.
//! [`Symbols`] then splits such a text into literals and expressions of the template's language.

use crate::{
    config::Config,
    names::{PARTITION, StackId},
};

/// Stands for the Region. Its control characters cannot occur in a name that AWS accepts.
pub(super) const REGION: &str = "\u{1}region\u{1}";
/// Stands for the account.
pub(super) const ACCOUNT: &str = "\u{1}account\u{1}";
/// Stands for the user pool's id.
pub(super) const POOL: &str = "\u{1}pool\u{1}";
/// Stands for the API's id.
pub(super) const API: &str = "\u{1}api\u{1}";

/// The configured stack, in any account and Region.
pub fn stack_id(config: &Config) -> StackId {
    StackId::new(&config.name, &config.stage, REGION, ACCOUNT)
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Literal text.
    Text(String),
    /// An expression of the template's language.
    Expression(&'static str),
}

/// The expression for each text; a text that contains another comes before it.
#[derive(Debug, Clone)]
pub(super) struct Symbols(Vec<(String, Vec<Piece>)>);

/// The template language's expressions for what every text may contain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub partition: &'static str,
    pub region: &'static str,
    pub account: &'static str,
}

impl Symbols {
    /// These symbols, followed by Region, account and partition.
    pub fn new(known: Vec<(String, &'static str)>, words: Words) -> Self {
        let one = |(text, expression)| (text, vec![Piece::Expression(expression)]);
        let mut symbols: Vec<_> = known.into_iter().map(one).collect();
        symbols.push((REGION.into(), vec![Piece::Expression(words.region)]));
        symbols.push((ACCOUNT.into(), vec![Piece::Expression(words.account)]));
        let partition = [Piece::Text("arn:".into()), Piece::Expression(words.partition), Piece::Text(":".into())];
        symbols.push((format!("arn:{PARTITION}:"), partition.to_vec()));
        Self(symbols)
    }

    /// The pieces of a derived text. Must not be used for a text that a user wrote.
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let known = self.0.iter().find(|(known, _)| !known.is_empty() && rest.starts_with(known.as_str()));
            let Some((known, replacement)) = known else {
                literal.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            };
            for piece in replacement {
                match piece {
                    Piece::Text(text) => literal.push_str(text),
                    Piece::Expression(_) => {
                        if !literal.is_empty() {
                            pieces.push(Piece::Text(std::mem::take(&mut literal)));
                        }
                        pieces.push(piece.clone());
                    }
                }
            }
            rest = &rest[known.len()..];
        }
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Symbols {
        let words = Words { partition: "P", region: "R", account: "A" };
        Symbols::new(vec![(format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"), "F")], words)
    }

    #[test]
    fn the_longest_symbol_wins_and_the_rest_stays_text() {
        let text = format!("arn:aws:x:{REGION}::path/arn:aws:lambda:{REGION}:{ACCOUNT}:function:f/invocations");
        let expected = [
            Piece::Text("arn:".into()),
            Piece::Expression("P"),
            Piece::Text(":x:".into()),
            Piece::Expression("R"),
            Piece::Text("::path/".into()),
            Piece::Expression("F"),
            Piece::Text("/invocations".into()),
        ];
        assert_eq!(symbols().pieces(&text), expected);
    }

    #[test]
    fn a_text_without_a_symbol_is_one_piece() {
        assert_eq!(symbols().pieces("größe"), [Piece::Text("größe".into())]);
        assert_eq!(symbols().pieces(""), [Piece::Text(String::new())]);
    }
}
