//! From the file to a [`Config`]: every field against AWS's rules, before anything is sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use classifier::{Color, Filter, Preprocess};

use super::{
    ApiConfig, Architecture, AuthConfig, Config, FunctionConfig, ModelConfig,
    raw::{At, Section, did_you_mean},
    rules,
};

/// Lambda's limit on all variables together, in bytes.
const ENVIRONMENT_BYTES: usize = 4096;
/// Cognito's limit on the scopes of one client.
const SCOPES: usize = 50;

/// Where a file lies, and for which stage it is read.
pub(super) struct Place<'a> {
    pub path: &'a Path,
    pub root: &'a Path,
    pub stage: &'a str,
}

/// Reads everything. What is wrong goes to the report that the section belongs to; the result then means nothing.
pub(super) fn config(top: &Section<'_>, place: &Place<'_>) -> Config {
    top.only(&["name", "region", "model", "preprocess", "function", "auth", "api"]);
    let name = required(top, "name");
    check(top, "name", &name, rules::name);
    let region = top.string("region");
    if let Some(region) = &region {
        check(top, "region", region, rules::region);
    }
    let auth = auth(&top.table("auth", "auth"));
    if auth.domain.is_none()
        && let Some(word) = rules::reserved_in_domain(&format!("{}-{}", name.value, place.stage))
    {
        let text = format_args!(
            "and the stage would put the reserved word \"{word}\" into the token domain; set domain in [auth]"
        );
        top.problem(name.line, "name", text);
    }
    Config {
        path: place.path.to_owned(),
        root: place.root.to_owned(),
        name: name.value,
        stage: place.stage.to_owned(),
        region: region.map(|region| region.value),
        model: model(&top.table("model", "model"), place.root),
        preprocess: preprocess(&top.table("preprocess", "preprocess")),
        function: function(&top.table("function", "function"), place.root),
        auth,
        api: api(&top.table("api", "api")),
    }
}

fn model(section: &Section<'_>, root: &Path) -> ModelConfig {
    section.only(&["path", "labels", "top_k"]);
    let path = required(section, "path");
    let known = [".onnx", ".tflite"].iter().any(|extension| path.value.ends_with(extension));
    if known {
        file(section, "path", &path, root);
    } else if !path.value.is_empty() {
        section.problem(path.line, "path", "must end in .onnx or .tflite");
    }
    let labels = section.string("labels");
    ModelConfig {
        path: root.join(&path.value),
        labels: labels.map(|labels| file(section, "labels", &labels, root)),
        top_k: section.integer("top_k", 1..=1000).map_or(5, |top_k| top_k.value as usize),
    }
}

fn preprocess(section: &Section<'_>) -> Preprocess {
    section.only(&["size", "color", "filter", "invert", "scale", "mean", "std", "softmax"]);
    let default = Preprocess::default();
    let size = section.integers("size").and_then(|sides| {
        let side = |side: &At<i64>| u32::try_from(side.value).ok().filter(|pixels| (1..=4096).contains(pixels));
        let pair = match &sides[..] {
            [width, height] => side(width).zip(side(height)),
            _ => None,
        };
        if pair.is_none() {
            section.problem(section.key_line("size"), "size", "must be [width, height], each 1 to 4096");
        }
        pair.map(|(width, height)| [width, height])
    });
    let color = [("L", Color::L), ("RGB", Color::Rgb)];
    let filter = [
        ("nearest", Filter::Nearest),
        ("box", Filter::Box),
        ("bilinear", Filter::Bilinear),
        ("hamming", Filter::Hamming),
        ("bicubic", Filter::Bicubic),
        ("lanczos", Filter::Lanczos),
    ];
    let scale = section.number("scale").filter(|scale| {
        let useful = scale.value != 0.0;
        if !useful {
            section.problem(scale.line, "scale", "must not be 0");
        }
        useful
    });
    Preprocess {
        size,
        color: choice(section, "color", &color),
        filter: choice(section, "filter", &filter).unwrap_or_default(),
        invert: section.boolean("invert").is_some_and(|invert| invert.value),
        scale: scale.map_or(default.scale, |scale| scale.value as f32),
        mean: channels(section, "mean", |_| true),
        std: channels(section, "std", |std| std != 0.0),
        softmax: section.boolean("softmax").map(|softmax| softmax.value),
    }
}

