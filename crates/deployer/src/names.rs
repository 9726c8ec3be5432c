//! Physical names, ARNs and ownership tags, all derived from the stack's name and stage.

use std::{collections::HashMap, fmt};

use sha2::{Digest as _, Sha256};

/// The function's environment variable with the origins of `api.cors_origins`, separated by spaces.
pub const CORS_VARIABLE: &str = "CORS_ORIGINS";
/// Tag key that holds the stack's name.
pub const STACK_TAG: &str = "deployer:stack";
/// Tag key that holds the stage.
pub const STAGE_TAG: &str = "deployer:stage";
/// Tag key on the function that holds the SHA-256 of the zip that we uploaded last, in Base64.
pub const CODE_TAG: &str = "deployer:code";

/// The one partition that is supported. Only this file builds ARNs.
pub const PARTITION: &str = "aws";

/// Identifies a stack within an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackKey {
    /// `name` in deploy.toml.
    pub name: String,
    /// `--stage`.
    pub stage: String,
    pub region: String,
}

/// Identifies a stack. What needs no account derives from its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackId {
    pub key: StackKey,
    /// Twelve digits.
    pub account_id: String,
}

impl std::ops::Deref for StackId {
    type Target = StackKey;

    fn deref(&self) -> &StackKey {
        &self.key
    }
}

fn base(name: &str, stage: &str) -> String {
    format!("{name}-{stage}")
}

/// The execution role's name, the longest that derives from a stack's name and stage.
pub fn role(name: &str, stage: &str, region: &str) -> String {
    format!("{}-{region}", base(name, stage))
}

/// A resource server's name. Cognito allows fewer characters in it than in the identifier, which may be a URL:
/// `[\w\s+=,.@-]+`.
pub fn resource_server(identifier: &str) -> String {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    identifier.chars().map(|character| if allowed(character) { character } else { '-' }).collect()
}

impl StackKey {
    fn base(&self) -> String {
        base(&self.name, &self.stage)
    }

    pub fn function(&self) -> String {
        self.base()
    }

    /// IAM is global, so the Region is part of the name.
    pub fn role(&self) -> String {
        role(&self.name, &self.stage, &self.region)
    }

    pub fn log_group(&self) -> String {
        format!("/aws/lambda/{}", self.function())
    }

    pub fn user_pool(&self) -> String {
        self.base()
    }

    pub fn app_client(&self) -> String {
        self.base()
    }

    pub fn rest_api(&self) -> String {
        self.base()
    }

    /// Unique in its API.
    pub fn authorizer(&self) -> String {
        self.base()
    }

    /// API Gateway's ARNs have no account id.
    pub fn rest_api_arn(&self, api_id: &str) -> String {
        format!("arn:{PARTITION}:apigateway:{}::/restapis/{api_id}", self.region)
    }

    /// ARN of the collection of REST APIs, for calls that list or create APIs.
    pub fn rest_apis_arn(&self) -> String {
        format!("arn:{PARTITION}:apigateway:{}::/restapis", self.region)
    }

    /// Pattern of the tags of any REST API. The API's ARN is part of the path, encoded as AWS encodes it.
    pub fn rest_api_tags_arn(&self) -> String {
        let encoded = self.rest_api_arn("").replace(':', "%3A").replace('/', "%2F");
        format!("arn:{PARTITION}:apigateway:{}::/tags/{encoded}*", self.region)
    }

    /// The ownership tags in the form that most of the SDK's calls take.
    pub fn tag_map(&self) -> HashMap<String, String> {
        self.tags().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The ownership tags.
    pub fn tags(&self) -> [(&'static str, &str); 2] {
        [(STACK_TAG, &self.name), (STAGE_TAG, &self.stage)]
    }

    /// Whether these tags say that the resource is this stack's.
    pub fn owns<'t>(&self, tag: impl Fn(&str) -> Option<&'t str>) -> bool {
        self.tags().iter().all(|(key, value)| tag(key) == Some(value))
    }
}

impl StackId {
    pub fn new(
        name: impl Into<String>,
        stage: impl Into<String>,
        region: impl Into<String>,
        account_id: impl Into<String>,
    ) -> Self {
        let key = StackKey { name: name.into(), stage: stage.into(), region: region.into() };
        Self { key, account_id: account_id.into() }
    }

