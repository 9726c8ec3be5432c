//! Verifies Signature Version 4: signs the request again with our credentials, and compares.

use std::time::{Duration, SystemTime};

use aws_lc_rs::constant_time;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::{HeaderMap, header, request::Parts};
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::{clock, credentials::Credentials};

/// The clock skew that AWS allows.
const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// Why a signature was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// The request has no signature.
    Missing,
    /// The signature lacks a required part; the message names it.
    Incomplete(String),
    /// The access key is not ours.
    UnknownKey,
    /// The signature does not match the request.
    Mismatch,
    /// The request was signed too long ago, or in the future.
    Expired(String),
}

/// A parsed `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    access_key_id: String,
    date: String,
    /// Region of the credential scope.
    pub region: String,
    /// Service of the credential scope.
    pub service: String,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    /// Parses the header, without verifying anything.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, SignatureError> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(SignatureError::Missing)?;
        if values.next().is_some() || headers.get_all("x-amz-date").iter().count() > 1 {
            return Err(incomplete("Authorization and X-Amz-Date must not be repeated"));
        }
        let value = value.to_str().map_err(|_| incomplete("Authorization is not text"))?;
        let fields = value
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or_else(|| incomplete("Authorization header requires 'AWS4-HMAC-SHA256'"))?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter")))
        };
        let credential: Vec<&str> = field("Credential")?.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = credential[..] else {
            return Err(incomplete("Credential must have exactly 5 slash-delimited elements"));
        };
        let signed_headers: Vec<String> = field("SignedHeaders")?.split(';').map(ToOwned::to_owned).collect();
        for needed in ["host", "x-amz-date"] {
            if !signed_headers.iter().any(|name| name == needed) {
                return Err(incomplete(&format!("'{needed}' must be a signed header")));
            }
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            signature: field("Signature")?.to_owned(),
        })
    }

    /// Checks that the header names our access key. Cheap, so it runs before the body is read.
    pub(crate) fn check_key(&self, credentials: &Credentials) -> Result<(), SignatureError> {
        if self.access_key_id == credentials.access_key_id { Ok(()) } else { Err(SignatureError::UnknownKey) }
    }

    /// Checks that the request with this `body` was signed with our secret, within the allowed clock skew.
    pub(crate) fn verify(&self, credentials: &Credentials, parts: &Parts, body: &[u8]) -> Result<(), SignatureError> {
        self.check_key(credentials)?;
        let date = parts.headers.get("x-amz-date").and_then(|date| date.to_str().ok());
        let date = date.ok_or_else(|| incomplete("'X-Amz-Date' header is required"))?;
        let signed_at = PrimitiveDateTime::parse(date, clock::AMZ_DATE)
            .map_err(|_| incomplete("Date must be in ISO-8601 'basic format'"))?
            .assume_utc();
        if !date.starts_with(&self.date) {
            return Err(SignatureError::Mismatch);
        }
        let ours = self.sign_again(credentials, parts, body, signed_at.into())?;
        constant_time::verify_slices_are_equal(ours.as_bytes(), self.signature.as_bytes())
            .map_err(|_| SignatureError::Mismatch)?;
        let now = OffsetDateTime::now_utc();
        let skew = (now - signed_at).abs();
        if skew > CLOCK_SKEW {
            let now = clock::amz_date(clock::now_ms());
            return Err(SignatureError::Expired(format!(
                "Signature expired: {date} is more than 15 minutes from {now}"
            )));
        }
        Ok(())
    }

    /// Computes the signature of this request with our secret.
    fn sign_again(
        &self,
        credentials: &Credentials,
        parts: &Parts,
        body: &[u8],
        time: SystemTime,
    ) -> Result<String, SignatureError> {
        let identity = aws_credential_types::Credentials::from_keys(
            &credentials.access_key_id,
            &credentials.secret_access_key,
            None,
        )
        .into();
        let mut settings = SigningSettings::default();
        // Sign exactly the headers that the client signed.
        settings.excluded_headers = None;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(time)
            .settings(settings)
            .build()
            .map_err(|_| SignatureError::Mismatch)?
            .into();
        let mut headers = Vec::new();
        for name in &self.signed_headers {
            // The signer adds the date itself, from `time`.
            if name == "x-amz-date" {
                continue;
            }
            let values = parts.headers.get_all(name);
            let mut found = false;
            for value in values {
                headers.push((name.as_str(), value.to_str().map_err(|_| SignatureError::Mismatch)?));
                found = true;
            }
            if !found {
                return Err(SignatureError::Mismatch);
            }
        }
        let path = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        // The signed `Host` header decides; this host only makes the URL absolute.
        let address = format!("http://localhost{path}");
        let request =
            SignableRequest::new(parts.method.as_str(), address, headers.into_iter(), SignableBody::Bytes(body))
                .map_err(|_| SignatureError::Mismatch)?;
        Ok(sign(request, &params).map_err(|_| SignatureError::Mismatch)?.into_parts().1)
    }
}

fn incomplete(what: &str) -> SignatureError {
    SignatureError::Incomplete(what.to_owned())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().expect("a header value"));
        headers
    }

    #[test]
    fn an_incomplete_header_is_refused_with_the_missing_part() {
        assert_eq!(Authorization::read(&HeaderMap::new()), Err(SignatureError::Missing));
        let scope = "Credential=AKIA/20240101/us-east-1/iam/aws4_request";
        for (text, lacks) in [
            ("Bearer x".to_owned(), "AWS4-HMAC-SHA256"),
            (format!("AWS4-HMAC-SHA256 {scope}, Signature=00"), "SignedHeaders"),
            (format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=00"), "x-amz-date"),
            (format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host;x-amz-date"), "Signature"),
            ("AWS4-HMAC-SHA256 Credential=AKIA/20240101/iam, SignedHeaders=host;x-amz-date".to_owned(), "5 slash"),
        ] {
            match Authorization::read(&headers(&text)) {
                Err(SignatureError::Incomplete(message)) => assert!(message.contains(lacks), "{message}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    /// The worked example of the IAM user guide ("Create a signed AWS API request"): ListUsers of 2015-08-30.
    #[test]
    fn the_documented_example_verifies_but_has_expired() {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        };
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("authorization", authorization)
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("host", "iam.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z");
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let read = Authorization::read(&parts.headers).expect("an authorization");
        let verified = read.verify(&credentials, &parts, b"");
        assert!(matches!(verified, Err(SignatureError::Expired(_))), "{verified:?}");
        assert_eq!(read.verify(&credentials, &parts, b"x"), Err(SignatureError::Mismatch));
    }
}