/// Numbers per channel: none, one for all, or three.
fn channels(section: &Section<'_>, key: &str, good: fn(f64) -> bool) -> Vec<f32> {
    let Some(values) = section.numbers(key) else { return Vec::new() };
    if !matches!(values.len(), 0 | 1 | 3) {
        section.problem(section.key_line(key), key, "must hold one number, or one for each of three channels");
    }
    if let Some(bad) = values.iter().find(|number| !good(number.value)) {
        section.problem(bad.line, key, "must not hold 0");
    }
    values.iter().map(|number| number.value as f32).collect()
}

fn function(section: &Section<'_>, root: &Path) -> FunctionConfig {
    section.only(&[
        "memory_mb",
        "timeout_s",
        "architecture",
        "log_retention_days",
        "reserved_concurrency",
        "environment",
        "bootstrap",
    ]);
    let timeout_s = section.integer("timeout_s", 1..=900);
    if let Some(timeout) = timeout_s.as_ref().filter(|timeout| timeout.value > 29) {
        section.problem(timeout.line, "timeout_s", "must be at most 29, for API Gateway waits no longer");
    }
    let retention = section.integer("log_retention_days", 1..=3653);
    if let Some(days) = retention.as_ref().filter(|days| !rules::RETENTION_DAYS.contains(&days.value)) {
        let allowed: Vec<String> = rules::RETENTION_DAYS.iter().map(u32::to_string).collect();
        section.problem(days.line, "log_retention_days", format_args!("must be one of {}", allowed.join(", ")));
    }
    let architecture = [("x86_64", Architecture::X86_64), ("arm64", Architecture::Arm64)];
    let bootstrap = section.string("bootstrap");
    FunctionConfig {
        memory_mb: section.integer("memory_mb", 128..=10_240).map_or(1024, |memory| memory.value),
        timeout_s: timeout_s.map_or(15, |timeout| timeout.value),
        architecture: choice(section, "architecture", &architecture).unwrap_or(Architecture::X86_64),
        log_retention_days: retention.map_or(14, |days| days.value),
        reserved_concurrency: section.integer("reserved_concurrency", 1..=100_000).map(|reserved| reserved.value),
        environment: environment(&section.table("environment", "function.environment")),
        bootstrap: bootstrap.map(|bootstrap| file(section, "bootstrap", &bootstrap, root)),
    }
}

fn environment(section: &Section<'_>) -> BTreeMap<String, String> {
    let entries = section.entries();
    let bytes: usize = entries.iter().map(|(name, value)| name.len() + value.value.len()).sum();
    if let Some((name, value)) = entries.last().filter(|_| bytes > ENVIRONMENT_BYTES) {
        let text = format_args!("is where the variables exceed Lambda's 4 KB: {bytes} bytes in all");
        section.problem(value.line, name, text);
    }
    for (name, value) in &entries {
        if let Err(text) = rules::environment_name(name) {
            section.problem(value.line, name, text);
        }
    }
    entries.into_iter().map(|(name, value)| (name, value.value)).collect()
}

