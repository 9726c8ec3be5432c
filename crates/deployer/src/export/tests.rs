//! Both formats: golden files, every field of the stack, and no secret.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::*;
use crate::{
    config::Config,
    names::{StackId, StackKey},
    resources::{
        app_client, authorizer, cors, domain, function, integration, log_group, method, resource_server, rest_api,
        role, stage, user_pool,
    },
    stack::Desired,
    testing::config,
};

/// The configuration with all defaults.
fn stock() -> Config {
    config(Path::new("/"))
}

/// A configuration with every optional field, whose strings contain the special characters of both formats.
fn full() -> Config {
    let mut config = stock();
    config.region = Some("eu-west-1".into());
    config.function.reserved_concurrency = Some(7);
    config.function.architecture = crate::config::Architecture::Arm64;
    let variables = [
        ("QUOTES", "say \"hi\" \\ 'there'"),
        ("LINES", "one\ntwo\tthree\r\n"),
        ("DIRECTIVES", "${aws:x} %{if} $${y} $x 100%"),
        ("UNICODE", "größe \u{1b}[1m \u{2028} 😀"),
        ("NO", "yes"),
        ("EMPTY", ""),
        ("LIKE_YAML", "- a: b # c"),
        ("LIKE_AN_ARN", "arn:aws:s3:::bucket"),
    ];
    config.function.environment = variables.map(|(name, value)| (name.into(), value.into())).into();
    config.auth.domain = Some("my-digits".into());
    config.auth.resource_server = "digits.api".into();
    config.auth.scopes = vec!["${read}".into(), "%{write}:all".into()];
    config.auth.deletion_protection = true;
    config.auth.token_minutes = 5;
    config.api.binary_media_types = vec!["image/png".into(), "application/*".into()];
    config.api.throttle_rate = Some(12.5);
    config.api.cors_origins = vec!["https://app.example.com".into(), "http://localhost:3000".into()];
    config
}

fn desired(config: &Config) -> Desired {
    let code = function::Code { sha256: "ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8=".into(), zip: Arc::default() };
    Desired::new(config, &symbol::stack_id(config), Some(code)).unwrap()
}

fn existing() -> Existing {
    Existing {
        role: "mnist-dev-eu-west-1".into(),
        pool_id: "eu-west-1_pool".into(),
        client_id: "client".into(),
        domain: "my-digits".into(),
        api_id: "api".into(),
        root_id: "root".into(),
        authorizer_id: "auth".into(),
        deployment_id: "deploy".into(),
    }
}

/// All files of both formats. Leaves out import.yaml, which repeats most of template.yaml.
fn export(desired: &Desired, prefix: Prefix, existing: Option<&Existing>) -> [String; 2] {
    let source = Source { desired, prefix, region: None, existing };
    [terraform::template(&source), cloudformation::template(&source).unwrap()].map(|template| {
        let show = |file: &File| format!("==> {} <==\n{}", file.name, file.text);
        template.files.iter().filter(|file| file.name != "import.yaml").map(show).collect::<Vec<_>>().join("\n")
    })
}

/// Compares a text with its golden file; with `UPDATE_GOLDEN` set, writes the file.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/export/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    assert!(expected == text, "{name} differs; see the change with UPDATE_GOLDEN=1 and git diff");
}

#[test]
fn the_stock_stack_is_exported_as_ever() {
    let [terraform, cloudformation] = export(&desired(&stock()), Prefix::Derived(None), None);
    golden("stock.terraform.txt", &terraform);
    golden("stock.cloudformation.txt", &cloudformation);
}

#[test]
fn a_stack_with_everything_is_exported_as_ever() {
    let prefix = Prefix::Chosen("my-digits".into());
    let [terraform, cloudformation] = export(&desired(&full()), prefix, Some(&existing()));
    golden("full.terraform.txt", &terraform);
    golden("full.cloudformation.txt", &cloudformation);
}

