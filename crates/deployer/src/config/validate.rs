//! Turns the file into a [`Config`]: checks every field against AWS's rules, before anything is sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use classifier::Activation;

use super::{
    checked::{ApiConfig, Architecture, AuthConfig, Config, FunctionConfig, ModelConfig},
    flags::Flags,
    preprocess,
    raw::{At, Section, choice},
    rules,
};

/// Cognito's limit on the scopes of one client. The limit of a resource server is 100, so this one is reached first.
const SCOPES: usize = 50;
/// The default scope.
const SCOPE: &str = "predict";
/// The largest value of API Gateway's and Lambda's 32-bit integers.
const INTEGER: u32 = i32::MAX as u32;

/// Reads every section. Problems go to the report of the section; if there are any, the result is meaningless.
pub(super) fn config(top: &Section<'_>, path: &Path, flags: &Flags<'_>) -> Config {
    let root = path.parent().unwrap_or(path);
    top.only(&["name", "region", "model", "preprocess", "function", "auth", "api"]);
    let name = required(top, "name");
    check(top, "name", &name, rules::name);
    let region = top.string("region");
    if let Some(region) = &region {
        check(top, "region", region, |code| match flags.region {
            // --region takes precedence, but a wrong code in the file is reported all the same.
            Some(_) => rules::region(code),
            None => rules::stack_region(&name.value, flags.stage, code),
        });
    }
    let auth = auth(&top.table("auth", "auth"));
    // A hyphen joins name and stage, and no reserved word has one.
    if auth.domain.is_none()
        && let Some(word) = rules::reserved_in_domain(&name.value)
    {
        let text = format_args!("would put the reserved word \"{word}\" into the token domain; set domain in [auth]");
        top.problem(name.line, "name", text);
    }
    if auth.domain.is_none()
        && let Some(word) = rules::reserved_in_domain(flags.stage)
    {
        top.elsewhere(format_args!(
            "--stage \"{}\" would put the reserved word \"{word}\" into the token domain; set domain in [auth]",
            flags.stage
        ));
    }
    let function = function(&top.table("function", "function"), root);
    let api_section = top.table("api", "api");
    let api = api(&api_section);
    let mut environment = function.environment.clone();
    environment.extend(api.cors_variable());
    if let (Err(text), Ok(())) = (rules::environment(&environment), rules::environment(&function.environment)) {
        let text = format_args!("is too long: with it, the function's environment {text}");
        api_section.problem(api_section.key_line("cors_origins"), "cors_origins", text);
    }
    Config {
        path: path.to_owned(),
        root: root.to_owned(),
        name: name.value,
        stage: flags.stage.to_owned(),
        region: flags.region.map(str::to_owned).or(region.map(|region| region.value)),
        model: model(&top.table("model", "model"), root, flags.engine),
        preprocess: preprocess::config(&top.table("preprocess", "preprocess")),
        function,
        auth,
        api,
    }
}

fn model(section: &Section<'_>, root: &Path, engine: classifier::Engine) -> ModelConfig {
    section.only(&["path", "labels", "top_k", "output", "activation"]);
    let path = required(section, "path");
    // The file's bytes tell its format once it is read.
    if section.has_string("path") {
        file(section, "path", &path, root);
    }
    let labels = section.string("labels");
    let activation = [("softmax", Activation::Softmax), ("sigmoid", Activation::Sigmoid), ("none", Activation::None)];
    ModelConfig {
        path: root.join(&path.value),
        // The number of labels is checked once the model is loaded.
        labels: labels.map(|labels| file(section, "labels", &labels, root)),
        top_k: section.integer("top_k", 1..=1000).map_or(5, |top_k| top_k.value as usize),
        output: section.string("output").map(|output| output.value),
        activation: choice(section, "activation", &activation),
        engine,
    }
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
    // Lambda would allow 900.
    let timeout_s = section.integer_because("timeout_s", 1..=29, ", because API Gateway waits no longer");
    let retention = section.integer("log_retention_days", 1..=3653);
    if let Some(days) = retention.as_ref().filter(|days| !rules::RETENTION_DAYS.contains(&days.value)) {
        let allowed: Vec<String> = rules::RETENTION_DAYS.iter().map(u32::to_string).collect();
        section.problem(days.line, "log_retention_days", format_args!("must be one of {}", allowed.join(", ")));
    }
    // 0 would disable the function. The maximum depends on the account, which must keep 100 unreserved.
    let reserved_concurrency = section.integer("reserved_concurrency", 1..=INTEGER);
    let architecture = [("x86_64", Architecture::X86_64), ("arm64", Architecture::Arm64)];
    let bootstrap = section.string("bootstrap");
    FunctionConfig {
        // The model's maximum of 32,768 is for functions on managed instances.
        memory_mb: section.integer("memory_mb", 128..=10_240).map_or(1024, |memory| memory.value),
        timeout_s: timeout_s.map_or(15, |timeout| timeout.value),
        architecture: choice(section, "architecture", &architecture).unwrap_or(Architecture::X86_64),
        log_retention_days: retention.map_or(14, |days| days.value),
        reserved_concurrency: reserved_concurrency.map(|reserved| reserved.value),
        environment: environment(section),
        bootstrap: bootstrap.map(|bootstrap| file(section, "bootstrap", &bootstrap, root)),
    }
}

fn environment(function: &Section<'_>) -> BTreeMap<String, String> {
    let section = function.table("environment", "function.environment");
    let mut variables = BTreeMap::new();
    for (name, value) in section.entries() {
        let rules = [rules::environment_name(&name), rules::environment_value(&value.value)];
        for text in rules.into_iter().filter_map(Result::err) {
            section.problem(value.line, &name, text);
        }
        variables.insert(name, value.value);
    }
    if let Err(text) = rules::environment(&variables) {
        function.problem(function.key_line("environment"), "environment", text);
    }
    variables
}

