//! What the function should be, what it is (GetFunction), and how the two differ.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::Result;
use aws_sdk_lambda::types::{Architecture, FunctionConfiguration, LogFormat, LoggingConfig, Runtime};
use serde_json::Value;

use crate::{
    aws::{Doing as _, none_if_not_found},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, Observed},
    names::{CODE_TAG, digest_hex},
    resources::Reader,
};

/// Handler of a custom runtime: by convention the name of the executable.
pub const HANDLER: &str = "bootstrap";

/// The zip that it runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// In Base64, as Lambda returns it.
    pub sha256: String,
    pub zip: Arc<Vec<u8>>,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({}, {} bytes)", self.sha256, self.zip.len())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
    /// ARN of the execution role.
    pub role: String,
    pub architecture: String,
    pub memory_mb: i32,
    pub timeout_s: i32,
    pub environment: BTreeMap<String, String>,
    pub log_group: String,
    /// Environments that are reserved for it. `None` takes them from the account's pool.
    pub reserved_concurrency: Option<i32>,
    /// `None` leaves the code out of the comparison.
    pub code: Option<Code>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// ARN of the execution role.
    pub role: String,
    pub runtime: String,
    pub handler: String,
    pub architecture: String,
    pub memory_mb: i32,
    pub timeout_s: i32,
    pub environment: BTreeMap<String, String>,
    pub log_group: String,
    /// Environments that are reserved for it.
    pub reserved_concurrency: Option<i32>,
    /// SHA-256 of its zip, in Base64.
    pub code_sha256: String,
    /// SHA-256 of the zip that we uploaded last, as a tag records it. It shows code that somebody else has uploaded,
    /// even without a package to compare with.
    pub code_tag: Option<String>,
    /// `Text` or `JSON`.
    pub log_format: String,
}

/// Reads everything with one call.
pub async fn observe(cx: Reader<'_>) -> Result<Observed<Actual>> {
    let name = cx.id.function();
    let answer = cx.aws.lambda.get_function().function_name(&name).send().await;
    let Some(answer) = none_if_not_found(answer).doing("reading function", &name)? else { return Ok(Observed::Absent) };
    let Some(config) = answer.configuration else { return Ok(Observed::Absent) };
    let reserved = answer.concurrency.and_then(|concurrency| concurrency.reserved_concurrent_executions);
    let tags = answer.tags.unwrap_or_default();
    let actual = actual(config, reserved, tags.get(CODE_TAG).cloned());
    Ok(Observed::by_tags(cx.id, actual, |key| tags.get(key).map(String::as_str)))
}

fn actual(config: FunctionConfiguration, reserved_concurrency: Option<i32>, code_tag: Option<String>) -> Actual {
    let logging = config.logging_config();
    let log_group = logging.and_then(LoggingConfig::log_group).unwrap_or_default().to_owned();
    let log_format = logging.and_then(LoggingConfig::log_format).unwrap_or(&LogFormat::Text).as_str().to_owned();
    let architecture = config.architectures().first().map_or("x86_64", Architecture::as_str).to_owned();
    Actual {
        role: config.role.unwrap_or_default(),
        runtime: config.runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        handler: config.handler.unwrap_or_default(),
        architecture,
        memory_mb: config.memory_size.unwrap_or_default(),
        timeout_s: config.timeout.unwrap_or_default(),
        environment: config.environment.and_then(|env| env.variables).unwrap_or_default().into_iter().collect(),
        log_group,
        log_format,
        reserved_concurrency,
        code_sha256: config.code_sha256.unwrap_or_default(),
        code_tag,
    }
}

/// Without a package the code is compared with what we uploaded last.
pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let mut diff = Diff::default()
        .field("role", &desired.role, actual.map(|actual| &actual.role))
        .field("runtime", Runtime::Providedal2023.as_str(), actual.map(|actual| actual.runtime.as_str()))
        .field("handler", HANDLER, actual.map(|actual| actual.handler.as_str()))
        .field("architecture", &desired.architecture, actual.map(|actual| &actual.architecture))
        .field("memory_mb", desired.memory_mb, actual.map(|actual| actual.memory_mb))
        .field("timeout_s", desired.timeout_s, actual.map(|actual| actual.timeout_s))
        .field("log_group", &desired.log_group, actual.map(|actual| &actual.log_group))
        .field("log_format", LogFormat::Text.as_str(), actual.map(|actual| actual.log_format.as_str()))
        .field("reserved_concurrency", desired.reserved_concurrency, actual.map(|actual| actual.reserved_concurrency));
    let none = BTreeMap::new();
    let actual_environment = actual.map_or(&none, |actual| &actual.environment);
    let names: BTreeSet<&String> = desired.environment.keys().chain(actual_environment.keys()).collect();
    for name in names {
        let (wanted, there) = (desired.environment.get(name), actual_environment.get(name));
        if wanted != there {
            // A value may be a secret, so the plan shows only a digest.
            diff = diff.with(&format!("environment.{name}"), digest(wanted), digest(there));
        }
    }
    let uploaded = actual.and_then(|actual| actual.code_tag.as_ref());
    match (desired.code.as_ref().map(|code| &code.sha256), actual) {
        (Some(wanted), actual) => diff.field("code", wanted, actual.map(|actual| &actual.code_sha256)).field(
            CODE_TAG_FIELD,
            Some(wanted),
            actual.map(|_| uploaded),
        ),
        (None, Some(actual)) => match uploaded {
            Some(uploaded) => diff.field("code", uploaded, Some(&actual.code_sha256)),
            None => diff,
        },
        (None, None) => diff.field("code", KNOWN_AFTER_APPLY, None),
    }
    .done()
}

