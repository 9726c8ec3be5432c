//! Random identifiers and secrets.

use aws_lc_rs::{error::Unspecified, rand};

use crate::protocol::ApiError;

/// Which characters an identifier has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Alphabet {
    /// `0-9a-z`
    LowerAlphanumeric,
    /// `A-Z2-7`
    Base32,
    /// `A-Za-z0-9`
    Letters,
    /// `0-9a-f`
    Hex,
}

impl Alphabet {
    fn characters(self) -> &'static [u8] {
        match self {
            Self::LowerAlphanumeric => b"0123456789abcdefghijklmnopqrstuvwxyz",
            Self::Base32 => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            Self::Letters => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            Self::Hex => b"0123456789abcdef",
        }
    }
}

/// `length` characters, each equally likely.
pub(crate) fn text(alphabet: Alphabet, length: usize) -> Result<String, Unspecified> {
    let characters = alphabet.characters();
    // Bytes from `limit` up would favour the first characters.
    let limit = 256 - 256 % characters.len();
    let mut text = String::with_capacity(length);
    let mut bytes = [0u8; 64];
    while text.len() < length {
        rand::fill(&mut bytes)?;
        let usable = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < limit);
        text.extend(usable.take(length - text.len()).map(|byte| char::from(characters[byte % characters.len()])));
    }
    Ok(text)
}

/// `length` characters for an answer; a failure is the cloud's own.
pub(crate) fn id(alphabet: Alphabet, length: usize) -> Result<String, ApiError> {
    text(alphabet, length).map_err(|Unspecified| ApiError::internal("the system gives no random numbers"))
}

/// In the form of a UUID.
pub(crate) fn uuid() -> Result<String, ApiError> {
    let digits = id(Alphabet::Hex, 30)?;
    Ok(format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[12..15], &digits[15..18], &digits[18..30]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_their_length_and_alphabet() {
        let secret = text(Alphabet::LowerAlphanumeric, 300).expect("random numbers");
        assert_eq!(secret.len(), 300);
        assert!(secret.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        let uuid = uuid().expect("random numbers");
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}
