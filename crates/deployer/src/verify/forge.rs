//! Forged tokens that must be refused, made from a valid token and the pool's public keys.

use anyhow::{Context as _, anyhow};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKeyComponents},
    signature::RSA_PKCS1_SHA256,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value, json};

use crate::data_plane::{Secret, now};

/// A public key of the pool, from its key set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    /// Modulus, big-endian.
    n: Vec<u8>,
    /// Exponent, big-endian.
    e: Vec<u8>,
}

/// The material for forged tokens. Never shown.
pub struct Forge {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// The valid token: header, claims, signature.
    parts: [String; 3],
    public: PublicKey,
    /// A key pair of our own, which the pool does not know.
    own: KeyPair,
}

impl PublicKey {
    /// The key of that id in a JWKS document.
    pub fn find(document: &Value, kid: &str) -> Option<Self> {
        let keys = document["keys"].as_array()?;
        let key = keys.iter().find(|key| key["kid"] == kid)?;
        let bytes = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
        Some(Self { kid: kid.to_owned(), n: bytes("n")?, e: bytes("e")? })
    }

    /// SubjectPublicKeyInfo in DER (RFC 5280), the form that careless verifiers accept as an HMAC secret.
    fn der(&self) -> anyhow::Result<Vec<u8>> {
        let der: Result<PublicKeyX509Der<'_>, _> = PublicKeyComponents { n: &self.n, e: &self.e }.as_der();
        Ok(der.ok().context("encoding the pool's public key")?.as_ref().to_vec())
    }
}

fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap_or_default()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

fn encode(value: &Map<String, Value>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Value::Object(value.clone()).to_string())
}

fn with(base: &Map<String, Value>, change: Value) -> Map<String, Value> {
    let mut changed = base.clone();
    if let Value::Object(change) = change {
        changed.extend(change);
    }
    changed
}

/// The id of the key that signed a token.
pub fn kid(token: &Secret) -> Option<String> {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.expose().split('.').next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    Some(header["kid"].as_str()?.to_owned())
}

impl Forge {
    /// Starts from a valid token and the key that signed it.
    pub fn new(token: &Secret, public: PublicKey) -> anyhow::Result<Self> {
        let not_jwt = || anyhow!("the token is not a JWT");
        let parts: Vec<String> = token.expose().split('.').map(Into::into).collect();
        let parts: [String; 3] = parts.try_into().map_err(|_| not_jwt())?;
        let object = |part: &String| -> Option<Map<String, Value>> {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let header = object(&parts[0]).ok_or_else(not_jwt)?;
        let claims = object(&parts[1]).ok_or_else(not_jwt)?;
        let own = KeyPair::generate(KeySize::Rsa2048).ok().context("making a key to forge tokens with")?;
        Ok(Self { header, claims, parts, public, own })
    }

    /// The valid claims under a header with algorithm `none`, with or without the signature.
    pub fn unsigned(&self, signature: bool) -> String {
        let header = encode(&with(&self.header, json!({"alg": "none"})));
        format!("{header}.{}.{}", self.parts[1], if signature { &self.parts[2] } else { "" })
    }

    /// Signed with HMAC, with the public key in each of its forms as the secret.
    pub fn with_public_key_as_secret(&self) -> anyhow::Result<[(&'static str, String); 3]> {
        let der = self.public.der()?;
        let secrets = [
            ("the public key in PEM", pem(&der).into_bytes()),
            ("the public key in DER", der),
            ("the modulus", self.public.n.clone()),
        ];
        Ok(secrets.map(|(name, secret)| (name, self.hmac(json!({"alg": "HS256"}), &secret))))
    }

    /// Signed with HMAC under a key id that is a path to an empty file.
    pub fn with_path_as_kid(&self) -> String {
        self.hmac(json!({"alg": "HS256", "kid": "../../../../../../dev/null"}), b"")
    }

    fn hmac(&self, header: Value, secret: &[u8]) -> String {
        let message = format!("{}.{}", encode(&with(&self.header, header)), self.parts[1]);
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// The valid token with changed header fields.
    pub fn with_header(&self, change: Value) -> String {
        format!("{}.{}.{}", encode(&with(&self.header, change)), self.parts[1], self.parts[2])
    }

    /// The valid token with changed claims.
    pub fn with_claims(&self, change: Value) -> String {
        format!("{}.{}.{}", self.parts[0], encode(&with(&self.claims, change)), self.parts[2])
    }

    /// The valid token with another signature.
    pub fn with_signature(&self, signature: &str) -> String {
        format!("{}.{}.{signature}", self.parts[0], self.parts[1])
    }

    /// The valid signature with its first character changed.
    pub fn spoilt_signature(&self) -> String {
        let rest = self.parts[2].get(1..).unwrap_or_default();
        format!("{}{rest}", if self.parts[2].starts_with('A') { 'B' } else { 'A' })
    }

    /// Changed header and claims, signed with RSA by our own key.
    pub fn by_own_key(&self, header: Value, claims: Value) -> anyhow::Result<String> {
        let message = format!("{}.{}", encode(&with(&self.header, header)), encode(&with(&self.claims, claims)));
        let mut signature = vec![0; self.own.public_modulus_len()];
        self.own
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .ok()
            .context("signing with a key of our own")?;
        Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Our own public key, as a JWK for the header.
    pub fn own_key(&self) -> Value {
        use aws_lc_rs::signature::KeyPair as _;
        let public = self.own.public_key();
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.public.kid,
            "n": text(public.modulus().big_endian_without_leading_zero()),
            "e": text(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// A claim of the valid token.
    pub fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// One hour ago and in one hour, in seconds since the Unix epoch.
    pub fn around_now() -> (u64, u64) {
        (now().saturating_sub(3_600), now() + 3_600)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use aws_lc_rs::signature::KeyPair as _;

    use super::*;

    #[test]
    fn the_public_key_is_encoded_as_the_library_does() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let key = PublicKey {
            kid: "k".into(),
            n: public.modulus().big_endian_without_leading_zero().to_vec(),
            e: public.exponent().big_endian_without_leading_zero().to_vec(),
        };
        let expected = AsDer::<PublicKeyX509Der<'_>>::as_der(public).unwrap();
        assert_eq!(key.der().unwrap(), expected.as_ref());
        assert!(pem(expected.as_ref()).lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn a_forgery_keeps_what_it_does_not_change() {
        let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let real = format!("{}.{}.c2ln", part(json!({"kid": "k", "alg": "RS256"})), part(json!({"scope": "a/b"})));
        let public = PublicKey { kid: "k".into(), n: vec![0xff; 256], e: vec![1, 0, 1] };
        let forge = Forge::new(&Secret::new(real.clone()), public).unwrap();
        assert_eq!(kid(&Secret::new(real.clone())).as_deref(), Some("k"));
        assert_eq!(forge.with_signature("c2ln"), real);
        assert_eq!(forge.claim("scope"), "a/b");
        let tampered = forge.with_claims(json!({"scope": "a/all"}));
        let parts: Vec<&str> = tampered.split('.').collect();
        assert_eq!(parts[1], part(json!({"scope": "a/all"})));
        assert_eq!((parts[0], parts[2]), (real.split('.').next().unwrap(), "c2ln"));
        assert!(
            Forge::new(&Secret::new("no.jwt".to_owned()), PublicKey { kid: String::new(), n: vec![], e: vec![] })
                .is_err()
        );
    }
}
