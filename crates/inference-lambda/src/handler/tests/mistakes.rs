//! What clients send by mistake: each answer says what it is and what to do.

use super::*;

fn detail(content_type: &str, body: &[u8], status: u16) -> String {
    let outcome = send(base64_event(content_type, body));
    let detail = outcome.body["detail"].as_str().unwrap_or_default().to_owned();
    assert_eq!(outcome.status, status, "{detail}");
    detail
}

/// An image of 100 x 100 with noise, so that its bytes take every value.
fn photo(encode: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut seed = 1u32;
    let noise: Vec<u8> = (0..30_000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .collect();
    encode(&noise)
}

fn bmp(pixels: &[u8]) -> Vec<u8> {
    let mut bmp = b"BM".to_vec();
    for word in [30_054u32, 0, 54, 40, 100, 100] {
        bmp.extend(word.to_le_bytes());
    }
    bmp.extend([1, 0, 24, 0]);
    bmp.extend([0; 24]);
    bmp.extend(pixels);
    bmp
}

#[test]
fn lost_line_breaks_name_the_right_option_of_curl() {
    let seven = read("test_images/7.png");
    let photo = photo(bmp);
    assert_eq!(status("image/bmp", &photo), 200);
    for image in [&seven, &photo] {
        // curl strips line breaks; newer versions also strip zeros.
        let stripped: Vec<u8> = image.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
        let without_zeros: Vec<u8> = stripped.iter().copied().filter(|&byte| byte != 0).collect();
        for body in [&stripped, &without_zeros] {
            let detail = detail("application/x-www-form-urlencoded", body, 400);
            assert!(detail.contains("lost its line breaks") && detail.contains("--data-binary @FILE"), "{detail}");
        }
    }
}

#[test]
fn converted_line_ends_are_named() {
    let seven = read("test_images/7.png");
    let unix: Vec<u8> = String::from_utf8_lossy(&seven[..8]).bytes().filter(|&byte| byte == b'\n').collect();
    assert_eq!(unix.len(), 2);
    let to_crlf = [b"\x89PNG\r\r\n\x1a\r\n", &seven[8..]].concat();
    let to_lf = [b"\x89PNG\n\x1a\n", &seven[8..]].concat();
    for body in [to_crlf, to_lf] {
        assert!(detail("image/png", &body, 400).contains("line ends were converted"));
    }
}

#[test]
fn a_path_or_a_url_is_not_an_image() {
    for path in ["test_images/7.png", "@7.png", "7.JPG", "C:\\pictures\\cat 7.webp", "/tmp/upload", "~/image.tiff\n"] {
        for content_type in ["image/png", "application/x-www-form-urlencoded"] {
            let detail = detail(content_type, path.as_bytes(), 400);
            assert!(
                detail.contains("looks like a file's path") && detail.contains("--data-binary @"),
                "{path}: {detail}"
            );
            assert!(!detail.contains("@@"), "{detail}");
        }
    }
    for url in ["https://example.com/7.png", "HTTP://example.com/?a=b&c=d", "s3://bucket/key"] {
        for body in [url.to_owned(), json!({"image": url}).to_string(), format!("image={url}")] {
            let detail = detail("application/x-www-form-urlencoded", body.as_bytes(), 400);
            assert!(detail.contains("is a URL") && detail.contains("send the image's bytes"), "{body}: {detail}");
        }
    }
    assert!(
        detail("", br#"{"image": "cats/7.png"}"#, 400).contains(r#"the JSON body's "image" is the text "cats/7.png""#)
    );
}

#[test]
fn text_is_named_and_cut() {
    let base64 = STANDARD.encode([b"this is not an image. ".as_slice(); 9].concat());
    assert!(
        detail("image/png", base64.as_bytes(), 400)
            .contains("is base64 of 198 bytes that are not in a known image format")
    );
    assert!(
        detail("", format!("data:image/png;base64,{base64}").as_bytes(), 400)
            .contains("data URL without a readable image")
    );
    assert!(detail("text/plain", b"data:image/png;base64,%%%", 400).contains("data URL without a readable image"));
    assert!(detail("image/png", b"hello", 400).ends_with(r#"the body is text, not an image: "hello""#));
    let long = detail("image/png", "ä <b>\n".repeat(1000).as_bytes(), 400);
    assert!(long.contains("is text, not an image") && long.len() < 300, "{long}");
    // Neither text nor known data.
    assert!(detail("image/png", &[1, 2, 3, 255], 400).contains("not in a known image format"));
    assert!(detail("application/pdf", b"%PDF-1.7\n...", 415).contains("is a PDF document, not an image"));
    assert!(detail("", b"PK\x03\x04\x14\0", 415).contains("is a ZIP archive"));
}

#[test]
fn bytes_that_became_text_are_named() {
    let seven = read("test_images/7.png");
    let gif = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xfe\xfd,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;";
    for image in [&seven[..], gif, b"\xff\xd8\xff\xe0\0\x10JFIF\0\xff"] {
        let text = String::from_utf8_lossy(image).into_owned();
        for body in [text.clone(), json!({"image": text}).to_string()] {
            let detail = detail("image/png", body.as_bytes(), 400);
            assert!(
                detail.contains("converted from bytes to text") && detail.contains("read the file as bytes"),
                "{detail}"
            );
        }
        let outcome = send(json!({"headers": {}, "body": text, "isBase64Encoded": false}));
        assert_eq!(outcome.status, 400);
        assert!(outcome.body["detail"].as_str().unwrap().contains("binary media types"), "{}", outcome.body);
    }
    let latin_1: String = seven.iter().map(|&byte| char::from(byte)).collect();
    assert!(detail("image/png", latin_1.as_bytes(), 400).contains("Latin-1"));
}
