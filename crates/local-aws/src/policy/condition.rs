//! Conditions of a statement.

use std::collections::BTreeMap;

use super::{error::PolicyError, pattern};

/// Condition keys that requests here have. A condition on another one would be met or missed by accident.
const KEYS: [&str; 4] = ["aws:requestedregion", "aws:tagkeys", "iam:passedtoservice", "lambda:principal"];
const TAG_KEYS: [&str; 2] = ["aws:requesttag/", "aws:resourcetag/"];

/// One key with the values that it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    over: Over,
    test: Test,
    negated: bool,
    if_exists: bool,
    /// In lower case: the case of keys means nothing.
    key: String,
    values: Vec<String>,
}

/// How a key with several values is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    One,
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    Like,
    Arn,
    Null,
}

impl Condition {
    /// Reads one; what is not understood is an error, for a condition that is passed over would allow too much.
    pub(super) fn read(operator: &str, key: &str, values: Vec<String>) -> Result<Self, PolicyError> {
        let unsupported = |what: &str, which: &str| Err(PolicyError::unsupported(format!("the {what} {which}")));
        let (over, name) = match operator.split_once(':') {
            None => (Over::One, operator),
            Some(("ForAllValues", name)) => (Over::All, name),
            Some(("ForAnyValue", name)) => (Over::Any, name),
            Some(_) => return unsupported("condition operator", operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (test, negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            // AWS documents both as the same.
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Null" if over == Over::One && !if_exists => (Test::Null, false),
            _ => return unsupported("condition operator", operator),
        };
        let lower = key.to_lowercase();
        if !KEYS.contains(&lower.as_str()) && !TAG_KEYS.iter().any(|prefix| lower.starts_with(prefix)) {
            return unsupported("condition key", key);
        }
        if lower == "aws:tagkeys" && over == Over::One && test != Test::Null {
            return unsupported("condition on aws:TagKeys without ForAllValues or ForAnyValue", operator);
        }
        if test == Test::Null && !values.iter().all(|value| value == "true" || value == "false") {
            return unsupported("value of Null", &values.join(", "));
        }
        Ok(Self { over, test, negated, if_exists, key: lower, values })
    }

    /// Whether it is met.
    pub(super) fn holds(&self, context: &BTreeMap<String, Vec<String>>) -> bool {
        let there = context.get(&self.key);
        if self.test == Test::Null {
            return self.values.contains(&there.is_none().to_string());
        }
        let Some(there) = there else {
            // What is not there equals nothing, and all of no values meet whatever is asked of them.
            return match self.over {
                Over::All => true,
                Over::Any => self.if_exists,
                Over::One => self.if_exists || self.negated,
            };
        };
        let meets = |value: &String| self.values.iter().any(|asked| self.is(asked, value)) != self.negated;
        match self.over {
            Over::Any => there.iter().any(meets),
            Over::One | Over::All => there.iter().all(meets),
        }
    }

    fn is(&self, asked: &str, value: &str) -> bool {
        match self.test {
            Test::Like => pattern::matches(asked, value),
            Test::Arn => pattern::matches_arn(asked, value),
            Test::Equals | Test::Null => asked == value,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn holds(operator: &str, key: &str, values: &[&str], there: &[&str]) -> bool {
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let condition = Condition::read(operator, key, values).unwrap();
        let there: Vec<String> = there.iter().map(|&value| value.to_owned()).collect();
        let context = if there.is_empty() { BTreeMap::new() } else { [(key.to_lowercase(), there)].into() };
        condition.holds(&context)
    }

    #[test]
    fn a_key_is_compared_with_each_value() {
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
    fn several_values_are_all_or_any() {
        let keys = "aws:TagKeys";
        assert!(holds("ForAllValues:StringEquals", keys, &["a", "b"], &["a"]));
        assert!(!holds("ForAllValues:StringEquals", keys, &["a", "b"], &["a", "c"]));
        assert!(holds("ForAllValues:StringEquals", keys, &["a"], &[]));
        assert!(holds("ForAnyValue:StringEquals", keys, &["a"], &["c", "a"]));
        assert!(!holds("ForAnyValue:StringEquals", keys, &["a"], &[]));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let refused = |operator, key: &str| Condition::read(operator, key, vec!["1".into()]).unwrap_err().to_string();
        for operator in ["NumericLessThan", "Bool", "IpAddress", "ForSomeValues:StringEquals", "NullIfExists", "Null"] {
            assert!(refused(operator, "aws:RequestedRegion").contains("does not know"), "{operator}");
        }
        assert!(refused("StringEquals", "aws:SourceIp").contains("aws:SourceIp"));
        assert!(refused("StringEquals", "aws:TagKeys").contains("ForAllValues"));
    }
}
