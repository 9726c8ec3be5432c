//! From a file's bytes to text. What is no list of labels at all is refused here.

use super::listed::{Place, Problem};

const SAVE_AS: &str = "save it as UTF-8";

/// UTF-8 with or without a byte order mark, or UTF-16 with one. Lines end in `\n` afterwards.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Problem> {
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => utf8(bytes)?,
    };
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    refuse_other_files(&text)?;
    if let Some((line, _)) = text.lines().enumerate().find(|(_, line)| line.contains('\0')) {
        return Err(Problem::at(Place::Line(line + 1), format_args!("holds a NUL byte; if it is UTF-16, {SAVE_AS}")));
    }
    match text.trim().is_empty() {
        true => Err(Problem::new("it holds no labels")),
        false => Ok(text),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Problem> {
    String::from_utf8(bytes.to_vec()).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = 1 + bytes[..good].iter().filter(|byte| **byte == b'\n').count();
        let byte = bytes.get(good).copied().unwrap_or_default();
        Problem::at(
            Place::Line(line),
            format_args!("holds the byte 0x{byte:02x}, which is not UTF-8 (Latin-1 or Windows-1252?); {SAVE_AS}"),
        )
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Problem> {
    let refused = || Problem::new(format!("it starts as UTF-16 but is not; {SAVE_AS}"));
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    let text = String::from_utf16(&units).map_err(|_| refused())?;
    if rest.is_empty() { Ok(text) } else { Err(refused()) }
}

/// What a download leaves in place of a file.
fn refuse_other_files(text: &str) -> Result<(), Problem> {
    let start: String = text.trim_start().chars().take(60).collect::<String>().to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| start.starts_with(word));
    let what = if starts(&["version https://git-lfs.github.com/"]) {
        "it is a pointer of Git LFS, not the file itself; run `git lfs pull`"
    } else if starts(&["<!doctype", "<html", "<head", "<body", "<?xml", "<svg"]) {
        "it is a web page, not a list of labels; download the raw file"
    } else if starts(&["404: not found", "404 not found", "entry not found", "not found"]) {
        "it is a server's answer, not a list of labels; download the file again"
    } else if starts(&["{\\rtf", "%pdf-", "pk\u{3}\u{4}"]) {
        "it is a document, not plain text; save it as plain text"
    } else {
        return Ok(());
    };
    Err(Problem::new(what))
}
