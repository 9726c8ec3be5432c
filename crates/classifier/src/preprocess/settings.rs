//! Preprocessing settings: how an image becomes the model's input tensor.

use serde::{Deserialize, Serialize};

/// How an image becomes a tensor, in this order: `orient`, `background`, `color`, `resize` with `filter`, `crop`, `invert`; then
/// for a float input `(value * scale[channel] - mean[channel]) / std[channel]`. A uint8 input takes the bytes unchanged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Whether to turn the image as its EXIF orientation says.
    pub orient: Orient,
    /// The color behind transparent pixels, red, green and blue. `None` drops the alpha channel, as Pillow's `convert` does.
    pub background: Option<[u8; 3]>,
    /// Grey, RGB or BGR. `None` means what the model's channel count says: grey or RGB.
    pub color: Option<Color>,
    /// Width and height of the model's input in pixels. `None` means the model's own size, which must then be fixed.
    pub size: Option<[u32; 2]>,
    /// How the image is brought to the model's size.
    pub resize: Resize,
    /// With `resize = "shorter"`: the length in pixels that the shorter side gets before the crop. `None` means the shorter side
    /// of `size`. With `resize = "both"`: width and height before the crop, if both have this length.
    pub resize_to: Option<u32>,
    /// With `resize = "letterbox"`: the color of the bars, red, green and blue.
    pub pad: [u8; 3],
    /// Which part of the resized image the model sees.
    pub crop: Crop,
    /// Resampling filter.
    pub filter: Filter,
    /// Replaces each value `v` by `255 - v`: for photos of dark ink on white paper, if the model expects white on black.
    pub invert: bool,
    /// Multiplies each value first; 1/255 maps 0..255 to 0..1. One value for all channels or one per channel. Empty means not
    /// known, which is an error for a float input.
    pub scale: Vec<f32>,
    /// One value per channel, or one for all; empty means 0.
    pub mean: Vec<f32>,
    /// One value per channel, or one for all; empty means 1.
    pub std: Vec<f32>,
}

/// Whether an image is turned before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orient {
    /// As its rows are stored, as by Pillow's `Image.open`.
    #[default]
    None,
    /// As its EXIF orientation says, as by Pillow's `ImageOps.exif_transpose`.
    Exif,
}

/// How an image is brought to the model's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// Both sides, whatever the image's proportions.
    #[default]
    Both,
    /// The shorter side to `resize_to`, the other in proportion.
    Shorter,
    /// As large as fits into the model's size in proportion; bars of the color `pad` fill the rest.
    Letterbox,
    /// Not at all: the image must have the model's size, or at least that size if it is cropped.
    None,
}

/// Which part of the resized image the model sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Crop {
    /// All of it, which must have the model's size.
    #[default]
    None,
    /// The center, of the model's size, as by torchvision's `CenterCrop`: half a pixel rounds to the even side.
    Center,
    /// The center, of the model's size, as in Hugging Face's image processors: half a pixel rounds down.
    CenterFloor,
}

/// The color mode of the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Color {
    /// One channel, ITU-R 601 luma.
    #[serde(rename = "L")]
    L,
    /// Three channels: red, green, blue.
    #[serde(rename = "RGB")]
    Rgb,
    /// Three channels: blue, green, red, as OpenCV reads images.
    #[serde(rename = "BGR")]
    Bgr,
}

impl Color {
    /// The name in deploy.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::Rgb => "RGB",
            Self::Bgr => "BGR",
        }
    }

    /// Values per pixel.
    pub fn channels(self) -> usize {
        match self {
            Self::L => 1,
            Self::Rgb | Self::Bgr => 3,
        }
    }
}

/// Resampling filters: each gives the values that the library it names gives. The plain names are Pillow's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// Pillow's `NEAREST`.
    Nearest,
    /// Pillow's `BOX`.
    Box,
    /// Pillow's `BILINEAR`, which averages when it shrinks.
    #[default]
    Bilinear,
    /// Pillow's `HAMMING`.
    Hamming,
    /// Pillow's `BICUBIC`.
    Bicubic,
    /// Pillow's `LANCZOS`.
    Lanczos,
    /// torchvision on float tensors, `antialias=False`; the values are not rounded.
    TorchBilinear,
    /// torchvision on float tensors, `antialias=True`; the values are not rounded.
    TorchBilinearAntialias,
    /// torchvision on float tensors, `antialias=False`; the values are not rounded.
    TorchBicubic,
    /// torchvision on float tensors, `antialias=True`; the values are not rounded.
    TorchBicubicAntialias,
    /// torchvision on uint8 tensors, `antialias=False`.
    #[serde(rename = "torch-uint8-bilinear")]
    TorchUint8Bilinear,
    /// torchvision on uint8 tensors, `antialias=True`.
    #[serde(rename = "torch-uint8-bilinear-antialias")]
    TorchUint8BilinearAntialias,
    /// torchvision on uint8 tensors, `antialias=True`.
    #[serde(rename = "torch-uint8-bicubic-antialias")]
    TorchUint8BicubicAntialias,
    /// `tf.image.resize` with `method="nearest"`.
    TfNearest,
    /// `tf.image.resize` with its defaults; the values are not rounded.
    TfBilinear,
    /// `tf.image.resize` with `antialias=True`; the values are not rounded.
    TfBilinearAntialias,
    /// `tf.image.resize` with `method="bicubic"`; the values are not rounded.
    TfBicubic,
    /// `tf.image.resize` with `method="area"`; the values are not rounded.
    TfArea,
    /// `cv2.resize` with `INTER_NEAREST`.
    OpencvNearest,
    /// `cv2.resize` with its default, `INTER_LINEAR`, which does not average when it shrinks.
    OpencvLinear,
    /// `cv2.resize` with `INTER_AREA`.
    OpencvArea,
}

impl Filter {
    /// All filters with their names in deploy.toml.
    pub const NAMES: [(&'static str, Self); 21] = [
        ("nearest", Self::Nearest),
        ("box", Self::Box),
        ("bilinear", Self::Bilinear),
        ("hamming", Self::Hamming),
        ("bicubic", Self::Bicubic),
        ("lanczos", Self::Lanczos),
        ("torch-bilinear", Self::TorchBilinear),
        ("torch-bilinear-antialias", Self::TorchBilinearAntialias),
        ("torch-bicubic", Self::TorchBicubic),
        ("torch-bicubic-antialias", Self::TorchBicubicAntialias),
        ("torch-uint8-bilinear", Self::TorchUint8Bilinear),
        ("torch-uint8-bilinear-antialias", Self::TorchUint8BilinearAntialias),
        ("torch-uint8-bicubic-antialias", Self::TorchUint8BicubicAntialias),
        ("tf-nearest", Self::TfNearest),
        ("tf-bilinear", Self::TfBilinear),
        ("tf-bilinear-antialias", Self::TfBilinearAntialias),
        ("tf-bicubic", Self::TfBicubic),
        ("tf-area", Self::TfArea),
        ("opencv-nearest", Self::OpencvNearest),
        ("opencv-linear", Self::OpencvLinear),
        ("opencv-area", Self::OpencvArea),
    ];
}
