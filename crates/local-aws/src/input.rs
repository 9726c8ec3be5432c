//! Reads an operation's input, and refuses values that its model does not constrain.
//!
//! `model` has checked the input before, so an error here usually means that the code asks for another type than the
//! model has. A value that breaks a rule beyond the model is refused with the service's code, in the words that all
//! services share ("1 validation error detected: …").

use std::{collections::BTreeMap, ops::RangeInclusive};

use serde_json::{Map, Value};

use crate::outcome::ApiError;

/// An operation's input, or a structure inside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    members: &'a Map<String, Value>,
    invalid: &'static str,
}

impl<'a> Input<'a> {
    /// Reads `members`. `invalid` is the error code for violated constraints.
    pub(crate) fn new(members: &'a Map<String, Value>, invalid: &'static str) -> Self {
        Self { members, invalid }
    }

    /// The error for a member that violates a constraint.
    pub(crate) fn constraint_error(&self, name: &str, shown: &str, constraint: &str) -> ApiError {
        let message = format!(
            "1 validation error detected: Value {shown} at '{}' failed to satisfy constraint: {constraint}",
            lower_first(name)
        );
        ApiError::new(400, self.invalid, message)
    }

    /// The member's JSON value; `null` counts as absent.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The error for an absent member.
    pub(crate) fn missing(&self, name: &str) -> ApiError {
        self.constraint_error(name, "null", "Member must not be null")
    }

    /// A string.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    /// A required string.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, ApiError> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    /// An integer; the query protocol sends it as text.
    pub(crate) fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let number = match self.raw(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let number = number.ok_or_else(|| wrong_type(name, "a whole number"))?;
        if number < *range.start() {
            let too_small = format!("Member must have value greater than or equal to {}", range.start());
            return Err(self.constraint_error(name, &format!("'{number}'"), &too_small));
        }
        if number > *range.end() {
            let too_large = format!("Member must have value less than or equal to {}", range.end());
            return Err(self.constraint_error(name, &format!("'{number}'"), &too_large));
        }
        Ok(Some(number))
    }

    /// An integer of a range that fits 32 bits.
    pub(crate) fn count(&self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, ApiError> {
        let found = self.integer(name, i64::from(*range.start())..=i64::from(*range.end()))?;
        Ok(found.and_then(|number| u32::try_from(number).ok()))
    }

    /// True or false.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text == "true" || text == "false" => Ok(Some(text == "true")),
            Some(_) => Err(wrong_type(name, "true or false")),
        }
    }

    /// A structure.
    pub(crate) fn structure(&self, name: &str) -> Result<Option<Input<'a>>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self { members, invalid: self.invalid })),
            Some(_) => Err(wrong_type(name, "a structure")),
        }
    }

    /// A list.
    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [Value]>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// A list of structures.
    pub(crate) fn structures(&self, name: &str) -> Result<Option<Vec<Input<'a>>>, ApiError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        items
            .iter()
            .map(|item| match item {
                Value::Object(members) => Ok(Self { members, invalid: self.invalid }),
                _ => Err(wrong_type(name, "a list of structures")),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A list of strings.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(items) = self.list(name)? else { return Ok(None) };
        items
            .iter()
            .map(|item| item.as_str().map(ToOwned::to_owned).ok_or_else(|| wrong_type(name, "a list of strings")))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A map of strings to strings.
    pub(crate) fn text_map(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, ApiError> {
        let Some(members) = self.structure(name)? else { return Ok(None) };
        members
            .members
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key.clone(), text.clone())),
                _ => Err(wrong_type(name, "a map of strings")),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A required list of strings.
    pub(crate) fn required_texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        self.texts(name)?.ok_or_else(|| self.missing(name))
    }

    /// A required map of strings to strings.
    pub(crate) fn required_text_map(&self, name: &str) -> Result<BTreeMap<String, String>, ApiError> {
        self.text_map(name)?.ok_or_else(|| self.missing(name))
    }

    /// Refuses members that AWS supports and the local cloud does not. Empty members are harmless.
    pub(crate) fn reject_unsupported(&self, names: &[&str]) -> Result<(), ApiError> {
        for name in names {
            let is_set = match self.raw(name) {
                None => false,
                Some(Value::Object(members)) => members.values().any(|member| match member {
                    Value::Array(items) => !items.is_empty(),
                    Value::String(text) => !text.is_empty(),
                    Value::Bool(flag) => *flag,
                    member => !member.is_null(),
                }),
                Some(Value::Array(items)) => !items.is_empty(),
                Some(Value::String(text)) => !text.is_empty(),
                Some(Value::Bool(flag)) => *flag,
                Some(_) => true,
            };
            if is_set {
                return Err(ApiError::not_implemented(&format!("the parameter {name}")));
            }
        }
        Ok(())
    }
}

fn wrong_type(name: &str, expected: &str) -> ApiError {
    ApiError::serialization(format!("{name} must be {expected}"))
}

/// A member's name as AWS's messages show it: with a lower-case first letter.
pub(crate) fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error_of<T: std::fmt::Debug>(result: Result<T, ApiError>) -> (String, String) {
        result.map_err(|error| (error.code, error.message)).expect_err("an error")
    }

    #[test]
    fn constraints_are_refused_in_the_words_of_aws() {
        let document = json!({ "MaxResults": 61, "Flag": "maybe" });
        let members = document.as_object().expect("an object");
        let input = Input::new(members, "InvalidParameterException");
        let (code, message) = error_of(input.integer("MaxResults", 1..=60));
        assert_eq!(code, "InvalidParameterException");
        assert!(message.contains("'61' at 'maxResults' failed to satisfy constraint"), "{message}");
        assert!(message.contains("less than or equal to 60"), "{message}");
        assert_eq!(error_of(input.flag("Flag")).0, "SerializationException");
        assert!(error_of(input.required("Absent")).1.contains("Value null at 'absent'"));
    }

    #[test]
    fn only_members_with_content_are_refused() {
        let document =
            json!({ "Layers": [], "VpcConfig": { "SubnetIds": [] }, "KMSKeyArn": "", "Image": { "A": [1] } });
        let members = document.as_object().expect("an object");
        let input = Input::new(members, "X");
        assert!(input.reject_unsupported(&["Layers", "VpcConfig", "KMSKeyArn", "Absent"]).is_ok());
        assert_eq!(error_of(input.reject_unsupported(&["Image"])).0, "NotImplemented");
    }
}
