//! A reproducible zip: its files are sorted, have no times and have fixed permissions.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// A file in the zip.
pub(super) struct Entry {
    pub name: String,
    pub bytes: Vec<u8>,
    pub executable: bool,
}

pub(super) fn zip(mut files: Vec<Entry>) -> zip::result::ZipResult<Vec<u8>> {
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for file in &files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            // 1980-01-01, the earliest date that the format can hold.
            .last_modified_time(DateTime::default())
            .unix_permissions(if file.executable { 0o755 } else { 0o644 });
        writer.start_file(&file.name, options)?;
        writer.write_all(&file.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn entry(name: &str, bytes: &[u8], executable: bool) -> Entry {
        Entry { name: name.into(), bytes: bytes.to_vec(), executable }
    }

    #[test]
    fn the_order_of_files_does_not_show() {
        let first = zip(vec![entry("bootstrap", b"#!", true), entry("a.json", b"{}", false)]).unwrap();
        let second = zip(vec![entry("a.json", b"{}", false), entry("bootstrap", b"#!", true)]).unwrap();
        assert_eq!(first, second);
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        let bytes = vec![7; 100_000];
        let packed = zip(vec![entry("bootstrap", &bytes, true), entry("a.json", b"{}", false)]).unwrap();
        assert!(packed.len() < 1000);
        let mut archive = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["a.json", "bootstrap"]);
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        assert_eq!(file.last_modified(), Some(DateTime::default()));
        let mut unpacked = Vec::new();
        file.read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, bytes);
        drop(file);
        assert_eq!(archive.by_name("a.json").unwrap().unix_mode().unwrap() & 0o777, 0o644);
    }
}
