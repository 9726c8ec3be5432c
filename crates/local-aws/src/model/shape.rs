//! The data structures of `models/aws.json`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::pattern::Pattern;

/// The whole file, with the version of botocore that it was extracted from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    #[cfg_attr(not(test), expect(dead_code, reason = "documents the file"))]
    botocore: String,
    services: BTreeMap<String, ServiceModel>,
}

/// One service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceModel {
    #[expect(dead_code, reason = "documents the file")]
    version: String,
    operations: BTreeMap<String, OperationModel>,
    /// HTTP status by error code, where the model has one.
    pub errors: BTreeMap<String, u16>,
    shapes: BTreeMap<String, Shape>,
}

/// One operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationModel {
    /// For example `/2015-03-31/functions/{FunctionName}`.
    pub uri: String,
    /// Name of the input's shape.
    pub input: Option<String>,
    /// Name of the output's shape.
    pub output: Option<String>,
    /// Declared error codes, without those that all operations share.
    pub errors: Vec<String>,
}

/// The type of a value, with its constraints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Minimum length, number of items, or value.
    pub min: Option<i64>,
    /// Maximum length, number of items, or value.
    pub max: Option<i64>,
    pub pattern: Option<Pattern>,
    #[serde(default, rename = "enum")]
    pub choices: Vec<String>,
    #[serde(default)]
    pub required: Vec<String>,
    /// The name of the member that is the whole body.
    pub payload: Option<String>,
    #[serde(default)]
    pub sensitive: bool,
    /// Shape of a list's items.
    pub member: Option<String>,
    /// Shape of a map's keys.
    pub key: Option<String>,
    /// Shape of a map's values.
    pub value: Option<String>,
    /// Members of a structure.
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Blob,
    Boolean,
    Double,
    Float,
    Integer,
    List,
    Long,
    Map,
    String,
    Structure,
    Timestamp,
}

/// A member of a structure: its shape, and its location and wire name unless it is in the body under its own name.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Member {
    Plain(String),
    Located(String, Location, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Location {
    Body,
    Header,
    Headers,
    Querystring,
    #[serde(rename = "statusCode")]
    StatusCode,
    Uri,
}

impl Member {
    /// The name of the member's shape.
    pub(super) fn shape(&self) -> &str {
        match self {
            Self::Plain(shape) | Self::Located(shape, ..) => shape,
        }
    }

    pub(super) fn location(&self) -> Location {
        match self {
            Self::Plain(_) => Location::Body,
            Self::Located(_, location, _) => *location,
        }
    }

    /// The member's name on the wire; `name` is its name in the model.
    pub(super) fn wire<'a>(&'a self, name: &'a str) -> &'a str {
        match self {
            Self::Plain(_) => name,
            Self::Located(_, _, wire) => wire,
        }
    }
}

impl ServiceModel {
    /// The shape of that name. Every shape that the model refers to exists.
    pub(super) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}

static MODELS: LazyLock<Models> = LazyLock::new(|| {
    // The file is compiled in: if it were not valid, the tests of this module would fail.
    serde_json::from_str(include_str!("../../models/aws.json")).expect("models/aws.json has the format of extract.py")
});

/// The models of a service and of one of its operations.
pub(super) fn find(service: &str, operation: &str) -> Option<(&'static ServiceModel, &'static OperationModel)> {
    let model = MODELS.services.get(service)?;
    Some((model, model.operations.get(operation)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn shapes_refer_only_to_existing_shapes() {
        assert!(!MODELS.botocore.is_empty());
        for (service, model) in &MODELS.services {
            let roots = model.operations.values().flat_map(|operation| [&operation.input, &operation.output]).flatten();
            let parts = model.shapes.values().flat_map(|shape| {
                let members = shape.members.values().map(Member::shape);
                members.chain([&shape.member, &shape.key, &shape.value].into_iter().flatten().map(String::as_str))
            });
            for name in roots.map(String::as_str).chain(parts) {
                assert!(model.shape(name).is_some(), "{service}: {name}");
            }
        }
    }

    /// Patterns that are not checked are listed here, so that none is skipped silently.
    #[test]
    fn all_patterns_except_these_are_checked() {
        let shapes = MODELS.services.iter().flat_map(|(service, model)| {
            model.shapes.iter().map(move |(name, shape)| (format!("{service} {name}"), shape))
        });
        let patterns: Vec<_> = shapes.filter_map(|(name, shape)| Some((name, shape.pattern.as_ref()?))).collect();
        assert!(patterns.len() > 50, "{} patterns", patterns.len());
        let unchecked: BTreeSet<_> =
            patterns.iter().filter(|(_, pattern)| !pattern.is_checked()).map(|(name, _)| name.as_str()).collect();
        // It has a look-behind. The operation refuses this member as not implemented.
        assert_eq!(unchecked, BTreeSet::from(["lambda S3Bucket"]));
    }
}
