//! The models as they are in `models/aws.json`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::pattern::Pattern;

/// The file, with the version of botocore that it was taken from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the file"))]
    botocore: String,
    services: BTreeMap<String, ServiceModel>,
}

/// One service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceModel {
    #[expect(dead_code, reason = "for those who read the file")]
    version: String,
    operations: BTreeMap<String, OperationModel>,
    /// HTTP status by code, where the model has one.
    pub errors: BTreeMap<String, u16>,
    shapes: BTreeMap<String, Shape>,
}

/// One operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationModel {
    /// `/2015-03-31/functions/{FunctionName}`
    pub uri: String,
    /// Shape of the input.
    pub input: Option<String>,
    /// Shape of the output.
    pub output: Option<String>,
    /// Codes that it may be refused with, beside those that all operations share.
    pub errors: Vec<String>,
}

/// What a value must be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Least length, number of items, or value.
    pub min: Option<i64>,
    /// Most of it.
    pub max: Option<i64>,
    pub pattern: Option<Pattern>,
    #[serde(default, rename = "enum")]
    pub choices: Vec<String>,
    #[serde(default)]
    pub required: Vec<String>,
    /// The member that is the whole body.
    pub payload: Option<String>,
    #[serde(default)]
    pub sensitive: bool,
    /// Of a list.
    pub member: Option<String>,
    /// Of a map.
    pub key: Option<String>,
    /// Of a map.
    pub value: Option<String>,
    /// Of a structure.
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

/// A structure's member: its shape, and where and under which name it travels when that is not the body and its own.
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
    /// Name of its shape.
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

    /// Its name on the wire; `name` is its own.
    pub(super) fn wire<'a>(&'a self, name: &'a str) -> &'a str {
        match self {
            Self::Plain(_) => name,
            Self::Located(_, _, wire) => wire,
        }
    }
}

impl ServiceModel {
    /// A shape that a shape of the same model names; the extraction took them together.
    pub(super) fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}

static MODELS: LazyLock<Models> = LazyLock::new(|| {
    // The file is compiled in, so it is either always readable or the tests of this module fail.
    serde_json::from_str(include_str!("../../models/aws.json")).expect("models/aws.json is what extract.py writes")
});

/// A service's model and an operation of it.
pub(super) fn find(service: &str, operation: &str) -> Option<(&'static ServiceModel, &'static OperationModel)> {
    let model = MODELS.services.get(service)?;
    Some((model, model.operations.get(operation)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn shapes_name_only_shapes_that_are_there() {
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

    /// What no check covers is named here, so that nothing is skipped in silence.
    #[test]
    fn every_pattern_is_checked_but_these() {
        let shapes = MODELS.services.iter().flat_map(|(service, model)| {
            model.shapes.iter().map(move |(name, shape)| (format!("{service} {name}"), shape))
        });
        let patterns: Vec<_> = shapes.filter_map(|(name, shape)| Some((name, shape.pattern.as_ref()?))).collect();
        assert!(patterns.len() > 50, "{} patterns", patterns.len());
        let unchecked: BTreeSet<_> =
            patterns.iter().filter(|(_, pattern)| !pattern.is_checked()).map(|(name, _)| name.as_str()).collect();
        // A look-behind. It is of a member that control refuses as not implemented.
        assert_eq!(unchecked, BTreeSet::from(["lambda S3Bucket"]));
    }
}
