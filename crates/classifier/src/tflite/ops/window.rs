//! The window of a convolution or pooling.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cnn::{PaddingSpec, PoolSpec};
use tract_onnx::tract_core::ops::nn::DataFormat;
use tract_tflite::tflite::Padding;

/// Largest kernel side, stride or dilation. A file that declares more is damaged.
const MAX_SIDE: usize = 1 << 14;

/// Height and width of kernel, stride and dilation, as the file declares them.
pub(super) struct Window {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [i32; 2],
    pub(super) dilation: [i32; 2],
    pub(super) padding: Padding,
}

impl Window {
    /// The window over an image of shape `[1, height, width, channels]`.
    pub(super) fn pool_spec(&self, image: &[usize], output_channels: usize) -> TractResult<PoolSpec> {
        let &[_, height, width, input_channels] = image else {
            bail!("its input has shape {image:?}; it needs four axes")
        };
        let (stride, dilation) = (positive(self.stride)?, positive(self.dilation)?);
        let kernel: TVec<usize> = self.kernel.iter().copied().collect();
        ensure!(kernel.iter().all(|side| (1..=MAX_SIDE).contains(side)), "its kernel has size {kernel:?}");
        let padding = match self.padding {
            Padding::SAME => PaddingSpec::SameUpper,
            _ => PaddingSpec::Valid,
        };
        for axis in 0..2 {
            let (reach, side) = ((kernel[axis] - 1) * dilation[axis] + 1, [height, width][axis]);
            ensure!(
                side > 0 && (padding == PaddingSpec::SameUpper || reach <= side),
                "its window reaches over {reach} pixels of an image side of {side}"
            );
        }
        Ok(PoolSpec {
            data_format: DataFormat::NHWC,
            kernel_shape: kernel,
            padding,
            strides: Some(stride),
            dilations: Some(dilation),
            input_channels,
            output_channels,
        })
    }
}

/// Strides and dilations as sizes.
pub(super) fn positive(pair: [i32; 2]) -> TractResult<TVec<usize>> {
    let sizes: TVec<usize> = pair.iter().filter_map(|&number| usize::try_from(number).ok()).collect();
    ensure!(
        sizes.len() == 2 && sizes.iter().all(|size| (1..=MAX_SIDE).contains(size)),
        "it has a stride or dilation of {pair:?}"
    );
    Ok(sizes)
}
