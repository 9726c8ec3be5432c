//! Random identifiers in the forms that AWS gives them.

/// `length` bytes in lower-case hexadecimal.
pub(super) fn hex(length: usize) -> String {
    random(length).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A random (version 4) UUID.
pub(super) fn uuid() -> String {
    let mut text = hex(16);
    text.replace_range(12..13, "4");
    text.replace_range(16..17, "a");
    for at in [8, 13, 18, 23] {
        text.insert(at, '-');
    }
    text
}

/// A trace id as X-Ray has them, made at `now_s` (seconds since the epoch).
pub(super) fn trace(now_s: u64) -> String {
    format!("Root=1-{now_s:08x}-{}", hex(12))
}

/// The extended request id of API Gateway.
pub(super) fn extended() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(random(11))
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    // aws-lc's generator has no failure that a caller could answer: without one, no token may be signed either.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_a_fresh_version_4() {
        let (one, two) = (uuid(), uuid());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
    }
}
