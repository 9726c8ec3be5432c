//! Conditions of a policy statement.

use std::collections::BTreeMap;

use super::{error::PolicyError, pattern};

/// The condition keys that requests have here. A condition on any other key would hold or fail by accident.
const KEYS: [&str; 4] = ["aws:requestedregion", "aws:tagkeys", "iam:passedtoservice", "lambda:principal"];
const TAG_KEYS: [&str; 2] = ["aws:requesttag/", "aws:resourcetag/"];

/// A condition key with the values to compare it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    quantifier: Quantifier,
    comparison: Comparison,
    negated: bool,
    if_exists: bool,
    /// In lower case: keys are case-insensitive.
    key: String,
    values: Vec<String>,
}

/// Which values of a key must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    One,
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    Like,
    Arn,
    Null,
}

impl Condition {
    /// Reads a condition. Anything unsupported is an error: an ignored condition would allow too much.
    pub(super) fn read(operator: &str, key: &str, values: Vec<String>) -> Result<Self, PolicyError> {
        let unsupported = |what: &str, which: &str| Err(PolicyError::unsupported(format!("the {what} {which}")));
        let (quantifier, name) = match operator.split_once(':') {
            None => (Quantifier::One, operator),
            Some(("ForAllValues", name)) => (Quantifier::All, name),
            Some(("ForAnyValue", name)) => (Quantifier::Any, name),
            Some(_) => return unsupported("condition operator", operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (comparison, negated) = match name {
            "StringEquals" => (Comparison::Equals, false),
            "StringNotEquals" => (Comparison::Equals, true),
            "StringLike" => (Comparison::Like, false),
            "StringNotLike" => (Comparison::Like, true),
            // AWS documents both as the same.
            "ArnEquals" | "ArnLike" => (Comparison::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Comparison::Arn, true),
            "Null" if quantifier == Quantifier::One && !if_exists => (Comparison::Null, false),
            _ => return unsupported("condition operator", operator),
        };
        let lower = key.to_lowercase();
        if !KEYS.contains(&lower.as_str()) && !TAG_KEYS.iter().any(|prefix| lower.starts_with(prefix)) {
            return unsupported("condition key", key);
        }
        if lower == "aws:tagkeys" && quantifier == Quantifier::One && comparison != Comparison::Null {
            return unsupported("condition on aws:TagKeys without ForAllValues or ForAnyValue", operator);
        }
        if comparison == Comparison::Null && !values.iter().all(|value| value == "true" || value == "false") {
            return unsupported("value of Null", &values.join(", "));
        }
        Ok(Self { quantifier, comparison, negated, if_exists, key: lower, values })
    }

    /// Whether a request with this context meets the condition.
    pub(super) fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let present = context.get(&self.key);
        if self.comparison == Comparison::Null {
            return self.values.contains(&present.is_none().to_string());
        }
        let Some(present) = present else {
            // An absent key equals no value, but ForAllValues holds for it: there is no value that fails.
            return match self.quantifier {
                Quantifier::All => true,
                Quantifier::Any => self.if_exists,
                Quantifier::One => self.if_exists || self.negated,
            };
        };
        let matches = |value: &String| self.values.iter().any(|expected| self.compare(expected, value)) != self.negated;
        match self.quantifier {
            Quantifier::Any => present.iter().any(matches),
            Quantifier::One | Quantifier::All => present.iter().all(matches),
        }
    }

    fn compare(&self, expected: &str, value: &str) -> bool {
        match self.comparison {
            Comparison::Like => pattern::matches(expected, value),
            Comparison::Arn => pattern::matches_arn(expected, value),
            Comparison::Equals | Comparison::Null => expected == value,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn holds(operator: &str, key: &str, values: &[&str], present: &[&str]) -> bool {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let condition = Condition::read(operator, key, values).unwrap();
        let present: Vec<String> = present.iter().map(|&value| value.to_owned()).collect();
        let context = if present.is_empty() { BTreeMap::new() } else { [(key.to_lowercase(), present)].into() };
        condition.holds(&context)
    }

    #[test]
    fn a_key_is_compared_with_every_value() {
        let tag = "aws:ResourceTag/Stage";
        assert!(holds("StringEquals", tag, &["a", "b"], &["b"]));
        assert!(!holds("StringEquals", tag, &["a"], &["b"]));
        assert!(!holds("StringEquals", tag, &["a"], &[]));
        assert!(holds("StringEqualsIfExists", tag, &["a"], &[]));
        assert!(!holds("StringEqualsIfExists", tag, &["a"], &["b"]));
        assert!(holds("StringNotEquals", tag, &["a", "b"], &["c"]));
        assert!(!holds("StringNotEquals", tag, &["a", "b"], &["b"]));
        assert!(holds("StringNotEquals", tag, &["a"], &[]));
        assert!(holds("StringLike", tag, &["a*"], &["abc"]));
        assert!(!holds("StringEquals", tag, &["a*"], &["abc"]));
        assert!(holds("ArnLike", tag, &["arn:aws:iam::*:role/x"], &["arn:aws:iam::1:role/x"]));
        assert!(holds("Null", tag, &["true"], &[]) && !holds("Null", tag, &["true"], &["a"]));
        assert!(holds("Null", tag, &["false"], &["a"]) && !holds("Null", tag, &["false"], &[]));
    }

    #[test]
    fn a_key_with_several_values_needs_all_or_any_to_match() {
        let keys = "aws:TagKeys";
        assert!(holds("ForAllValues:StringEquals", keys, &["a", "b"], &["a"]));
        assert!(!holds("ForAllValues:StringEquals", keys, &["a", "b"], &["a", "c"]));
        assert!(holds("ForAllValues:StringEquals", keys, &["a"], &[]));
        assert!(holds("ForAnyValue:StringEquals", keys, &["a"], &["c", "a"]));
        assert!(!holds("ForAnyValue:StringEquals", keys, &["a"], &[]));
    }

    #[test]
    fn unsupported_conditions_are_errors() {
        let refused = |operator, key: &str| Condition::read(operator, key, vec!["1".into()]).unwrap_err().to_string();
        for operator in ["NumericLessThan", "Bool", "IpAddress", "ForSomeValues:StringEquals", "NullIfExists", "Null"] {
            assert!(refused(operator, "aws:RequestedRegion").contains("does not support"), "{operator}");
        }
        assert!(refused("StringEquals", "aws:SourceIp").contains("aws:SourceIp"));
        assert!(refused("StringEquals", "aws:TagKeys").contains("ForAllValues"));
    }
}
