//! `token`: the session token alone, or what curl needs to fetch one itself.

use std::fmt;

use serde::Serialize;

use super::{context::Context, stack};
use crate::{
    cli::TokenArgs,
    data_plane::{cache::Cache, session::Session},
};

#[derive(Serialize)]
struct Token {
    access_token: String,
    token_type: &'static str,
    /// Seconds since the Unix epoch.
    expires_at: u64,
    /// Separated by spaces, as in the token.
    scope: String,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.access_token)
    }
}

/// A configuration for `curl --config -`, so that the secret is in no command line and no shell history.
#[derive(Serialize)]
struct CurlConfig {
    client_id: String,
    client_secret: String,
}

impl fmt::Display for CurlConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "user = \"{}:{}\"", escaped(&self.client_id), escaped(&self.client_secret))
    }
}

pub(super) async fn run(context: &Context, args: &TokenArgs) -> anyhow::Result<u8> {
    if args.curl_config {
        let (outputs, secret) = stack::find(context, None).await?;
        let config = CurlConfig { client_id: outputs.client_id, client_secret: secret.expose().to_owned() };
        context.ui.print(&config)?;
        return Ok(0);
    }
    let cache = Cache::new(&context.target, &args.scope);
    let lookup = async |known| stack::find(context, known).await;
    let session = Session::open(cache, args.scope.clone(), args.fresh, lookup).await?;
    let connection = session.connection().await;
    let token = &connection.grant.token;
    context.ui.print(&Token {
        access_token: token.token.expose().to_owned(),
        token_type: "Bearer",
        expires_at: token.expires_at,
        scope: token.scopes.join(" "),
    })?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curl_reads_the_secret_as_it_is() {
        let config = CurlConfig { client_id: "id".into(), client_secret: r#"a"b\c"#.into() };
        assert_eq!(config.to_string(), r#"user = "id:a\"b\\c""#);
    }
}
