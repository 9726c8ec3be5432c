//! Undoes a body's Content-Encoding. The result is bounded while it is written, so a small body cannot fill the memory.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::problem::Problem;

/// API Gateway's payload limit in bytes, and the limit of what a compressed body may become. Lambda's limit of 6 MB per event is
/// usually reached first.
pub(crate) const MAX_BODY: usize = 10 * 1024 * 1024;

/// Decompresses a body that is gzip according to its first bytes, or deflate according to its header. An image that is sent with the
/// header of an encoding it does not have is returned unchanged.
///
/// # Errors
///
/// A problem with status 400 (damaged), 413 (too large) or 415 (another encoding).
pub(crate) fn decode(body: Bytes, header: Option<&str>) -> Result<Bytes, Problem> {
    let header = header.unwrap_or_default().trim().to_ascii_lowercase();
    if classifier::is_image(&body) {
        return Ok(body);
    }
    if body.starts_with(&[0x1f, 0x8b, 0x08]) {
        return inflate("gzip", MultiGzDecoder::new(&body[..]));
    }
    match header.as_str() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => {
            Err(Problem::new(400, "reading body: its Content-Encoding is gzip, but its bytes are not"))
        }
        // HTTP's deflate has a zlib header; some clients omit it.
        "deflate" if is_zlib(&body) => inflate("deflate", ZlibDecoder::new(&body[..])),
        "deflate" => inflate("deflate", DeflateDecoder::new(&body[..])),
        other => Err(Problem::new(
            415,
            format!("reading body: Content-Encoding {other} is not supported; send gzip, deflate, or no encoding"),
        )),
    }
}

/// The two bytes of a zlib header: deflate with a window of at most 32 KB, and a checksum (RFC 1950).
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

fn inflate(name: &str, decoder: impl Read) -> Result<Bytes, Problem> {
    let mut inflated = Vec::new();
    let read = decoder.take(MAX_BODY as u64 + 1).read_to_end(&mut inflated);
    if inflated.len() > MAX_BODY {
        return Err(Problem::new(
            413,
            format!("reading {name} body: it has more than {MAX_BODY} bytes when decompressed"),
        ));
    }
    match read {
        Ok(0) => Err(Problem::new(400, format!("reading {name} body: it is empty when decompressed; send an image"))),
        Ok(_) => Ok(inflated.into()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Problem::new(400, format!("reading {name} body: the data is truncated")))
        }
        Err(error) => Err(Problem::new(400, format!("reading {name} body: {error}"))),
    }
}
