//! Images sent as text: base64, data URLs, JSON, and URL-encoded forms.

use super::*;

fn url_safe(base64: &str) -> String {
    base64.replace('+', "-").replace('/', "_")
}

/// Percent-encodes every byte.
fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

/// Sends a text twice: as API Gateway passes on binary and text media types.
fn both(content_type: &str, text: &str) -> [Outcome; 2] {
    let headers = json!({"content-type": content_type});
    [
        send(base64_event(content_type, text.as_bytes())),
        send(json!({"headers": headers, "body": text, "isBase64Encoded": false})),
    ]
}

#[test]
fn an_image_in_text_is_read_whatever_its_content_type() {
    let seven = read("test_images/7.png");
    let base64 = STANDARD.encode(&seven);
    assert!(base64.contains('+') && base64.contains('/') && base64.ends_with('='), "the image tests every character");
    let lines = |end: &str| {
        base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned() + end).collect::<String>()
    };
    let unpadded = base64.trim_end_matches('=');
    let texts = [
        base64.clone(),
        lines("\n"),
        lines("\r\n"),
        format!("\u{feff}{base64}\n"),
        url_safe(unpadded),
        unpadded.to_owned(),
        format!("data:image/png;base64,{base64}"),
        format!("DATA:text/plain;charset=utf-8;BASE64,{base64}"),
        format!("data:;base64,{}", base64.replace('+', "%2B").replace('=', "%3D")),
        format!("data:image/png,{}", percent_encoded(&seven)),
        json!({"image": base64}).to_string(),
        json!({"image": format!("data:image/png;base64,{base64}"), "user": {"id": 7}}).to_string(),
        format!("\n {}", json!({"image": lines("\n")})),
        format!("image={base64}"),
        format!("image={}", base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")),
        format!("user=me&image={}&note=&x", url_safe(&base64)),
        format!("image=data%3Aimage%2Fpng%3Bbase64%2C{}", base64.replace('+', "%2B")),
        format!("image={}", percent_encoded(&seven)),
        percent_encoded(&seven),
        percent_encoded(base64.as_bytes()),
    ];
    for text in &texts {
        for content_type in ["image/png", "text/plain", "application/json", "application/x-www-form-urlencoded", ""] {
            for outcome in both(content_type, text) {
                let start: String = text.chars().take(40).collect();
                assert_eq!(outcome.status, 200, "{content_type}, {start}: {}", outcome.body);
                assert_eq!(
                    (&outcome.body["label"], &outcome.log["bytes"]),
                    (&json!("7"), &json!(seven.len())),
                    "{start}"
                );
            }
        }
    }
}

#[test]
fn a_space_in_a_url_encoded_image_may_be_a_plus() {
    let gif = b"GIF89a \0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0;";
    let encoded: String =
        gif.iter().map(|&byte| if byte == b' ' { "+".to_owned() } else { format!("%{byte:02x}") }).collect();
    assert!(encoded.contains('+'), "the image tests it");
    assert_eq!(
        send(base64_event("application/x-www-form-urlencoded", format!("image={encoded}").as_bytes())).status,
        200
    );
}

#[test]
fn json_of_another_shape_is_explained() {
    for text in [
        "{}",
        r#"{"instances": [{"b64": "xx"}]}"#,
        r#"{"image": 7}"#,
        r#"{"image": {"type": "Buffer", "data": [137, 80]}}"#,
        r#"{"image": null}"#,
        r#"{"image": "a", "image": "b"}"#,
        r#"{"image": "cut"#,
        r#"{"image": "a"} and more"#,
    ] {
        for outcome in both("application/json", text) {
            assert_eq!(outcome.status, 400, "{text}: {}", outcome.body);
            let detail = outcome.body["detail"].as_str().unwrap();
            assert!(detail.contains(r#"send {"image": "<base64 or data URL>"}"#), "{text}: {detail}");
        }
    }
    for text in ["[1, 2]", "\"text\"", "7", "null", "not json"] {
        assert_eq!(status("application/vnd.api+json", text.as_bytes()), 400, "{text}");
    }
    let deep = format!("{{\"image\": {}", "[".repeat(100_000));
    assert_eq!(status("application/json", deep.as_bytes()), 400);
}

#[test]
fn two_images_in_a_url_encoded_form_are_refused() {
    let base64 = url_safe(&STANDARD.encode(read("test_images/7.png")));
    let outcome = send(base64_event("", format!("a={base64}&b={base64}").as_bytes()));
    assert_eq!(
        (outcome.status, &outcome.body["detail"]),
        (400, &json!("reading form: it has 2 images; send exactly one"))
    );
}

/// The header of a GIF that is 61 pixels wide starts like the field of a form.
#[test]
fn an_image_is_not_taken_for_text() {
    let gif = b"GIF89a=\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\x80\0\0\0\xff\xff\xff\x02\x02\x44\x01\0;";
    let outcome = send(base64_event("application/x-www-form-urlencoded", gif));
    assert_eq!((outcome.status, &outcome.log["format"]), (200, &json!("GIF")), "{}", outcome.body);
}
