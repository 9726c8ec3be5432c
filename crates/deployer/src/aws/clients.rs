//! One set of SDK clients, aimed at AWS, at an endpoint override, or at the local cloud.

use std::{env, fmt, time::Duration};

use anyhow::Result;
use aws_config::{
    AppName, BehaviorVersion, Region, SdkConfig, default_provider::credentials::DefaultCredentialsChain,
    environment::EnvironmentVariableRegionProvider, imds, meta::region::RegionProviderChain,
    profile::ProfileFileRegionProvider, provider_config::ProviderConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials as _, SharedCredentialsProvider, error::CredentialsError},
};

use super::{
    endpoint::Endpoints,
    error::{ApiError, Doing as _},
};
use crate::{
    config::Config,
    error::Failure,
    names::{StackId, StackKey},
};

/// API Gateway's slowest quotas allow one call in 3 to 5 s. Eight attempts with back-off outlast several callers.
const ATTEMPTS: u32 = 8;

/// The Region of the local cloud and of emulators, where none is set.
const DEFAULT_REGION: &str = "us-east-1";

/// Where the local cloud listens, and the credentials that it accepts.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalEndpoint {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    pub access_key_id: String,
    /// Never shown.
    pub secret_access_key: String,
}

impl fmt::Debug for LocalEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEndpoint").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The clients of every service that a stack needs.
#[derive(Debug, Clone)]
pub struct Clients {
    pub lambda: aws_sdk_lambda::Client,
    pub apigateway: aws_sdk_apigateway::Client,
    pub cognito: aws_sdk_cognitoidentityprovider::Client,
    pub iam: aws_sdk_iam::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub sts: aws_sdk_sts::Client,
    /// The Region of all clients.
    pub region: String,
    pub endpoints: Endpoints,
}

impl Clients {
    /// Clients for AWS or the local cloud, in the configured Region and with the profile's credentials, or those of the
    /// environment. Sends nothing to AWS, except what the source of credentials itself needs.
    pub async fn connect(config: &Config, profile: Option<&str>, local: Option<&LocalEndpoint>) -> Result<Self> {
        let region = find_region(config, profile, local.is_some()).await;
        let credentials = match local {
            Some(local) => SharedCredentialsProvider::new(Credentials::new(
                &local.access_key_id,
                &local.secret_access_key,
                None,
                None,
                "local cloud",
            )),
            None => credentials(profile, region.as_deref().unwrap_or(DEFAULT_REGION)).await?,
        };
        // After the credentials: report missing credentials first, because they take longest to obtain.
        let region = usable(region, config)?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(credentials)
            .app_name(AppName::new("deployer")?)
            .retry_config(
                RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(250)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(4))
                    // It counts from the first byte sent, and a zip of 50 MB takes long on a slow line.
                    .read_timeout(Duration::from_secs(180))
                    .build(),
            );
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(local) = local {
            loader = loader.endpoint_url(&local.url);
        }
        Ok(Self::new(&loader.load().await, region))
    }

    fn new(sdk: &SdkConfig, region: String) -> Self {
        Self {
            lambda: aws_sdk_lambda::Client::new(sdk),
            apigateway: aws_sdk_apigateway::Client::new(sdk),
            cognito: aws_sdk_cognitoidentityprovider::Client::new(sdk),
            iam: aws_sdk_iam::Client::new(sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            sts: aws_sdk_sts::Client::new(sdk),
            endpoints: Endpoints::new(sdk, &region),
            region,
        }
    }

    /// The part of the stack's identity that needs no call to AWS.
    pub fn key(&self, config: &Config) -> StackKey {
        StackKey { name: config.name.clone(), stage: config.stage.clone(), region: self.region.clone() }
    }

    /// Identifies the account, and so the stack. It is among the first calls of every command, so it reports an
    /// endpoint that cannot be reached after two attempts instead of eight.
    pub async fn identify(&self, config: &Config) -> Result<StackId> {
        let few = aws_sdk_sts::config::Builder::default().retry_config(
            RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(250)),
        );
        let answer = self.sts.get_caller_identity().customize().config_override(few).send().await;
        let identity = match answer.map_err(ApiError::from) {
            Err(error) if error.is_unreachable() => {
                let at = self.endpoints.control.as_deref().unwrap_or("AWS");
                let failure = Failure::failed(format!("reaching {at} in {}", self.region)).hint(
                    "check the network and AWS_ENDPOINT_URL; `--local` uses the local cloud, which needs no network",
                );
                return Err(anyhow::Error::new(error).context(failure));
            }
            other => other.doing("identifying the account in", &self.region)?,
        };
        let account_id =
            identity.account.ok_or_else(|| Failure::failed("identifying the account: AWS returned no account id"))?;
        Ok(StackId { key: self.key(config), account_id })
    }
}