    fn arn(&self, service: &str, resource: fmt::Arguments<'_>) -> String {
        format!("arn:{PARTITION}:{service}:{}:{}:{resource}", self.region, self.account_id)
    }

    /// Known before the function exists, so nothing waits for it.
    pub fn function_arn(&self) -> String {
        self.arn("lambda", format_args!("function:{}", self.function()))
    }

    pub fn role_arn(&self) -> String {
        format!("arn:{PARTITION}:iam::{}:role/{}", self.account_id, self.role())
    }

    /// Without the trailing `:*`, which stands for its streams.
    pub fn log_group_arn(&self) -> String {
        self.arn("logs", format_args!("log-group:{}", self.log_group()))
    }

    pub fn user_pool_arn(&self, pool_id: &str) -> String {
        self.arn("cognito-idp", format_args!("userpool/{pool_id}"))
    }

    /// What an integration invokes: the function through Lambda's API, as API Gateway spells it.
    pub fn invoke_uri(&self) -> String {
        format!(
            "arn:{PARTITION}:apigateway:{}:lambda:path/2015-03-31/functions/{}/invocations",
            self.region,
            self.function_arn()
        )
    }

    /// What may invoke the function: POST on `/` of this API, in each of its stages. The console writes the same form;
    /// the root path ends in a slash.
    pub fn source_arn(&self, api_id: &str) -> String {
        self.arn("execute-api", format_args!("{api_id}/*/POST/"))
    }

    /// Domain prefix if deploy.toml names none. Prefixes are unique in a Region across all accounts, so a digest of
    /// account and Region is part of it. The same stack always gets the same one.
    pub fn domain_prefix(&self) -> String {
        let scope = format!("{}/{}/{}", self.account_id, self.region, self.base());
        format!("{}-{}", self.base(), digest_hex(&scope, 4))
    }

    /// A stack of another name in the same stage, Region and account.
    pub fn renamed(&self, name: &str) -> Self {
        Self::new(name, &self.stage, &self.region, &self.account_id)
    }
}

/// The first `bytes` bytes of a text's SHA-256, in hexadecimal.
pub fn digest_hex(text: &str, bytes: usize) -> String {
    hex::encode(&Sha256::digest(text)[..bytes])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> StackId {
        StackId::new("mnist", "dev", "eu-west-1", "123456789012")
    }

    #[test]
    fn arns_have_the_form_that_aws_documents() {
        let id = id();
        assert_eq!(id.function_arn(), "arn:aws:lambda:eu-west-1:123456789012:function:mnist-dev");
        assert_eq!(id.role_arn(), "arn:aws:iam::123456789012:role/mnist-dev-eu-west-1");
        assert_eq!(id.log_group_arn(), "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/mnist-dev");
        assert_eq!(id.rest_api_arn("abc"), "arn:aws:apigateway:eu-west-1::/restapis/abc");
        let tags = "arn:aws:apigateway:eu-west-1::/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2F*";
        assert_eq!(id.rest_api_tags_arn(), tags);
        assert_eq!(id.source_arn("abc"), "arn:aws:execute-api:eu-west-1:123456789012:abc/*/POST/");
    }

    #[test]
    fn a_stack_owns_only_what_carries_both_tags() {
        let id = id();
        assert!(id.owns(|key| if key == STACK_TAG { Some("mnist") } else { Some("dev") }));
        assert!(!id.owns(|key| (key == STACK_TAG).then_some("mnist")));
        assert!(!id.owns(|key| if key == STACK_TAG { Some("mnist") } else { Some("prod") }));
        assert!(!id.owns(|_| None));
    }

    #[test]
    fn the_derived_domain_prefix_is_stable_and_differs_between_accounts() {
        let mut other = id();
        assert_eq!(id().domain_prefix(), other.domain_prefix());
        other.account_id = "210987654321".into();
        assert_ne!(id().domain_prefix(), other.domain_prefix());
    }
}
