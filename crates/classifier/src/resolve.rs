//! Interprets the input and output that a model file declares: its layout, size and channels, and whether the manifest matches.

use tract_onnx::prelude::TypedFact;

use crate::error::Error;
use crate::model_info::{ElementType, Layout, ModelInfo};
use crate::preprocess::{Color, Preprocess};

/// Largest image side in pixels. A model file that declares more is considered damaged.
const MAX_INPUT_SIDE: usize = 8192;

/// Matches the declared dimensions (`None` if dynamic) with the manifest's preprocessing. `preferred` decides if four dimensions
/// can be read as either NHWC or NCHW. Leaves `classes` at 0 for the caller.
pub(crate) fn resolve(
    dimensions: &[Option<usize>],
    input_type: ElementType,
    preprocess: &Preprocess,
    preferred: Layout,
) -> Result<ModelInfo, Error> {
    let shown = || {
        let names: Vec<String> =
            dimensions.iter().map(|dimension| dimension.map_or("?".to_owned(), |n| n.to_string())).collect();
        format!("[{}]", names.join(", "))
    };
    let is_channels = |dimension: Option<usize>| matches!(dimension, Some(1 | 3));
    let (layout, height, width, channels) = match *dimensions {
        [_, height, width] => (Layout::Nhw, height, width, Some(1)),
        [_, a, b, c] if is_channels(a) && (!is_channels(c) || preferred == Layout::Nchw) => (Layout::Nchw, b, c, a),
        [_, a, b, c] if is_channels(c) => (Layout::Nhwc, a, b, c),
        _ => {
            return Err(Error::Model(format!(
                "reading model: its input has shape {}; an image classifier takes [1, height, width], [1, height, width, \
                 channels] or [1, channels, height, width] with 1 or 3 channels",
                shown()
            )));
        }
    };
    if !matches!(dimensions[0], None | Some(1)) {
        return Err(Error::Model(format!(
            "reading model: its input {} has a fixed batch size; export it with batch size 1 or a dynamic one",
            shown()
        )));
    }
    let [width, height] = resolve_size([width, height], preprocess.size)?;
    let color = match preprocess.color {
        Some(Color::Bgr) if channels == Some(3) => Color::Bgr,
        _ if channels == Some(3) => Color::Rgb,
        _ => Color::L,
    };
    if let Some(wanted) = preprocess.color.filter(|&wanted| wanted != color) {
        return Err(Error::Model(format!(
            "reading model: its input {} takes {}, but preprocess.color says {}",
            shown(),
            color.name(),
            wanted.name()
        )));
    }
    check_normalization(preprocess, input_type, color.channels())?;
    let input_shape = match layout {
        Layout::Nhw => vec![1, height, width],
        Layout::Nhwc => vec![1, height, width, color.channels()],
        Layout::Nchw => vec![1, color.channels(), height, width],
    };
    let size = [width as u32, height as u32];
    Ok(ModelInfo { input_shape, input_type, layout, size, color, classes: 0 })
}

/// The number of classes, if the output is a single row of numbers: [1, classes], [classes], [1, classes, 1, 1] and the like.
pub(crate) fn classes(output: &TypedFact) -> Option<usize> {
    let shape = output.shape.as_concrete()?;
    let is_row = shape.iter().filter(|&&side| side != 1).count() <= 1 && !shape.contains(&0);
    (is_row && output.datum_type.is_number()).then(|| shape.iter().product())
}

fn resolve_size(model: [Option<usize>; 2], wanted: Option<[u32; 2]>) -> Result<[usize; 2], Error> {
    let mut size = [0; 2];
    for axis in 0..2 {
        size[axis] = match (model[axis], wanted.map(|wanted| wanted[axis] as usize)) {
            (Some(fixed), Some(wanted)) if fixed != wanted => {
                return Err(Error::Model(format!(
                    "reading model: its input has {} {fixed}, but preprocess.size says {wanted}",
                    ["width", "height"][axis]
                )));
            }
            (Some(length), _) | (None, Some(length)) => length,
            (None, None) => {
                return Err(Error::Model(
                    "reading model: its input has no fixed image size; set preprocess.size to [width, height]"
                        .to_owned(),
                ));
            }
        };
        if !(1..=MAX_INPUT_SIDE).contains(&size[axis]) {
            return Err(Error::Model(format!(
                "reading model: its input has an image side of {} pixels; 1 to {MAX_INPUT_SIDE} are supported",
                size[axis]
            )));
        }
    }
    Ok(size)
}