/// A field and a function that changes it.
type Change = (&'static str, fn(&mut Desired));

/// Changes of each field. The patterns list all fields, so that the compiler reports a new one.
fn changes() -> Vec<Change> {
    fn all(desired: &Desired) {
        let Desired {
            id: StackId { key: StackKey { name: _, stage: _, region: _ }, account_id: _ },
            log_group: log_group::Desired { name: _, retention_days: _ },
            role: role::Desired { name: _, trust: _, policy: _ },
            function:
                function::Desired {
                    name: _,
                    role: _,
                    architecture: _,
                    memory_mb: _,
                    timeout_s: _,
                    environment: _,
                    log_group: _,
                    reserved_concurrency: _,
                    code: _,
                },
            user_pool: user_pool::Desired { name: _, deletion_protection: _ },
            resource_server: resource_server::Desired { identifier: _, scopes: _ },
            app_client: app_client::Desired { name: _, scopes: _, token_minutes: _ },
            domain: domain::Desired { prefix: _ },
            rest_api: rest_api::Desired { name: _, binary_media_types: _ },
            authorizer: authorizer::Desired { name: _ },
            method: method::Desired { scopes: _ },
            integration: integration::Desired { uri: _, timeout_ms: _ },
            cors: _,
            stage: stage::Desired { name: _, throttle_rate: _, throttle_burst: _ },
        } = desired;
    }
    let _ = all;
    vec![
        ("id.name", |desired| desired.id.key.name = "x".into()),
        ("id.stage", |desired| desired.id.key.stage = "x".into()),
        ("log_group.name", |desired| desired.log_group.name = "x".into()),
        ("log_group.retention_days", |desired| desired.log_group.retention_days = 1),
        ("role.name", |desired| desired.role.name = "x".into()),
        ("role.trust", |desired| desired.role.trust = serde_json::json!({"x": 1})),
        ("role.policy", |desired| desired.role.policy = serde_json::json!({"x": 1})),
        ("function.name", |desired| desired.function.name = "x".into()),
        ("function.role", |desired| desired.function.role = "x".into()),
        ("function.architecture", |desired| desired.function.architecture = "x".into()),
        ("function.memory_mb", |desired| desired.function.memory_mb = 1),
        ("function.timeout_s", |desired| desired.function.timeout_s = 1),
        ("function.environment", |desired| {
            desired.function.environment = BTreeMap::from([("AB".into(), "x".into())]);
        }),
        ("function.log_group", |desired| desired.function.log_group = "x".into()),
        ("function.reserved_concurrency", |desired| desired.function.reserved_concurrency = Some(1)),
        ("user_pool.name", |desired| desired.user_pool.name = "x".into()),
        ("user_pool.deletion_protection", |desired| desired.user_pool.deletion_protection = true),
        ("resource_server.identifier", |desired| desired.resource_server.identifier = "x".into()),
        ("resource_server.scopes", |desired| desired.resource_server.scopes = vec!["x".into()]),
        ("app_client.name", |desired| desired.app_client.name = "x".into()),
        ("app_client.scopes", |desired| desired.app_client.scopes = vec!["x".into()]),
        ("app_client.token_minutes", |desired| desired.app_client.token_minutes = 1),
        ("rest_api.name", |desired| desired.rest_api.name = "x".into()),
        ("rest_api.binary_media_types", |desired| desired.rest_api.binary_media_types = vec!["x/y".into()]),
        ("authorizer.name", |desired| desired.authorizer.name = "x".into()),
        ("method.scopes", |desired| desired.method.scopes = vec!["x".into()]),
        ("integration.uri", |desired| desired.integration.uri = "x".into()),
        ("integration.timeout_ms", |desired| desired.integration.timeout_ms = 50),
        ("cors", |desired| desired.cors = Some(cors::Desired { origins: vec!["*".into()] })),
        ("stage.name", |desired| desired.stage.name = "x".into()),
        ("stage.throttle_rate", |desired| desired.stage.throttle_rate = Some(1.0)),
        ("stage.throttle_burst", |desired| desired.stage.throttle_burst = Some(1)),
    ]
}

#[test]
fn every_field_shows_in_both_formats() {
    let stock = desired(&stock());
    let before = export(&stock, Prefix::Derived(None), None);
    for (field, change) in changes() {
        let mut changed = stock.clone();
        change(&mut changed);
        assert_ne!(changed, stock, "{field}");
        let after = export(&changed, Prefix::Derived(None), None);
        assert_ne!(after[0], before[0], "{field} in terraform");
        assert_ne!(after[1], before[1], "{field} in cloudformation");
    }
}

#[test]
fn the_prefix_and_the_code_show_where_the_format_needs_them() {
    let stock = desired(&stock());
    let open = export(&stock, Prefix::Derived(None), None);
    let known = export(&stock, Prefix::Derived(Some("mnist-dev-01234567".into())), None);
    assert_eq!(open[0], known[0], "Terraform derives it itself");
    assert!(known[1].contains("Default: mnist-dev-01234567"));
    let chosen = export(&stock, Prefix::Chosen("chosen".into()), None);
    assert!(chosen[0].contains("default     = \"chosen\"") && chosen[1].contains("Default: chosen"));
    assert!(open[1].contains("mnist-dev-0123456789abcdef.zip"));
    let mut without = stock.clone();
    without.function.code = None;
    let text = &export(&without, Prefix::Derived(None), None)[1];
    assert!(text.contains("--parameter-overrides CodeS3Bucket=BUCKET CodeS3Key=mnist-dev.zip DomainPrefix=PREFIX"));
}

#[test]
fn a_changed_snapshot_is_another_deployment_and_nothing_else_is() {
    let stock = desired(&stock());
    let id = |desired: &Desired| {
        let [_, text] = export(desired, Prefix::Derived(None), None);
        text.split_once("!Ref Deployment").unwrap().1.lines().next().unwrap().to_owned()
    };
    let before = id(&stock);
    let same: [fn(&mut Desired); 3] = [
        |desired| desired.function.memory_mb = 1,
        |desired| desired.stage.throttle_rate = Some(1.0),
        |desired| desired.app_client.token_minutes = 5,
    ];
    let other: [fn(&mut Desired); 5] = [
        |desired| desired.rest_api.binary_media_types = vec!["x/y".into()],
        |desired| desired.method.scopes = vec!["x".into()],
        |desired| desired.integration.uri = "x".into(),
        |desired| desired.integration.timeout_ms = 50,
        |desired| desired.cors = Some(cors::Desired { origins: vec!["*".into()] }),
    ];
    let changed = |change: fn(&mut Desired)| {
        let mut changed = stock.clone();
        change(&mut changed);
        id(&changed)
    };
    assert!(same.into_iter().all(|change| changed(change) == before));
    assert!(other.into_iter().all(|change| changed(change) != before));
}

#[test]
fn an_import_has_no_outputs_no_gateway_responses_and_else_the_same() {
    let (mut desired, existing) = (desired(&full()), existing());
    let files = |desired: &Desired| {
        let prefix = Prefix::Chosen(existing.domain.clone());
        let source = Source { desired, prefix, region: None, existing: Some(&existing) };
        let template = cloudformation::template(&source).unwrap();
        let file = |name: &str| template.files.iter().find(|file| file.name == name).unwrap().text.clone();
        ["template.yaml", "import.yaml"].map(|name| {
            let text = file(name);
            text[text.find("AWSTemplateFormatVersion").unwrap()..].to_owned()
        })
    };
    let [whole, import] = files(&desired);
    let deployment = |text: &str| text.split_once("!Ref Deployment").unwrap().1.lines().next().unwrap().to_owned();
    assert_eq!(deployment(&whole), deployment(&import), "the running deployment is kept");
    assert!(whole.contains("Refusal4xx") && import.contains("Preflight") && !import.contains("Refusal"), "{import}");
    desired.cors = None;
    let [whole, import] = files(&desired);
    assert_eq!(whole.split_once("Outputs:").unwrap().0, import);
}

#[test]
fn account_and_region_are_nowhere_written_down() {
    for text in export(&desired(&stock()), Prefix::Derived(None), Some(&existing())) {
        let symbols = [symbol::REGION, symbol::ACCOUNT, symbol::POOL, symbol::API];
        assert!(!symbols.iter().any(|symbol| text.contains(symbol)), "{text}");
        assert!(!text.contains("arn:aws:"), "{text}");
    }
}

#[test]
fn a_value_that_cloudformation_would_replace_is_refused() {
    let mut config = stock();
    config.function.environment.insert("AB".into(), "{{resolve:ssm:x}}".into());
    let desired = desired(&config);
    let source = Source { desired: &desired, prefix: Prefix::Derived(None), region: None, existing: None };
    assert!(cloudformation::template(&source).is_err());
    assert!(terraform::template(&source).files[0].text.contains("{{resolve:ssm:x}}"));
}

#[test]
fn no_output_and_no_reference_gives_the_secret_away() {
    for text in export(&desired(&full()), Prefix::Derived(None), Some(&existing())) {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let named: Vec<&str> = lines.filter(|line| line.to_lowercase().contains("secret")).map(str::trim).collect();
        let allowed = [
            "generate_secret                      = true",
            "ignore_changes = [generate_secret]",
            "GenerateSecret: true",
        ];
        assert!(!named.is_empty() && named.iter().all(|line| allowed.contains(line)), "{named:?}");
    }
}
