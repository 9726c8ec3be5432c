//! The outputs of a stack that is up.

use serde::{Deserialize, Serialize};

/// Everything that a caller needs to use a deployed stack. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// `name` in deploy.toml.
    pub stack: String,
    /// `--stage`.
    pub stage: String,
    pub region: String,
    /// Twelve digits.
    pub account_id: String,
    /// Where to POST an image.
    pub endpoint: String,
    /// Where to get a token.
    pub token_url: String,
    /// The Host header for `token_url`, if it differs from the URL's host: under an endpoint override one listener
    /// serves every domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_host: Option<String>,
    pub client_id: String,
    pub user_pool_id: String,
    pub rest_api_id: String,
    pub function_name: String,
    /// Full scopes, `<resource server>/<scope>`.
    pub scopes: Vec<String>,
}

impl Outputs {
    /// Where the pool's public keys are. Under an endpoint override the token endpoint's listener serves them too.
    pub fn keys_url(&self) -> String {
        let pool = &self.user_pool_id;
        let base = match self.token_host {
            Some(_) => self.token_url.trim_end_matches("/oauth2/token").to_owned(),
            None => format!("https://cognito-idp.{}.amazonaws.com", self.region),
        };
        format!("{base}/{pool}/.well-known/jwks.json")
    }
}
