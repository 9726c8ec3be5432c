//! Multipart forms.

use super::*;

const FORM: &str = "multipart/form-data; boundary=XX";
const FILE: &str = r#"Content-Disposition: form-data; name="image"; filename="7.png""#;
const EMPTY_FILE: &str =
    "Content-Disposition: form-data; name=\"second\"; filename=\"\"\r\nContent-Type: application/octet-stream";
const FIELD: &str = r#"Content-Disposition: form-data; name="image""#;
const TEXT: &str = r#"Content-Disposition: form-data; name="comment""#;

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (headers, content) in parts {
        body.extend(format!("--XX\r\n{headers}\r\n\r\n").bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--XX--\r\n");
    body
}

fn detail(content_type: &str, body: &[u8]) -> String {
    let outcome = send(base64_event(content_type, body));
    assert_eq!(outcome.status, 400, "{}", outcome.body);
    outcome.body["detail"].as_str().unwrap().to_owned()
}

#[test]
fn the_one_image_counts_whatever_else_a_form_has() {
    let seven = read("test_images/7.png");
    let base64 = STANDARD.encode(&seven);
    let lines: Vec<u8> = base64.as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    let data_url = format!("data:image/png;base64,{base64}");
    let encoded = format!("{FILE}\r\nContent-Transfer-Encoding: BASE64");
    let binary = format!("{FILE}\r\nContent-Transfer-Encoding: binary");
    let lying = format!("{FILE}\r\nContent-Transfer-Encoding: quoted-printable");
    let json = "Content-Disposition: form-data; name=\"meta\"; filename=\"m.json\"";
    for (parts, what) in [
        (&[(FILE, seven.as_slice())][..], "a file"),
        (&[(FIELD, &seven)], "a part without a file name"),
        (&[("Content-Type: image/png", &seven)], "a part without a name"),
        (&[(FILE, &seven), (TEXT, b"hello")], "text after the file"),
        (&[(TEXT, b"hello"), (FIELD, &seven)], "text before a part without a file name"),
        (&[(FILE, &seven), (EMPTY_FILE, b"")], "a second file input left empty"),
        (&[(EMPTY_FILE, b""), (EMPTY_FILE, b""), (FILE, &seven)], "two file inputs left empty"),
        (&[(json, b"{}"), (FILE, &seven)], "a file that is not an image"),
        (&[(FIELD, base64.as_bytes())], "base64 in a field"),
        (&[(FILE, &lines)], "base64 in a file"),
        (&[(FIELD, data_url.as_bytes()), (TEXT, b"hello")], "a data URL in a field"),
        (&[(&encoded, &lines)], "a part that declares base64"),
        (&[(&binary, &seven)], "a part that declares binary"),
        (&[(&lying, &seven)], "a part that declares what it is not"),
    ] {
        let outcome = send(base64_event(FORM, &form(parts)));
        assert_eq!((outcome.status, &outcome.body["label"]), (200, &json!("7")), "{what}: {}", outcome.body);
    }
}

#[test]
fn a_form_without_exactly_one_image_is_explained() {
    let seven = read("test_images/7.png");
    let base64 = STANDARD.encode(&seven);
    let no_base64 = format!("{FILE}\r\nContent-Transfer-Encoding: base64");
    for (parts, reason) in [
        (&[][..], "it has no parts"),
        (&[(FILE, seven.as_slice()), (FILE, &seven)][..], "it has 2 images; send exactly one"),
        (&[(FILE, &seven), (FIELD, base64.as_bytes())], "it has 2 images; send exactly one"),
        (&[(EMPTY_FILE, b"")], "its file is empty"),
        (&[(TEXT, b"hello"), (TEXT, b"you")], "none of its 2 parts is an image"),
        (&[(FILE, b"hello")], r#"the form's file "image" is text, not an image: "hello""#),
        (&[(TEXT, b"hello"), (FILE, b"\0\x01\x02")], "not in a known image format"),
        (
            &[(FIELD, b"/tmp/7.png")],
            r#"the form's field "image" is the text "/tmp/7.png", which looks like a file's path"#,
        ),
        (&[(&no_base64, b"%%%")], "not valid base64"),
    ] {
        let detail = detail(FORM, &form(parts));
        assert!(detail.contains(reason), "{reason}: {detail}");
    }
    assert_eq!(
        status(FORM, &form(&[(&format!("{FILE}\r\nContent-Transfer-Encoding: quoted-printable"), b"=89PNG")])),
        415
    );
    assert_eq!(status(FORM, &form(&[(FILE, &seven[..seven.len() / 2])])), 400);
}

#[test]
fn a_malformed_form_is_explained() {
    let body = form(&[(FILE, &read("test_images/7.png"))]);
    let lf = b"--XX\nContent-Disposition: form-data; name=\"image\"; filename=\"a.txt\"\n\nhello\n--XX--\n";
    for (content_type, body, reason) in [
        ("multipart/form-data", &body[..], "no boundary"),
        (
            "multipart/form-data; boundary=other",
            &body,
            "the boundary \"other\" of its Content-Type does not occur in the body",
        ),
        (FORM, &lf[..], "its lines end with LF; a form's lines end with CRLF"),
        (FORM, b"--XX\r\nContent-Disp", "cut short"),
        (FORM, &body[..body.len() - 20], "cut short"),
        (FORM, b"no form at all", "does not occur in the body"),
    ] {
        let detail = detail(content_type, body);
        assert!(detail.starts_with("reading form: ") && detail.contains(reason), "{reason}: {detail}");
    }
    for content_type in ["application/x-www-form-urlencoded", "image/png"] {
        let detail = detail(content_type, &body);
        assert!(detail.contains("is a form; send it with the Content-Type multipart/form-data"), "{detail}");
    }
    assert_eq!(status("multipart/mixed; boundary=XX", &body), 415);
    assert_eq!(status("multipart/related; boundary=XX", &body), 415);
}
