//! Image bytes to the model's input: every format, every limit. A decoded image has exactly the pixels that were asked for.
#![no_main]

use classifier::{Color, Filter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for (color, size, filter) in [(Color::L, [28, 28], Filter::Bilinear), (Color::Rgb, [7, 3], Filter::Nearest)] {
        if let Ok(pixels) = classifier::preprocess(data, color, size, filter) {
            assert_eq!(pixels.data.len(), size[0] as usize * size[1] as usize * color.channels());
        }
    }
});
