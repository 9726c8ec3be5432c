//! Filter patterns: terms of unstructured events.

use super::error::invalid;
use crate::outcome::ApiError;

/// What an event must and must not contain.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// All of these.
    all: Vec<String>,
    /// One of these, if there are any.
    any: Vec<String>,
    /// None of these.
    none: Vec<String>,
}

impl Filter {
    /// Reads `term "several words" ?either ?or -without`. Patterns of JSON and space-delimited events are not offered.
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
                Some(quoted) => quoted.split_once('"').ok_or_else(|| invalid("Invalid filter pattern: open quote"))?,
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            if !term.is_empty() {
                list.push(term.to_owned());
            }
            rest = after.trim_start();
        }
        Ok(filter)
    }

    /// Whether an event passes.
    pub(super) fn admits(&self, message: &str) -> bool {
        self.all.iter().all(|term| message.contains(term.as_str()))
            && (self.any.is_empty() || self.any.iter().any(|term| message.contains(term.as_str())))
            && !self.none.iter().any(|term| message.contains(term.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn terms_are_all_either_and_without() {
        let admits = |pattern: &str, message: &str| Filter::read(pattern).is_ok_and(|filter| filter.admits(message));
        assert!(admits("", "anything"));
        assert!(admits("ERROR \"time out\"", "ERROR: time out at 3"));
        assert!(!admits("ERROR \"time out\"", "ERROR: time is out"));
        assert!(admits("?WARN ?ERROR", "WARN"));
        assert!(!admits("?WARN ?ERROR -WARN", "WARN"));
        assert!(Filter::read("{ $.a = 1 }").is_err());
        assert!(Filter::read("\"open").is_err());
    }
}
