//! A local cloud for one test, with SDK clients for it.

use std::io::{Cursor, Write as _};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::result::SdkError;
use local_aws::{Options, RequestLog, Server};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

/// The trust policy of a role that Lambda can assume.
pub(crate) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
    "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;

pub(crate) struct Cloud {
    pub(crate) server: Server,
    pub(crate) dir: TempDir,
    _models: ConformsToModels,
}

/// Fails the test if a response, or a request that was accepted, violates AWS's models. Requests that were refused may
/// violate them.
pub(crate) struct ConformsToModels(RequestLog);

impl Drop for ConformsToModels {
    #[expect(clippy::print_stdout, reason = "shown with --nocapture")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let conformity = self.0.conformity();
        println!("{} requests checked against AWS's models", conformity.checked);
        let seen = conformity.nonconforming;
        let wrong = seen.iter().filter(|one| one.status < 400 || !one.response_violations.is_empty());
        let wrong: Vec<String> = wrong.map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "violates AWS's models: {wrong:#?}");
    }
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options::new(dir.path());
        adjust(&mut options);
        Self::of(local_aws::start(options).await.unwrap(), dir)
    }

    pub(crate) fn of(server: Server, dir: TempDir) -> Self {
        Self { _models: ConformsToModels(server.request_log()), server, dir }
    }

    pub(crate) fn config(&self) -> SdkConfig {
        let ours = self.server.credentials();
        config(&self.server.endpoint(), &ours.access_key_id, &ours.secret_access_key)
    }

    pub(crate) fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.config())
    }

    pub(crate) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config())
    }

    pub(crate) fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config())
    }

    pub(crate) fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.config())
    }

    pub(crate) fn gateway(&self) -> aws_sdk_apigateway::Client {
        aws_sdk_apigateway::Client::new(&self.config())
    }

    /// Creates a role that Lambda can assume; returns its ARN.
    pub(crate) async fn role(&self, name: &str) -> String {
        let made = self.iam().create_role().role_name(name).assume_role_policy_document(TRUST).send().await.unwrap();
        made.role.unwrap().arn
    }
}

/// Clients in `us-east-1` that send each request once.
pub(crate) fn config(endpoint: &str, key: &str, secret: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(key, secret, None)))
        .retry_config(RetryConfig::disabled())
        .build()
}

/// The error code of a result, if it is an error of the service.
pub(crate) fn code_of<T, E: ProvideErrorMetadata, R>(result: &Result<T, SdkError<E, R>>) -> Option<&str> {
    match result {
        Err(SdkError::ServiceError(refused)) => refused.err().code(),
        _ => None,
    }
}

/// The error code of a result, as text for assertions.
pub(crate) fn code<T, E, R>(result: Result<T, SdkError<E, R>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    match result {
        Ok(_) => "no error".to_owned(),
        Err(SdkError::ServiceError(refused)) => refused.err().code().unwrap_or("no code").to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// A zip of one executable file.
pub(crate) fn zip(name: &str, content: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}
