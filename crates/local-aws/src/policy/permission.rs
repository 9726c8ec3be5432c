//! A permission that a request needs.

use std::collections::BTreeMap;

use crate::{request::Request, state::Tags};

/// An IAM action on a resource, with the condition keys of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The requested operation, such as `lambda:CreateFunction`.
    pub operation: String,
    /// The IAM action, which may differ from the operation: `iam:PassRole`.
    pub action: String,
    /// The resource's ARN, or `*` where the action has no resource.
    pub resource: String,
    /// Condition keys, in lower case, with their values.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Permission {
    /// A permission for `action` on `resource`, needed by `request`.
    pub(crate) fn new(request: &Request, action: impl Into<String>, resource: impl Into<String>) -> Self {
        let region = vec![request.region.clone()];
        Self {
            operation: format!("{}:{}", request.service.name(), request.operation),
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::from([("aws:requestedregion".to_owned(), region)]),
        }
    }

    /// A permission for the action with the operation's name.
    pub(crate) fn of_operation(request: &Request, resource: impl Into<String>) -> Self {
        Self::new(request, format!("{}:{}", request.service.name(), request.operation), resource)
    }

    /// Adds a condition key.
    pub(crate) fn with_key(mut self, key: &str, value: impl Into<String>) -> Self {
        self.context.insert(key.to_lowercase(), vec![value.into()]);
        self
    }

    /// Adds `aws:ResourceTag` for the tags of an existing resource.
    pub(crate) fn with_resource_tags(self, tags: Option<&Tags>) -> Self {
        let tags = tags.into_iter().flatten();
        tags.fold(self, |permission, (key, value)| permission.with_key(&format!("aws:resourcetag/{key}"), value))
    }

    /// Adds `aws:RequestTag` and `aws:TagKeys` for the tags that the request sets.
    pub(crate) fn with_request_tags(mut self, tags: &Tags) -> Self {
        for (key, value) in tags {
            self = self.with_key(&format!("aws:requesttag/{key}"), value);
        }
        self.with_tag_keys(tags.keys().cloned())
    }

    /// Adds `aws:TagKeys` for the tag keys that the request names.
    pub(crate) fn with_tag_keys(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        let keys: Vec<String> = keys.into_iter().collect();
        if !keys.is_empty() {
            self.context.insert("aws:tagkeys".to_owned(), keys);
        }
        self
    }
}