fn check_normalization(preprocess: &Preprocess, input_type: ElementType, channels: usize) -> Result<(), Error> {
    let normalizes = !preprocess.scale.is_empty() || !preprocess.mean.is_empty() || !preprocess.std.is_empty();
    if input_type == ElementType::Uint8 && normalizes {
        return Err(Error::Model(
            "reading model: its input is uint8 and takes the pixels unchanged; remove preprocess.scale, mean and std"
                .to_owned(),
        ));
    }
    for (name, values) in [("scale", &preprocess.scale), ("mean", &preprocess.mean), ("std", &preprocess.std)] {
        if values.len() > 1 && values.len() != channels {
            return Err(Error::Model(format!(
                "reading model: preprocess.{name} has {} values; the model has {channels} channels",
                values.len()
            )));
        }
    }
    if preprocess.std.contains(&0.0) {
        return Err(Error::Model("reading model: preprocess.std must not be 0".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::input_tensor::{InputTensor, input_tensor};
    use crate::pixels::{Pixels, Raster};

    fn resolve(dimensions: &[Option<usize>], preferred: Layout, preprocess: &Preprocess) -> Result<ModelInfo, Error> {
        super::resolve(dimensions, ElementType::Float32, preprocess, preferred)
    }

    #[test]
    fn the_layout_follows_from_the_channels() {
        let preprocess = Preprocess::default();
        let layout = |dimensions: &[Option<usize>], prefer| resolve(dimensions, prefer, &preprocess).unwrap().layout;
        assert_eq!(layout(&[None, Some(28), Some(28)], Layout::Nchw), Layout::Nhw);
        assert_eq!(layout(&[None, Some(224), Some(224), Some(3)], Layout::Nchw), Layout::Nhwc);
        assert_eq!(layout(&[Some(1), Some(3), Some(224), Some(224)], Layout::Nhwc), Layout::Nchw);
        assert_eq!(layout(&[Some(1), Some(3), Some(9), Some(3)], Layout::Nhwc), Layout::Nhwc);
        assert_eq!(layout(&[Some(1), Some(3), Some(9), Some(3)], Layout::Nchw), Layout::Nchw);
    }

    #[test]
    fn an_input_that_is_not_an_image_is_refused() {
        let preprocess = Preprocess::default();
        for dimensions in [&[Some(1), Some(784)][..], &[Some(1), Some(5), Some(28), Some(28)], &[]] {
            assert!(resolve(dimensions, Layout::Nchw, &preprocess).is_err(), "{dimensions:?}");
        }
        let batch = resolve(&[Some(8), Some(28), Some(28)], Layout::Nchw, &preprocess).unwrap_err();
        assert!(batch.to_string().contains("batch"), "{batch}");
        let huge = resolve(&[Some(1), Some(1 << 40), Some(28)], Layout::Nchw, &preprocess).unwrap_err();
        assert!(huge.to_string().contains("pixels"), "{huge}");
    }

    #[test]
    fn the_manifest_fills_dynamic_dimensions_and_must_not_contradict_fixed_ones() {
        let open = [None, Some(3), None, None];
        assert!(resolve(&open, Layout::Nchw, &Preprocess::default()).is_err());
        let sized = Preprocess { size: Some([6, 4]), ..Preprocess::default() };
        assert_eq!(resolve(&open, Layout::Nchw, &sized).unwrap().input_shape, [1, 3, 4, 6]);
        assert!(resolve(&[None, Some(5), Some(6)], Layout::Nchw, &sized).is_err());
        let grey = Preprocess { color: Some(Color::L), ..sized };
        assert!(resolve(&open, Layout::Nchw, &grey).is_err());
    }

    #[test]
    fn uint8_inputs_are_not_normalized() {
        let scaled = Preprocess { scale: vec![1.0 / 255.0], ..Preprocess::default() };
        assert!(super::resolve(&[None, Some(2), Some(2)], ElementType::Uint8, &scaled, Layout::Nchw).is_err());
    }

    #[test]
    fn each_channel_is_normalized_with_its_own_mean() {
        let preprocess = Preprocess {
            invert: true,
            scale: vec![0.5],
            mean: vec![1.0, 2.0, 3.0],
            std: vec![2.0],
            ..Preprocess::default()
        };
        let pixels = Pixels { width: 2, height: 1, channels: 3, data: vec![255, 253, 251, 249, 247, 245] };
        let values = |shape: &[Option<usize>], layout| {
            let info = resolve(shape, layout, &preprocess).unwrap();
            match input_tensor(&info, Raster::Bytes(pixels.clone()), &preprocess) {
                InputTensor::F32(values) => values,
                InputTensor::U8(bytes) => panic!("bytes: {bytes:?}"),
            }
        };
        assert_eq!(values(&[None, Some(1), Some(2), Some(3)], Layout::Nhwc), [-0.5, -0.5, -0.5, 1.0, 1.0, 1.0]);
        assert_eq!(values(&[None, Some(3), Some(1), Some(2)], Layout::Nchw), [-0.5, 1.0, -0.5, 1.0, -0.5, 1.0]);
    }
}
