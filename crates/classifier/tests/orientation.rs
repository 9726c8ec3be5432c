//! The orientation that cameras record, in each format that has a place for it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use classifier::exif_orientation;

/// An EXIF directory with the orientation as its second entry.
fn exif(is_big_endian: bool, orientation: u16) -> Vec<u8> {
    let two = |value: u16| if is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let four = |value: u32| if is_big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut exif = if is_big_endian { b"MM".to_vec() } else { b"II".to_vec() };
    exif.extend(two(42));
    exif.extend(four(8));
    exif.extend(two(2));
    for (tag, value) in [(0x0110, 7), (0x0112, orientation)] {
        exif.extend(two(tag));
        exif.extend(two(3));
        exif.extend(four(1));
        exif.extend(two(value));
        exif.extend([0; 2]);
    }
    exif.extend(four(0));
    exif
}

fn jpeg(segments: &[(u8, &[u8])]) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    for (marker, data) in segments {
        file.extend([0xff, *marker]);
        file.extend(u16::try_from(data.len() + 2).unwrap().to_be_bytes());
        file.extend(*data);
    }
    file
}

fn png(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", &[0; 13][..]), (kind, data)] {
        file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        file.extend(kind);
        file.extend(data);
        file.extend([0; 4]);
    }
    file
}

fn webp(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0".to_vec();
    file.extend([0; 10]);
    file.extend(kind);
    file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
    file.extend(data);
    file
}

#[test]
fn every_format_is_read() {
    for orientation in 1..=8 {
        for is_big_endian in [false, true] {
            let exif = exif(is_big_endian, orientation);
            let segment = [b"Exif\0\0", &exif[..]].concat();
            let files = [
                jpeg(&[(0xe0, b"JFIF\0"), (0xe1, &segment), (0xda, b"")]),
                png(b"eXIf", &exif),
                webp(b"EXIF", &exif),
                webp(b"EXIF", &segment),
                exif,
            ];
            for file in files {
                assert_eq!(u16::from(exif_orientation(&file)), orientation, "{file:?}");
            }
        }
    }
}

#[test]
fn xmp_counts_if_exif_is_silent() {
    let attribute = b"http://ns.adobe.com/xap/1.0/\0<rdf:Description tiff:Orientation=\"6\"/>";
    let element = b"XML:com.adobe.xmp\0\0\0\0\0<tiff:Orientation>8</tiff:Orientation>";
    assert_eq!(exif_orientation(&jpeg(&[(0xe1, attribute)])), 6);
    assert_eq!(exif_orientation(&png(b"iTXt", element)), 8);
    let both = [b"Exif\0\0", &exif(true, 3)[..]].concat();
    assert_eq!(exif_orientation(&jpeg(&[(0xe1, attribute), (0xe1, &both)])), 3);
}

#[test]
fn only_the_first_image_counts() {
    let segment = [b"Exif\0\0", &exif(false, 6)[..]].concat();
    // After the first scan come its data and, in some files, another image.
    assert_eq!(exif_orientation(&jpeg(&[(0xda, b""), (0xe1, &segment)])), 1);
    assert_eq!(exif_orientation(&jpeg(&[(0xd9, b""), (0xe1, &segment)])), 1);
}

#[test]
fn damaged_data_is_upright() {
    for value in [0, 9, 77] {
        assert_eq!(exif_orientation(&exif(true, value)), 1);
    }
    let whole = jpeg(&[(0xe1, &[b"Exif\0\0", &exif(false, 6)[..]].concat())]);
    for length in 0..whole.len() {
        assert_eq!(exif_orientation(&whole[..length]), 1);
    }
    for length in 0..60 {
        assert_eq!(exif_orientation(&[b"II*\0".to_vec(), vec![0xff; length]].concat()), 1);
    }
    for other in [&b""[..], b"GIF89a", b"BM", b"text"] {
        assert_eq!(exif_orientation(other), 1);
    }
}
