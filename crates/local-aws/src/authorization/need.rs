//! One thing that a call needs permission for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{control::Call, state::Tags};

/// An action on a resource, and what is known of both when AWS decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The operation that was called: `lambda:CreateFunction`.
    pub operation: String,
    /// The IAM action, which may be another one: `iam:PassRole`.
    pub action: String,
    /// ARN, or `*` where the action has no resource.
    pub resource: String,
    /// Condition keys in lower case, with their values.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Need {
    /// Of a call.
    pub(super) fn new(call: &Call, service: &str, action: impl Into<String>, resource: impl Into<String>) -> Self {
        let region = vec![call.region.clone()];
        Self {
            operation: format!("{service}:{}", call.operation),
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::from([("aws:requestedregion".to_owned(), region)]),
        }
    }

    /// With a condition key.
    pub(super) fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.insert(key.to_lowercase(), vec![value.into()]);
        self
    }

    /// On a resource that has these tags, if it is there.
    pub(super) fn tagged(self, tags: Option<&Tags>) -> Self {
        let tags = tags.into_iter().flatten();
        tags.fold(self, |need, (key, value)| need.with(&format!("aws:resourcetag/{key}"), value))
    }

    /// In a request that sets these tags.
    pub(super) fn tagging(mut self, tags: &Tags) -> Self {
        for (key, value) in tags {
            self = self.with(&format!("aws:requesttag/{key}"), value);
        }
        self.keys(tags.keys().cloned())
    }

    /// In a request that names these tag keys.
    pub(super) fn keys(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        let keys: Vec<String> = keys.into_iter().collect();
        if !keys.is_empty() {
            self.context.insert("aws:tagkeys".to_owned(), keys);
        }
        self
    }
}

/// A member of the request that is text; one that is not is the operation's to refuse.
pub(super) fn text<'a>(call: &'a Call, name: &str) -> &'a str {
    call.document.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Tags in the request, as a map of text.
pub(super) fn tags(call: &Call, name: &str) -> Tags {
    let members = call.document.get(name).and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    members.into_iter().flatten().filter_map(text).collect()
}

/// Tag keys in the request.
pub(super) fn keys(call: &Call, name: &str) -> Vec<String> {
    let items = call.document.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}
