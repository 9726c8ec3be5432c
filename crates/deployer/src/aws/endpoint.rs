//! Where the data plane is: the API endpoint and the token endpoint.
//!
//! Under an endpoint override one listener serves everything, by a convention that MiniStack, LocalStack and our local
//! cloud share.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// The endpoint overrides, and the Region that is part of AWS's own host names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Override of the control plane, for messages.
    pub control: Option<String>,
    api_gateway: Option<String>,
    cognito: Option<String>,
    region: String,
}

/// The token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEndpoint {
    pub url: String,
    /// Host header, if it differs from the URL's host.
    pub host: Option<String>,
}

impl Endpoints {
    /// Reads the SDK's configuration, which includes `AWS_ENDPOINT_URL` and its forms for single services.
    pub fn new(sdk: &SdkConfig, region: &str) -> Self {
        Self {
            control: of_service(sdk, "STS"),
            api_gateway: of_service(sdk, "API Gateway"),
            cognito: of_service(sdk, "Cognito Identity Provider"),
            region: region.to_owned(),
        }
    }

    /// Where to POST an image.
    pub fn api(&self, api_id: &str, stage: &str) -> String {
        match &self.api_gateway {
            Some(base) => format!("{base}/_aws/execute-api/{api_id}/{stage}/"),
            None => format!("https://{api_id}.execute-api.{}.amazonaws.com/{stage}", self.region),
        }
    }

    /// Where to get a token.
    pub fn token(&self, domain: &str) -> TokenEndpoint {
        let host = format!("{domain}.auth.{}.amazoncognito.com", self.region);
        match &self.cognito {
            Some(base) => TokenEndpoint { url: format!("{base}/oauth2/token"), host: Some(host) },
            None => TokenEndpoint { url: format!("https://{host}/oauth2/token"), host: None },
        }
    }
}

/// The override of one service, found as the SDK's own clients do: first a URL set in code, then the service's own
/// variable or profile entry, then those of all services.
fn of_service(sdk: &SdkConfig, service_id: &str) -> Option<String> {
    let configured = if sdk.get_origin("endpoint_url").is_client_config() {
        None
    } else {
        let key = ServiceConfigKey::builder()
            .service_id(service_id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        sdk.service_config().and_then(|service| service.load_config(key))
    };
    configured.or_else(|| sdk.endpoint_url().map(Into::into)).map(|url| url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(url: Option<&str>) -> Endpoints {
        let url: Option<String> = url.map(Into::into);
        Endpoints { control: url.clone(), api_gateway: url.clone(), cognito: url, region: "eu-west-1".into() }
    }

    #[test]
    fn on_aws_the_hosts_are_its_own() {
        let on_aws = endpoints(None);
        assert_eq!(on_aws.api("abc", "dev"), "https://abc.execute-api.eu-west-1.amazonaws.com/dev");
        let token = on_aws.token("mnist");
        assert_eq!(token.url, "https://mnist.auth.eu-west-1.amazoncognito.com/oauth2/token");
        assert_eq!(token.host, None);
    }

    #[test]
    fn under_an_override_one_listener_serves_both() {
        let local = endpoints(Some("http://127.0.0.1:4566"));
        assert_eq!(local.api("abc", "dev"), "http://127.0.0.1:4566/_aws/execute-api/abc/dev/");
        let token = local.token("mnist");
        assert_eq!(token.url, "http://127.0.0.1:4566/oauth2/token");
        assert_eq!(token.host.as_deref(), Some("mnist.auth.eu-west-1.amazoncognito.com"));
    }

    #[test]
    fn a_url_set_in_code_reaches_every_service() {
        let sdk = SdkConfig::builder().endpoint_url("http://127.0.0.1:1/").build();
        assert_eq!(of_service(&sdk, "API Gateway").as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(of_service(&SdkConfig::builder().build(), "API Gateway"), None);
    }
}
