//! Tags: the rules that all services share.

use std::collections::BTreeMap;

use crate::{protocol::ApiError, state::Tags};

/// Tags that a resource may have at most.
const MOST: usize = 50;

/// Adds `new` to `tags`; `refuse` makes the service's own error of a bad tag, `too_many` that of one more than fits.
pub(super) fn add(
    tags: &mut Tags,
    new: BTreeMap<String, String>,
    refuse: impl Fn(String) -> ApiError,
    too_many: impl Fn(String) -> ApiError,
) -> Result<(), ApiError> {
    for (key, value) in new {
        let length = key.chars().count();
        if length == 0 || length > 128 {
            return Err(refuse(format!("tag key {key:?} must have 1 to 128 characters")));
        }
        if value.chars().count() > 256 {
            return Err(refuse(format!("the value of tag {key:?} must have at most 256 characters")));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(refuse("aws: prefixed tag key names are not allowed for external use.".to_owned()));
        }
        if !key.chars().chain(value.chars()).all(is_allowed) {
            return Err(refuse(format!("tag {key:?} has characters that tags may not have")));
        }
        tags.insert(key, value);
    }
    if tags.len() > MOST {
        return Err(too_many(format!("a resource may have at most {MOST} tags")));
    }
    Ok(())
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter)
}
