//! Tags: the rules and helpers that all services share.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{outcome::ApiError, request::Request, state::Tags};

/// The most tags that a resource may have.
const MAX_TAGS: usize = 50;

/// A service's errors for invalid tags.
#[derive(Clone, Copy)]
pub(super) struct TagErrors {
    /// An invalid key or value.
    pub(super) invalid: fn(String) -> ApiError,
    /// More tags than a resource may have.
    pub(super) too_many: fn(String) -> ApiError,
}

impl TagErrors {
    /// The tags of a new resource.
    pub(super) fn new_tags(self, given: Option<BTreeMap<String, String>>) -> Result<Tags, ApiError> {
        let mut tags = Tags::new();
        self.add(&mut tags, given.unwrap_or_default())?;
        Ok(tags)
    }

    /// Adds `new` to `tags`.
    pub(super) fn add(self, tags: &mut Tags, new: BTreeMap<String, String>) -> Result<(), ApiError> {
        let invalid = |message: String| Err((self.invalid)(message));
        for (key, value) in new {
            let length = key.chars().count();
            if length == 0 || length > 128 {
                return invalid(format!("tag key {key:?} must have 1 to 128 characters"));
            }
            if value.chars().count() > 256 {
                return invalid(format!("the value of tag {key:?} must have at most 256 characters"));
            }
            if key.to_ascii_lowercase().starts_with("aws:") {
                return invalid("aws: prefixed tag key names are not allowed for external use.".to_owned());
            }
            if !key.chars().chain(value.chars()).all(is_allowed) {
                return invalid(format!("tag {key:?} contains characters that are not allowed"));
            }
            tags.insert(key, value);
        }
        if tags.len() > MAX_TAGS {
            return Err((self.too_many)(format!("a resource may have at most {MAX_TAGS} tags")));
        }
        Ok(())
    }
}

/// Removes the tags with these keys. Absent keys are ignored, as on AWS.
pub(super) fn remove(tags: &mut Tags, keys: &[String]) {
    tags.retain(|key, _| !keys.contains(key));
}

/// The values of the query parameter `tagKeys`; at least one is required.
pub(super) fn keys_of_query(request: &Request, member: &str) -> Result<Vec<String>, ApiError> {
    let keys: Vec<String> = request.params("tagKeys").map(ToOwned::to_owned).collect();
    if keys.is_empty() { Err(request.input().missing(member)) } else { Ok(keys) }
}

/// AWS's pattern is `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter)
}

/// The tags in a member of the request, for its permissions. The operation itself refuses values that are not strings.
pub(super) fn of_request(request: &Request, member: &str) -> Tags {
    let members = request.document.get(member).and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    members.into_iter().flatten().filter_map(text).collect()
}

/// The tag keys in a member of the request, for its permissions.
pub(super) fn keys_of_request(request: &Request, member: &str) -> Vec<String> {
    let items = request.document.get(member).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}