fn auth(section: &Section<'_>) -> AuthConfig {
    section.only(&["domain", "resource_server", "scopes", "token_minutes", "deletion_protection"]);
    let domain = section.string("domain");
    if let Some(domain) = &domain {
        check(section, "domain", domain, rules::domain);
    }
    let resource_server = section.string("resource_server");
    if let Some(identifier) = &resource_server {
        check(section, "resource_server", identifier, rules::resource_server);
    }
    let scopes = section.strings("scopes");
    if let Some(scopes) = &scopes {
        let line = section.key_line("scopes");
        if scopes.is_empty() || scopes.len() > SCOPES {
            section.problem(line, "scopes", format_args!("must hold 1 to {SCOPES} scopes, the limit of an app client"));
        }
        let mut seen = BTreeSet::new();
        for scope in scopes {
            check(section, "scopes", scope, rules::scope);
            if !seen.insert(&scope.value) {
                section.problem(scope.line, "scopes", format_args!("holds \"{}\" twice", scope.value));
            }
        }
    }
    let names = |scopes: Vec<At<String>>| scopes.into_iter().map(|scope| scope.value).collect();
    AuthConfig {
        domain: domain.map(|domain| domain.value),
        resource_server: resource_server.map_or_else(|| "predict-api".to_owned(), |identifier| identifier.value),
        scopes: scopes.map_or_else(|| vec!["predict".to_owned()], names),
        token_minutes: section.integer("token_minutes", 5..=1440).map_or(60, |minutes| minutes.value),
        deletion_protection: section.boolean("deletion_protection").is_some_and(|protection| protection.value),
    }
}

fn api(section: &Section<'_>) -> ApiConfig {
    section.only(&["binary_media_types", "throttle_rate", "throttle_burst"]);
    let media_types = section.strings("binary_media_types");
    if let Some(types) = &media_types {
        if types.is_empty() {
            let text = "must not be empty: an image that is passed as text is corrupted";
            section.problem(section.key_line("binary_media_types"), "binary_media_types", text);
        }
        for media_type in types {
            check(section, "binary_media_types", media_type, rules::media_type);
        }
    }
    let throttle_rate = section.number("throttle_rate");
    if let Some(rate) = throttle_rate.as_ref().filter(|rate| rate.value <= 0.0) {
        section.problem(rate.line, "throttle_rate", "must be more than 0 requests a second");
    }
    let names = |types: Vec<At<String>>| types.into_iter().map(|media_type| media_type.value).collect();
    ApiConfig {
        binary_media_types: media_types.map_or_else(|| vec!["*/*".to_owned()], names),
        throttle_rate: throttle_rate.map(|rate| rate.value),
        throttle_burst: section.integer("throttle_burst", 1..=i32::MAX as u32).map(|burst| burst.value),
    }
}

/// A string that must be there; empty stands for it once its absence is reported.
fn required(section: &Section<'_>, key: &str) -> At<String> {
    let line = section.key_line(key);
    if !section.has(key) {
        section.missing(key);
    }
    section.string(key).unwrap_or(At { value: String::new(), line })
}

/// Applies a rule to a value. One that is absent or of another type is reported already.
fn check(section: &Section<'_>, key: &str, value: &At<String>, rule: fn(&str) -> Result<(), String>) {
    if !section.has_string_or_list(key) {
        return;
    }
    if let Err(text) = rule(&value.value) {
        section.problem(value.line, key, text);
    }
}

/// The path of a file that must exist, relative to deploy.toml.
fn file(section: &Section<'_>, key: &str, value: &At<String>, root: &Path) -> PathBuf {
    let path = root.join(&value.value);
    match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => section.problem(value.line, key, format_args!("must be a file, which \"{}\" is not", value.value)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            section.problem(value.line, key, format_args!("names \"{}\", which does not exist", value.value));
        }
        Err(error) => section.problem(value.line, key, format_args!("names \"{}\": {error}", value.value)),
    }
    path
}

/// One of a few words.
fn choice<T: Copy>(section: &Section<'_>, key: &str, choices: &[(&str, T)]) -> Option<T> {
    let value = section.string(key)?;
    let found = choices.iter().find(|(word, _)| *word == value.value).map(|(_, choice)| *choice);
    if found.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let meant = did_you_mean(&value.value, &words);
        section.problem(value.line, key, format_args!("must be one of {}{meant}", words.join(", ")));
    }
    found
}
