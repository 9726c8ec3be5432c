//! Compressed bodies.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encoded(encoding: &str, content_type: &str, body: &[u8]) -> Outcome {
    let mut event = base64_event(content_type, body);
    event["headers"]["CONTENT-encoding"] = json!(encoding);
    send(event)
}

#[test]
fn gzip_and_deflate_are_decompressed() {
    let seven = read("test_images/7.png");
    let json = json!({"image": STANDARD.encode(&seven)}).to_string();
    let half = seven.len() / 2;
    let members = [gzip(&seven[..half]), gzip(&seven[half..])].concat();
    for (encoding, body) in [
        ("gzip", gzip(&seven)),
        ("X-GZip", gzip(&seven)),
        ("", gzip(&seven)),
        ("identity", gzip(&seven)),
        ("br", gzip(&seven)),
        ("gzip", members),
        ("gzip", gzip(json.as_bytes())),
        ("deflate", zlib(&seven)),
        ("deflate", deflate(&seven)),
        ("gzip", seven.clone()),
        ("deflate", seven.clone()),
        ("br", seven.clone()),
    ] {
        let outcome = encoded(encoding, "image/png", &body);
        assert_eq!((outcome.status, &outcome.body["label"]), (200, &json!("7")), "{encoding}: {}", outcome.body);
        assert_eq!(outcome.log["bytes"], seven.len());
    }
    let mut form = b"--x\r\nContent-Disposition: form-data; name=image\r\n\r\n".to_vec();
    form.extend([&seven[..], b"\r\n--x--\r\n"].concat());
    assert_eq!(encoded("gzip", "multipart/form-data; boundary=x", &gzip(&form)).status, 200);
}

#[test]
fn other_encodings_and_damage_are_refused_by_name() {
    let (seven, text) = (read("test_images/7.png"), b"no image".as_slice());
    let mut spoilt = gzip(&seven);
    let last = spoilt.len() - 6;
    spoilt[last] ^= 1;
    for (encoding, body, status, reason) in [
        ("br", text, 415, "Content-Encoding br is not supported"),
        ("zstd", text, 415, "Content-Encoding zstd is not supported"),
        ("gzip, gzip", text, 415, "Content-Encoding gzip, gzip is not supported"),
        ("aws-chunked", text, 415, "aws-chunked"),
        ("", b"\x28\xb5\x2f\xfd and more", 415, "zstd-compressed data"),
        ("gzip", text, 400, "its Content-Encoding is gzip, but its bytes are not"),
        ("gzip", &gzip(&seven)[..100], 400, "reading gzip body: the data is truncated"),
        ("gzip", &spoilt, 400, "reading gzip body: "),
        ("gzip", &gzip(b""), 400, "empty when decompressed"),
        ("gzip", &gzip(text), 400, "is text, not an image"),
        ("deflate", b"\x07\xff no deflate", 400, "reading deflate body"),
    ] {
        let outcome = encoded(encoding, "image/png", body);
        let detail = outcome.body["detail"].as_str().unwrap();
        assert_eq!(outcome.status, status, "{encoding}: {detail}");
        assert!(detail.contains(reason), "{encoding}: {detail}");
    }
}

/// What a small body becomes is bounded, in one layer and in several.
#[test]
fn a_bomb_is_refused() {
    let bomb = gzip(&vec![0; 200 * 1024 * 1024]);
    assert!(bomb.len() < 300_000);
    for body in [&bomb, &bomb[..bomb.len() / 2], &zlib(&vec![0; 11 * 1024 * 1024])] {
        let outcome = encoded("deflate", "image/png", body);
        assert_eq!(outcome.status, 413, "{}", outcome.body);
        assert!(outcome.body["detail"].as_str().unwrap().contains("when decompressed"));
    }
    // A second layer is not decompressed.
    let outcome = encoded("gzip", "image/png", &gzip(&bomb));
    assert_eq!(outcome.status, 400, "{}", outcome.body);
}