/// The Region, for a command that needs nothing else of AWS.
pub async fn region(config: &Config, profile: Option<&str>, local: bool) -> Result<String> {
    usable(find_region(config, profile, local).await, config)
}

/// Requires a valid Region.
fn usable(region: Option<String>, config: &Config) -> Result<String> {
    let region = region.ok_or_else(no_region)?;
    config.check_region(&region)?;
    Ok(region)
}

fn no_region() -> Failure {
    Failure::usage("no AWS Region is set")
        .hint("pass --region, set region in deploy.toml, or set AWS_REGION; `--local` needs none")
}

/// The configured Region, else that of the environment or the profile. It does not ask the instance metadata, which is
/// slow on a laptop. The local cloud, and an emulator that `AWS_ENDPOINT_URL` names, need none.
async fn find_region(config: &Config, profile: Option<&str>, local: bool) -> Option<String> {
    if let Some(region) = &config.region {
        return Some(region.clone());
    }
    let mut of_profile = ProfileFileRegionProvider::builder();
    if let Some(name) = profile {
        of_profile = of_profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_else(of_profile.build());
    let emulated = local || env::var_os("AWS_ENDPOINT_URL").is_some();
    chain.region().await.map(|region| region.to_string()).or_else(|| emulated.then(|| DEFAULT_REGION.to_owned()))
}

/// The usual AWS sources, resolved now, so that missing credentials are reported before the first call.
async fn credentials(profile: Option<&str>, region: &str) -> Result<SharedCredentialsProvider> {
    // On EC2 the metadata service answers within milliseconds. Elsewhere nothing answers, and the default time-out is
    // several seconds.
    let metadata = imds::Client::builder()
        .connect_timeout(Duration::from_millis(300))
        .read_timeout(Duration::from_secs(1))
        .max_attempts(1)
        .build();
    let mut chain = DefaultCredentialsChain::builder()
        .configure(ProviderConfig::default())
        .region(Region::new(region.to_owned()))
        .imds_client(metadata);
    if let Some(name) = profile {
        chain = chain.profile_name(name);
    }
    let chain = chain.build().await;
    match chain.provide_credentials().await {
        Ok(_) => Ok(SharedCredentialsProvider::new(chain)),
        Err(error) if is_nothing_found(&error) => {
            tracing::debug!(?error, "no source has credentials");
            let hint =
                "run with `--local`, which needs none, set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run `aws sso login`";
            Err(Failure::failed("no AWS credentials were found").hint(hint).into())
        }
        Err(error) => {
            let failure = Failure::failed("loading the AWS credentials").hint(
                "check the profile, or for SSO run `aws sso login`; `--local` uses the local cloud, which needs none",
            );
            Err(anyhow::Error::new(error).context(failure))
        }
    }
}

/// Whether no source has credentials. Instance metadata is the last source, so its failure means the same; it also
/// fails in networks where something else answers at its address. Only the text of the SDK's error shows that it
/// failed.
fn is_nothing_found(error: &CredentialsError) -> bool {
    let mut layers = std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |layer| layer.source());
    matches!(error, CredentialsError::CredentialsNotLoaded(_)) || layers.any(|layer| layer.to_string().contains("IMDS"))
}
