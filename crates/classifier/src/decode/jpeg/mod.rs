//! JPEG, with the pixels of libjpeg-turbo as Pillow uses it, to the last bit: baseline, extended and progressive, with
//! Huffman or arithmetic coding, any sampling, and damaged files.
//!
//! Data that ends early is an error. Data that is damaged but has its end marker is decoded as libjpeg does.

mod arithmetic;
mod block;
mod color;
mod component;
mod failure;
mod headers;
mod huffman;
mod idct;
mod scan;
mod smooth;
mod source;
mod standard;
mod transform;
mod upsample;

use super::decoded::Decoded;
use super::limits::check_size;
use crate::error::Error;
use component::Component;
use failure::Failure;
use headers::{Headers, ScanHeader};
use scan::Entropy;
use source::Source;
use upsample::Upsampling;

/// Most scans of a file. Cameras and encoders write about ten; each takes time even if it is empty.
const MAX_SCANS: usize = 500;

/// Decodes the first image of a file. What follows its end marker is ignored: a second image, a video, or padding.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let mut source = Source::new(bytes);
    let mut headers = Headers::default();
    let first = headers.next_scan(&mut source)?.ok_or(Failure::Damaged("it has no image data"))?;
    let Some(frame) = headers.frame.take() else { return Err(Failure::Damaged("it has no frame header").into()) };
    check_size("JPEG", frame.width as u64, frame.height as u64)?;
    let mut components = Component::of(&frame);
    let is_single = first.components.len() == components.len() && !frame.is_progressive;
    if !frame.is_progressive && !frame.is_arithmetic {
        headers.add_standard_tables();
    }
    let largest = component::largest_sampling(&components);
    let color_space = headers.color_space(&frame);
    // Refuse before decoding.
    let upsampling = components.iter().map(|component| Upsampling::new(component, largest));
    let upsampling = upsampling.collect::<Result<Vec<_>, _>>()?;

    let (is_progressive, is_arithmetic) = (frame.is_progressive, frame.is_arithmetic);
    headers.frame = Some(frame);
    if is_single {
        scan::decode_single(&mut source, &headers, &first, &mut components, is_arithmetic)?;
        finish(&mut source, &mut headers)?;
    } else {
        let last_good = decode_scans(&mut source, &mut headers, first, &mut components, is_progressive, is_arithmetic)?;
        let smooth = is_progressive && smooth::is_useful(&components);
        for component in &mut components {
            transform::transform(component, smooth.then_some(last_good));
        }
    }
    let frame = headers.frame.as_ref().ok_or(Failure::Damaged("it has no frame header"))?;
    Ok(color::interleave(frame, &components, &upsampling, color_space))
}

/// Reads what follows the only scan. It may be missing, because every pixel is there.
fn finish(source: &mut Source, headers: &mut Headers) -> Result<(), Failure> {
    match headers.next_scan(source) {
        Ok(None) | Err(Failure::Truncated) => Ok(()),
        Ok(Some(_)) => Err(Failure::Damaged("it has data after its last scan")),
        Err(failure) => Err(failure),
    }
}

/// Reads all scans into the components' coefficients. Returns the last row of MCUs that the last scan reached.
fn decode_scans(
    source: &mut Source,
    headers: &mut Headers,
    first: ScanHeader,
    components: &mut [Component],
    is_progressive: bool,
    is_arithmetic: bool,
) -> Result<usize, Failure> {
    for component in components.iter_mut() {
        component.allocate_coefficients();
    }
    let mut last_good = 0;
    let mut next = Some(first);
    let mut count = 0;
    while let Some(header) = next {
        count += 1;
        if count > MAX_SCANS {
            return Err(Failure::Unsupported("it has more than 500 scans"));
        }
        component::latch_quantizers(components, &header, headers)?;
        let mut entropy = Entropy::new(headers, &header, is_progressive, is_arithmetic)?;
        if is_progressive {
            component::record_progress(components, &header, count > 1);
        }
        scan::decode_into_coefficients(source, headers, &header, components, &mut entropy, &mut last_good)?;
        next = headers.next_scan(source)?;
    }
    if count == 1 {
        for component in components {
            component.known_before = [-1; 64];
        }
    }
    Ok(last_good)
}
