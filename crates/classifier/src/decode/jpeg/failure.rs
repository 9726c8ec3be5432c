//! Why a JPEG cannot be decoded.

use crate::decode::problem;
use crate::error::Error;

/// Why a file cannot be decoded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Failure {
    Truncated,
    NoPixels,
    Damaged(&'static str),
    Unsupported(&'static str),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Truncated => problem::truncated("JPEG"),
            Failure::NoPixels => problem::no_pixels("JPEG"),
            Failure::Damaged(what) => problem::damaged("JPEG", what),
            Failure::Unsupported(what) => problem::unsupported_kind("JPEG", what),
        }
    }
}