fn digest(value: Option<&String>) -> Value {
    value.map_or(Value::Null, |value| Value::String(format!("sha256:{}…", digest_hex(value, 4))))
}

/// The tag that records the digest of the code, as a field.
pub(super) const CODE_TAG_FIELD: &str = "tags.deployer:code";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        change::Step,
        resources::function::reconcile::{CODE_FIELDS, CONFIG_FIELDS},
        testing::fields,
    };

    fn desired() -> Desired {
        Desired {
            name: "f".into(),
            role: "arn:role".into(),
            architecture: "x86_64".into(),
            memory_mb: 1024,
            timeout_s: 15,
            environment: BTreeMap::from([("A".into(), "1".into())]),
            log_group: "/aws/lambda/f".into(),
            reserved_concurrency: None,
            code: Some(Code { sha256: "abc=".into(), zip: Arc::default() }),
        }
    }

    fn actual() -> Actual {
        Actual {
            role: "arn:role".into(),
            runtime: "provided.al2023".into(),
            handler: "bootstrap".into(),
            architecture: "x86_64".into(),
            memory_mb: 1024,
            timeout_s: 15,
            environment: BTreeMap::from([("A".into(), "1".into())]),
            log_group: "/aws/lambda/f".into(),
            reserved_concurrency: None,
            code_sha256: "abc=".into(),
            code_tag: Some("abc=".into()),
            log_format: "Text".into(),
        }
    }

    #[test]
    fn the_same_is_no_diff() {
        assert_eq!(diff(&desired(), Some(&actual())), []);
    }

    #[test]
    fn each_field_is_one_diff_and_belongs_to_one_call() {
        let cases = [
            ("role", Actual { role: "x".into(), ..actual() }),
            ("runtime", Actual { runtime: "python3.7".into(), ..actual() }),
            ("handler", Actual { handler: "x".into(), ..actual() }),
            ("architecture", Actual { architecture: "arm64".into(), ..actual() }),
            ("memory_mb", Actual { memory_mb: 128, ..actual() }),
            ("timeout_s", Actual { timeout_s: 3, ..actual() }),
            ("log_group", Actual { log_group: "x".into(), ..actual() }),
            ("reserved_concurrency", Actual { reserved_concurrency: Some(0), ..actual() }),
            ("environment.A", Actual { environment: BTreeMap::new(), ..actual() }),
            ("code", Actual { code_sha256: "x".into(), ..actual() }),
            (CODE_TAG_FIELD, Actual { code_tag: None, ..actual() }),
            ("log_format", Actual { log_format: "JSON".into(), ..actual() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), Some(&changed));
            assert_eq!(fields(&found), [field]);
            let step = Step::Update(changed, found);
            let calls = [&CODE_FIELDS[..], &CONFIG_FIELDS[..], &["reserved_concurrency"], &[CODE_TAG_FIELD]];
            assert_eq!(calls.iter().filter(|fields| step.differs(fields)).count(), 1, "{field}");
        }
    }

    #[test]
    fn values_of_the_environment_are_not_shown() {
        let changed = Actual { environment: BTreeMap::from([("A".into(), "hunter2".into())]), ..actual() };
        let shown = format!("{:?}", diff(&desired(), Some(&changed)));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn without_a_package_the_code_is_compared_with_what_was_uploaded_last() {
        let desired = Desired { code: None, ..desired() };
        assert_eq!(diff(&desired, Some(&actual())), []);
        let replaced = Actual { code_sha256: "x".into(), ..actual() };
        assert_eq!(diff(&desired, Some(&replaced))[0].field, "code");
        assert_eq!(diff(&desired, Some(&Actual { code_tag: None, ..replaced })), []);
    }
}
