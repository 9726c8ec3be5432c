//! The header that lets web pages of other origins read an answer (Fetch standard, *CORS protocol*). API Gateway answers the
//! preflight and adds the header to its own refusals; the function adds it to what it answers itself.

use crate::response::ProxyResponse;

/// The variable with the allowed origins, separated by spaces. A star allows every origin.
const VARIABLE: &str = "CORS_ORIGINS";

/// The allowed origins. Without any, answers have no such header.
#[derive(Debug, Default)]
pub(crate) struct Cors(Vec<String>);

impl Cors {
    /// The origins in the function's environment.
    pub(crate) fn from_environment() -> Self {
        Self::new(&std::env::var(VARIABLE).unwrap_or_default())
    }

    pub(crate) fn new(origins: &str) -> Self {
        Self(origins.split_ascii_whitespace().map(str::to_owned).collect())
    }

    /// Adds the headers to the answer to a request from this origin, if the request names one.
    pub(crate) fn add(&self, response: &mut ProxyResponse, origin: Option<&str>) {
        let allowed = match &self.0[..] {
            [] => return,
            // The same for every request, so caches need not tell them apart.
            [only] => Some(only),
            several => {
                response.headers.insert("vary", "origin".into());
                several.iter().find(|allowed| Some(allowed.as_str()) == origin)
            }
        };
        if let Some(allowed) = allowed {
            response.headers.insert("access-control-allow-origin", allowed.clone().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    fn headers(origins: &str, origin: Option<&str>) -> [Option<String>; 2] {
        let mut response = ProxyResponse::problem(&Problem::new(400, "no image"));
        Cors::new(origins).add(&mut response, origin);
        ["access-control-allow-origin", "vary"].map(|name| response.headers.get(name).map(ToString::to_string))
    }

    #[test]
    fn only_allowed_origins_are_echoed() {
        let (one, two) = ("https://a.example", "https://a.example http://localhost:3000");
        let allow = |origin: &str| Some(origin.to_owned());
        let vary = || Some("origin".to_owned());
        assert_eq!(headers("", Some("https://a.example")), [None, None]);
        assert_eq!(headers("*", None), [allow("*"), None]);
        assert_eq!(headers(one, Some("https://b.example")), [allow(one), None]);
        assert_eq!(headers(two, Some("http://localhost:3000")), [allow("http://localhost:3000"), vary()]);
        for other in
            [None, Some("https://b.example"), Some("https://a.example.evil"), Some("HTTPS://A.EXAMPLE"), Some("")]
        {
            assert_eq!(headers(two, other), [None, vary()], "{other:?}");
        }
    }
}
