//! For every accepted configuration, the derived names satisfy AWS's published service models.

use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy, any, prop, prop_assert, proptest},
};
use regex_lite::Regex;

use super::*;
use crate::names::{self, StackId};

/// Pattern and maximum length of each field that holds a derived name, as the models state them.
const MODELS: [(&str, &str, usize); 14] = [
    // The model's pattern is also for ARNs; a name alone has at most 64 characters.
    ("Lambda FunctionName", r"[a-zA-Z0-9-_]+", 64),
    ("Lambda StatementId", r"([a-zA-Z0-9-_]+)", 100),
    ("Lambda RoleArn", r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+", 10_000),
    ("Lambda LogGroup", r"[\.\-_/#A-Za-z0-9]+", 512),
    (
        "Lambda Arn",
        r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)",
        10_000,
    ),
    ("IAM roleNameType", r"[\w+=,.@-]+", 64),
    ("CloudWatch Logs LogGroupName", r"[\.\-_/#A-Za-z0-9]+", 512),
    ("Cognito UserPoolNameType", r"[\w\s+=,.@-]+", 128),
    ("Cognito ClientNameType", r"[\w\s+=,.@-]+", 128),
    ("Cognito DomainType", r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?", 63),
    ("Cognito ResourceServerNameType", r"[\w\s+=,.@-]+", 256),
    ("Cognito ScopeType", r"[\x21\x23-\x5B\x5D-\x7E]+", 256),
    // From CreateStage's documentation, because its model has no pattern.
    ("API Gateway stageName", r"[a-zA-Z0-9_-]+", 128),
    // The model's \p{L}, \p{Z} and \p{N}, reduced to ASCII.
    ("Tag value", r"[a-zA-Z0-9 _.:/=+\-@]*", 256),
];

/// Whether a name satisfies the rules of these fields.
fn satisfies(name: &str, models: &[&str]) -> Result<(), String> {
    for model in models {
        let (_, pattern, longest) = MODELS.iter().find(|(known, ..)| known == model).unwrap();
        let matches = Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(name);
        if !matches || name.is_empty() || name.len() > *longest {
            return Err(format!("{name:?} ({} characters) is not a valid {model}", name.len()));
        }
    }
    Ok(())
}

fn derived(config: &Config, region: &str) -> Result<(), String> {
    let id = StackId::new(&config.name, &config.stage, region, "123456789012");
    satisfies(&id.function(), &["Lambda FunctionName"])?;
    satisfies(&id.function_arn(), &["Lambda Arn"])?;
    satisfies(&id.role(), &["IAM roleNameType"])?;
    satisfies(&id.role_arn(), &["Lambda RoleArn"])?;
    satisfies(&id.log_group(), &["Lambda LogGroup", "CloudWatch Logs LogGroupName"])?;
    satisfies(&id.log_group_arn(), &["Lambda Arn"])?;
    satisfies(&id.user_pool(), &["Cognito UserPoolNameType"])?;
    satisfies(&id.app_client(), &["Cognito ClientNameType"])?;
    satisfies(&id.source_arn("0123456789"), &["Lambda Arn"])?;
    satisfies(crate::resources::permission::STATEMENT, &["Lambda StatementId"])?;
    satisfies(&config.stage, &["API Gateway stageName"])?;
    satisfies(&names::resource_server(&config.auth.resource_server), &["Cognito ResourceServerNameType"])?;
    config.auth.full_scopes().iter().try_for_each(|scope| satisfies(scope, &["Cognito ScopeType"]))?;
    id.tags().iter().try_for_each(|(_, value)| satisfies(value, &["Tag value"]))?;
    let prefix = crate::stack::domain_prefix(config, &id);
    satisfies(&prefix, &["Cognito DomainType"])?;
    match ["aws", "amazon", "cognito"].iter().find(|word| prefix.contains(**word)) {
        Some(word) => Err(format!("{prefix:?} holds {word}")),
        None => Ok(()),
    }
}

/// A file with these values, valid or not.
fn file(name: &str, region: &str, server: &str, scopes: &[String], domain: Option<&str>) -> Folder {
    let domain = domain.map(|domain| format!("domain = {domain:?}\n")).unwrap_or_default();
    Folder::new(&format!(
        "name = {name:?}\nregion = {region:?}\n[model]\npath = \"m.onnx\"\n[auth]\n{domain}resource_server = {}\nscopes = {}\n",
        serde_json::to_string(server).unwrap(),
        serde_json::to_string(scopes).unwrap(),
    ))
}

/// A text that is often at the limit of a rule.
fn words(pattern: &'static str) -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(vec!["aws", "my-cognito", "a-", "-a", "a--b", "a_b", "A", "0", "amazonia"]);
    prop::strategy::Union::new_weighted(vec![
        (6, pattern.prop_map(|text| text).boxed()),
        (1, hostile.prop_map(str::to_owned).boxed()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_satisfies_every_model(
        name in words("[a-z][a-z0-9-]{0,33}"),
        stage in words("[a-z0-9]([a-z0-9-]{0,16}[a-z0-9])?"),
        region in prop::sample::select(vec!["us-east-1", "ap-southeast-1", "eu-west-3", "cn-north-1", "ap-southwestern-1"]),
        server in words("[!#-Z^-~]{1,60}|[!-~]{1,20}|[!#-Z^-~]{200,256}"),
        scopes in vec(words("[!#-.0-Z^-~]{1,60}|[!-~]{1,8}"), 1..4),
        domain in prop::option::of(words("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")),
        seed in any::<bool>(),
    ) {
        let folder = file(&name, region, &server, &scopes, domain.as_deref());
        // --region takes precedence over the file.
        let given = seed.then_some("ap-northeast-1");
        if let Ok(config) = load(&folder.path(), &stage, given) {
            let checked = derived(&config, given.unwrap_or(region));
            prop_assert!(checked.is_ok(), "{}", checked.unwrap_err());
        }
    }
}

#[test]
fn the_longest_of_everything_is_accepted_and_satisfies_every_model() {
    let name = format!("a{}", "-9".repeat(15)) + "z";
    let (stage, region) = ("0-0123456789-abc", "ap-northeast-1");
    let server = format!("https://{}", "x".repeat(120));
    let scopes = [format!("{}:", "y".repeat(126))];
    let folder = file(&name, region, &server, &scopes, Some(&"d".repeat(63)));
    let config = load(&folder.path(), stage, None).unwrap();
    derived(&config, region).unwrap();
    let folder = file(&name, region, &server, &scopes, None);
    derived(&load(&folder.path(), stage, None).unwrap(), region).unwrap();
}
