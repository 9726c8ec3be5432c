//! Image bytes to the model's input: every format, every limit, every kind of preprocessing. A decoded image has exactly the
//! pixels that were asked for.
#![no_main]

use classifier::{Color, Crop, Filter, Orient, Preprocess, Resize};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    assert!((1..=8).contains(&classifier::exif_orientation(data)));
    let plain = Preprocess::default();
    let cropped = Preprocess {
        orient: Orient::Exif,
        background: Some([255; 3]),
        resize: Resize::Shorter,
        resize_to: Some(9),
        crop: Crop::Center,
        filter: Filter::TorchBicubic,
        ..Preprocess::default()
    };
    let boxed = Preprocess { resize: Resize::Letterbox, filter: Filter::OpencvLinear, ..Preprocess::default() };
    let area = Preprocess { filter: Filter::OpencvArea, ..Preprocess::default() };
    for (color, size, settings) in [
        (Color::L, [28, 28], plain),
        (Color::Rgb, [7, 3], cropped),
        (Color::Bgr, [9, 11], boxed),
        (Color::L, [5, 4], area),
    ] {
        if let Ok(raster) = classifier::preprocess_with(data, color, size, &settings) {
            assert_eq!(raster.into_bytes().data.len(), size[0] as usize * size[1] as usize * color.channels());
        }
    }
});
