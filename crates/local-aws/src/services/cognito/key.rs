//! A pool's signing key.

use aws_lc_rs::{
    encoding::AsDer as _,
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

use crate::{
    outcome::ApiError,
    random::{self, Alphabet},
    state::cognito::SigningKey,
};

/// One key for all pools: a fuzz target creates thousands of pools.
#[cfg(fuzzing)]
pub(super) fn generate() -> Result<SigningKey, ApiError> {
    static KEY: std::sync::OnceLock<SigningKey> = std::sync::OnceLock::new();
    Ok(KEY.get_or_init(|| generate_key(random::id(Alphabet::Alphanumeric, 43)).expect("a key")).clone())
}

/// Generates a key. This takes up to a second, so never call it while the store is locked.
#[cfg(not(fuzzing))]
pub(super) fn generate() -> Result<SigningKey, ApiError> {
    generate_key(random::id(Alphabet::Alphanumeric, 43))
}

/// Generates a key with the id `kid`.
pub(crate) fn generate_key(kid: String) -> Result<SigningKey, ApiError> {
    let failed = |_| ApiError::new(500, "InternalErrorException", "generating the pool's signing key failed");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let pkcs8 = pair.as_der().map_err(failed)?;
    let public = pair.public_key();
    Ok(SigningKey {
        kid,
        pkcs8: BASE64_STANDARD.encode(pkcs8.as_ref()),
        n: BASE64_URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        e: BASE64_URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    })
}
