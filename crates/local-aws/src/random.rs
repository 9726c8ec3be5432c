//! Random identifiers and secrets, in the formats of AWS.

use aws_lc_rs::rand;
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// The characters of an identifier.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Alphabet {
    /// `0-9a-z`
    LowerAlphanumeric,
    /// `A-Z2-7`
    Base32,
    /// `A-Za-z0-9`
    Alphanumeric,
}

impl Alphabet {
    fn characters(self) -> &'static [u8] {
        match self {
            Self::LowerAlphanumeric => b"0123456789abcdefghijklmnopqrstuvwxyz",
            Self::Base32 => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            Self::Alphanumeric => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        }
    }
}

/// `length` characters, each equally likely.
pub(crate) fn id(alphabet: Alphabet, length: usize) -> String {
    let characters = alphabet.characters();
    // Using bytes from `limit` up would make the first characters more likely.
    let limit = 256 - 256 % characters.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes = bytes::<64>();
        let usable = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        text.extend(usable.take(length - text.len()).map(|byte| char::from(characters[byte % characters.len()])));
    }
    text
}

/// A random (version 4) UUID.
pub(crate) fn uuid() -> String {
    uuid::Builder::from_random_bytes(bytes()).into_uuid().to_string()
}

/// An X-Ray trace id; `now_s` is in seconds since the epoch.
pub(crate) fn trace_id(now_s: u64) -> String {
    format!("Root=1-{now_s:08x}-{}", hex::encode(bytes::<12>()))
}

/// An X-Ray segment id.
pub(crate) fn segment_id() -> String {
    hex::encode(bytes::<8>())
}

/// An extended request id of API Gateway.
pub(crate) fn extended_request_id() -> String {
    BASE64_STANDARD.encode(bytes::<11>())
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Nothing here works without random numbers, so no caller could handle the error.
    rand::fill(&mut bytes).expect("the system's random source works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_length_and_alphabet() {
        let secret = id(Alphabet::LowerAlphanumeric, 300);
        assert_eq!(secret.len(), 300);
        assert!(secret.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    }

    #[test]
    fn a_uuid_is_a_fresh_version_4() {
        let (one, two) = (uuid(), uuid());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
    }
}
