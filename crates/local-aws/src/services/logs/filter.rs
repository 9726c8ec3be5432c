//! Filter patterns: terms that events must or must not contain.

use super::error::invalid;
use crate::outcome::ApiError;

/// A parsed filter pattern.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Terms that the event must contain.
    all: Vec<String>,
    /// Terms of which the event must contain one, if there are any.
    any: Vec<String>,
    /// Terms that the event must not contain.
    none: Vec<String>,
}

impl Filter {
    /// Parses `term "several words" ?either ?or -without`. Patterns for JSON and space-delimited events are not
    /// supported.
    pub(super) fn read(pattern: &str) -> Result<Self, ApiError> {
        let pattern = pattern.trim();
        if pattern.starts_with(['{', '[', '%']) {
            return Err(ApiError::not_implemented("filter patterns other than terms"));
        }
        let mut filter = Self::default();
        let mut rest = pattern;
        while !rest.is_empty() {
            let (list, after) = match (rest.strip_prefix('?'), rest.strip_prefix('-')) {
                (Some(after), _) => (&mut filter.any, after),
                (_, Some(after)) => (&mut filter.none, after),
                _ => (&mut filter.all, rest),
            };
            let (term, after) = match after.strip_prefix('"') {
                Some(quoted) => {
                    quoted.split_once('"').ok_or_else(|| invalid("Invalid filter pattern: unclosed quote"))?
                }
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            if !term.is_empty() {
                list.push(term.to_owned());
            }
            rest = after.trim_start();
        }
        Ok(filter)
    }

    /// Whether a message matches the pattern.
    pub(super) fn matches(&self, message: &str) -> bool {
        self.all.iter().all(|term| message.contains(term.as_str()))
            && (self.any.is_empty() || self.any.iter().any(|term| message.contains(term.as_str())))
            && !self.none.iter().any(|term| message.contains(term.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn terms_are_required_optional_or_excluded() {
        let matches = |pattern: &str, message: &str| Filter::read(pattern).is_ok_and(|filter| filter.matches(message));
        assert!(matches("", "anything"));
        assert!(matches("ERROR \"time out\"", "ERROR: time out at 3"));
        assert!(!matches("ERROR \"time out\"", "ERROR: time is out"));
        assert!(matches("?WARN ?ERROR", "WARN"));
        assert!(!matches("?WARN ?ERROR -WARN", "WARN"));
        assert!(Filter::read("{ $.a = 1 }").is_err());
        assert!(Filter::read("\"open").is_err());
    }
}