fn auth(section: &Section<'_>) -> AuthConfig {
    section.only(&["domain", "resource_server", "scopes", "token_minutes", "deletion_protection"]);
    let domain = section.string("domain");
    if let Some(domain) = &domain {
        check(section, "domain", domain, rules::domain);
    }
    let line = section.key_line("resource_server");
    let server = section.string("resource_server").unwrap_or(At { value: "predict-api".to_owned(), line });
    check(section, "resource_server", &server, rules::resource_server);
    let scopes = section.strings("scopes");
    // If the identifier is too long, so is every scope; one problem is enough.
    let full = |scope: &str| match rules::resource_server(&server.value) {
        Ok(()) => rules::full_scope(&server.value, scope),
        Err(_) => Ok(()),
    };
    match &scopes {
        None => check(section, "resource_server", &server, |_| full(SCOPE)),
        Some(scopes) => {
            if scopes.is_empty() || scopes.len() > SCOPES {
                let text = format_args!("must contain 1 to {SCOPES} scopes, the limit of an app client");
                section.problem(section.key_line("scopes"), "scopes", text);
            }
            let mut seen = BTreeSet::new();
            for scope in scopes {
                check(section, "scopes", scope, |name| rules::scope(name).and_then(|()| full(name)));
                if !seen.insert(&scope.value) {
                    section.problem(scope.line, "scopes", format_args!("contains {:?} twice", scope.value));
                }
            }
        }
    }
    let names = |scopes: Vec<At<String>>| scopes.into_iter().map(|scope| scope.value).collect();
    AuthConfig {
        domain: domain.map(|domain| domain.value),
        resource_server: server.value,
        scopes: scopes.map_or_else(|| vec![SCOPE.to_owned()], names),
        // Cognito allows 5 minutes to one day.
        token_minutes: section.integer("token_minutes", 5..=1440).map_or(60, |minutes| minutes.value),
        deletion_protection: section.boolean("deletion_protection").is_some_and(|protection| protection.value),
    }
}

fn api(section: &Section<'_>) -> ApiConfig {
    section.only(&["binary_media_types", "cors_origins", "throttle_rate", "throttle_burst"]);
    let media_types = section.strings("binary_media_types");
    if let Some(types) = &media_types {
        if types.is_empty() {
            let text = "must not be empty: an image that is passed as text is corrupted";
            section.problem(section.key_line("binary_media_types"), "binary_media_types", text);
        }
        let mut seen = BTreeSet::new();
        for media_type in types {
            check(section, "binary_media_types", media_type, rules::media_type);
            // API Gateway drops repetitions, so every plan would show a difference.
            if !seen.insert(media_type.value.to_ascii_lowercase()) {
                section.problem(
                    media_type.line,
                    "binary_media_types",
                    format_args!("contains {:?} twice", media_type.value),
                );
            }
        }
    }
    let cors_origins = section.strings("cors_origins").unwrap_or_default();
    let mut seen = BTreeSet::new();
    for origin in &cors_origins {
        check(section, "cors_origins", origin, rules::origin);
        if !seen.insert(&origin.value) {
            section.problem(origin.line, "cors_origins", format_args!("contains {:?} twice", origin.value));
        }
        if origin.value == "*" && cors_origins.len() > 1 {
            section.problem(origin.line, "cors_origins", "contains \"*\", which means every origin, with others");
        }
    }
    // API Gateway's model has no maximum for the rate, a double, and the account's limit applies anyway. A rate above
    // the largest burst is taken for a mistake. If only one of rate and burst is set, AWS's default applies to the
    // other.
    let throttle_rate = section.number("throttle_rate");
    if let Some(rate) = throttle_rate.as_ref().filter(|rate| rate.value <= 0.0 || rate.value > f64::from(INTEGER)) {
        let text = format_args!("must be more than 0 and at most {INTEGER} requests a second");
        section.problem(rate.line, "throttle_rate", text);
    }
    let names = |types: Vec<At<String>>| types.into_iter().map(|media_type| media_type.value).collect();
    ApiConfig {
        binary_media_types: media_types.map_or_else(|| vec!["*/*".to_owned()], names),
        cors_origins: cors_origins.into_iter().map(|origin| origin.value).collect(),
        throttle_rate: throttle_rate.map(|rate| rate.value),
        throttle_burst: section.integer("throttle_burst", 1..=INTEGER).map(|burst| burst.value),
    }
}

/// A required string; the empty string after its absence was reported.
fn required(section: &Section<'_>, key: &str) -> At<String> {
    let line = section.key_line(key);
    if !section.has(key) {
        section.missing(key);
    }
    section.string(key).unwrap_or(At { value: String::new(), line })
}

/// Applies a rule to a value. An absent value or one of another type was reported already.
fn check(section: &Section<'_>, key: &str, value: &At<String>, rule: impl Fn(&str) -> Result<(), String>) {
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
    let named = &value.value;
    let problem = match std::fs::metadata(&path) {
        Ok(metadata) if !metadata.is_file() => format!("must name a file, but {named:?} is not one"),
        Ok(metadata) if metadata.len() == 0 => format!("names {named:?}, which is empty"),
        Ok(metadata) if metadata.len() > rules::UNZIPPED_LIMIT as u64 => {
            format!("names {named:?} of {} bytes, and Lambda unpacks {} at most", metadata.len(), rules::UNZIPPED_LIMIT)
        }
        Ok(_) => return path,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("names {named:?}, which does not exist"),
        Err(error) => format!("names {named:?}: {error}"),
    };
    section.problem(value.line, key, problem);
    path
}
