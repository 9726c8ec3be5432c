//! Which fields of a resource differ from what they should be.

use serde::Serialize;
use serde_json::Value;

/// One field that differs, with its values as JSON. A value is never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDiff {
    /// Path within the resource, in our terms or AWS's: `memory_mb`, `tags.deployer:stack`.
    pub field: String,
    /// `null` where it should not exist.
    pub desired: Value,
    /// `null` where it does not exist.
    pub actual: Value,
}

/// Collects the fields that differ. Where the resource does not exist, every desired field differs.
#[derive(Debug, Default)]
pub struct Diff(Vec<FieldDiff>);

impl Diff {
    /// Compares one field. `actual` is none where the resource does not exist.
    #[must_use]
    pub fn field<T: PartialEq + Serialize>(self, field: &str, desired: T, actual: Option<T>) -> Self {
        match actual {
            Some(actual) if desired == actual => self,
            actual => self.with(field, value(desired), value(actual)),
        }
    }

    /// Compares one field, a list whose order does not matter.
    #[must_use]
    pub fn set(self, field: &str, desired: &[String], actual: Option<&[String]>) -> Self {
        self.field(field, sorted(desired), actual.map(sorted))
    }

    /// Adds a field that differs, unless both values are null.
    #[must_use]
    pub fn with(mut self, field: &str, desired: Value, actual: Value) -> Self {
        if !(desired.is_null() && actual.is_null()) {
            self.0.push(FieldDiff { field: field.to_owned(), desired, actual });
        }
        self
    }

    pub fn done(self) -> Vec<FieldDiff> {
        self.0
    }
}

/// Everything that is compared (strings, numbers, lists, documents) has a form in JSON.
fn value(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Sorted and without duplicates, which is how sets are compared.
pub fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort();
    values.dedup();
    values
}

/// Placeholder in a plan for an id that AWS assigns during apply.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";
