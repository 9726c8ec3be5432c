//! Which fields of a resource differ from what they should be.

use serde::Serialize;
use serde_json::Value;

/// One field that differs. Values are shown as JSON; a secret is never one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDiff {
    /// Path within the resource, in deploy.toml's or AWS's words: `memory_mb`, `tags.deployer:stack`.
    pub field: String,
    /// What it should be; `null` when it should not be there.
    pub desired: Value,
    /// What it is; `null` when it is not there.
    pub actual: Value,
}

/// Collects the fields that differ. Of a resource that is not there every desired field does.
#[derive(Debug, Default)]
pub struct Diff(Vec<FieldDiff>);

impl Diff {
    /// Compares one field; `actual` is none where the resource is not there.
    #[must_use]
    pub fn field<T: PartialEq + Serialize>(self, field: &str, desired: T, actual: Option<T>) -> Self {
        match actual {
            Some(actual) if desired == actual => self,
            actual => self.with(field, value(desired), value(actual)),
        }
    }

    /// Compares one field in which order means nothing.
    #[must_use]
    pub fn set(self, field: &str, desired: &[String], actual: Option<&[String]>) -> Self {
        self.field(field, sorted(desired), actual.map(sorted))
    }

    /// Adds a field that differs, unless both sides have nothing.
    #[must_use]
    pub fn with(mut self, field: &str, desired: Value, actual: Value) -> Self {
        if !(desired.is_null() && actual.is_null()) {
            self.0.push(FieldDiff { field: field.to_owned(), desired, actual });
        }
        self
    }

    /// The result.
    pub fn done(self) -> Vec<FieldDiff> {
        self.0
    }
}

/// As JSON. What is compared are strings, numbers, lists and documents, which all have a form in it.
fn value(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// In order, without repetition: how sets are compared.
pub fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort();
    values.dedup();
    values
}

/// What stands for an id in a plan when only apply will learn it.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";
