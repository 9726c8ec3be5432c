//! The orientation that a camera writes into an image's EXIF data.

use image::metadata::Orientation;

/// The EXIF orientation of a JPEG, PNG or WebP file, 1 to 8. 1, as stored, if the file has none or its EXIF data is damaged.
pub(crate) fn exif_orientation(bytes: &[u8]) -> u8 {
    let exif = match bytes {
        [0xff, 0xd8, segments @ ..] => jpeg_exif(segments),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', chunks @ ..] => png_exif(chunks),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', chunks @ ..] => webp_exif(chunks),
        _ => None,
    };
    exif.and_then(Orientation::from_exif_chunk).map_or(1, Orientation::to_exif)
}

/// What precedes EXIF data in a JPEG, and sometimes in a WebP.
const EXIF: &[u8] = b"Exif\0\0";

/// Walks the segments up to the first scan.
fn jpeg_exif(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        match bytes {
            // Any number of bytes 0xff may fill the space before a marker.
            [0xff, 0xff, ..] => bytes = &bytes[1..],
            // Markers without a length.
            [0xff, 0x01 | 0xd0..=0xd8, rest @ ..] => bytes = rest,
            [0xff, 0xd9 | 0xda, ..] => return None,
            [0xff, marker, high, low, rest @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?;
                let (content, rest) = rest.split_at_checked(length)?;
                match content.strip_prefix(EXIF) {
                    Some(exif) if *marker == 0xe1 => return Some(exif),
                    _ => bytes = rest,
                }
            }
            _ => return None,
        }
    }
}

/// Walks the chunks: length, name, content, checksum.
fn png_exif(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_first_chunk::<4>()?;
        let (content, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        match name {
            b"eXIf" => return Some(content),
            b"IEND" => return None,
            _ => bytes = rest.get(4..)?,
        }
    }
}

/// Walks the chunks: name, length, content, padded to an even length.
fn webp_exif(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (name, rest) = bytes.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (content, rest) = rest.split_at_checked(length)?;
        if name == b"EXIF" {
            return Some(content.strip_prefix(EXIF).unwrap_or(content));
        }
        bytes = rest.get(length % 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXIF data with one entry, the orientation.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
        exif
    }

    fn chunk(name: &[u8], content: &[u8], little: bool) -> Vec<u8> {
        let length = content.len() as u32;
        match little {
            true => [name, &length.to_le_bytes(), content, &[0][..content.len() % 2]].concat(),
            false => [&length.to_be_bytes(), name, content, &[0; 4]].concat(),
        }
    }

    fn files(orientation: u8) -> [Vec<u8>; 3] {
        let exif = exif(orientation);
        let length = (exif.len() + 8) as u8;
        let jpeg =
            [b"\xff\xd8\xff\xe0\0\x04AB\xff\xff\xe1\0", &[length][..], b"Exif\0\0", &exif, b"\xff\xda\0\x02"].concat();
        let png =
            [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &[0; 13], false), chunk(b"eXIf", &exif, false)].concat();
        let webp = [b"RIFF\0\0\0\0WEBP".to_vec(), chunk(b"VP8X", &[0; 11], true), chunk(b"EXIF", &exif, true)].concat();
        [jpeg, png, webp]
    }

    #[test]
    fn each_format_has_its_place_for_it() {
        for orientation in 1..=8 {
            assert_eq!(files(orientation).map(|file| exif_orientation(&file)), [orientation; 3]);
        }
        assert_eq!(files(9).map(|file| exif_orientation(&file)), [1; 3]);
    }

    #[test]
    fn a_damaged_file_is_as_stored() {
        for file in files(6) {
            for length in 0..file.len() {
                assert!(matches!(exif_orientation(&file[..length]), 1 | 6), "{length}");
            }
        }
        assert_eq!(exif_orientation(b"GIF89a"), 1);
        assert_eq!(exif_orientation(b"\xff\xd8\xff\xd9\xff\xe1\0\x08Exif\0\0"), 1);
    }
}
