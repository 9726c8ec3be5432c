//! Resampling, with the results of the library that the filter names.

mod axis;
mod nearest;
mod opencv;
mod pillow;
mod separable;
mod tensorflow;
mod torch;
mod torch_uint8;

pub(crate) use axis::Axis;

use crate::pixels::{Pixels, Raster};
use crate::preprocess::Filter;

/// Resizes an image along both axes, whose `from` are its width and height, and returns the wanted part. No length is zero.
pub(crate) fn resize(source: Pixels, x: &Axis, y: &Axis, filter: Filter) -> Raster {
    if x.is_same() && y.is_same() {
        return Raster::Bytes(match x.is_unchanged() && y.is_unchanged() {
            true => source,
            false => nearest::pick(&source, x, y, |axis| axis.wanted.clone().collect()),
        });
    }
    match filter {
        Filter::Nearest => Raster::Bytes(nearest::pick(&source, x, y, nearest::pillow)),
        Filter::TfNearest => Raster::Bytes(nearest::pick(&source, x, y, nearest::tensorflow)),
        Filter::OpencvNearest => Raster::Bytes(nearest::pick(&source, x, y, nearest::opencv)),
        Filter::Box => Raster::Bytes(pillow::resize(source, x, y, &pillow::BOX)),
        Filter::Bilinear => Raster::Bytes(pillow::resize(source, x, y, &pillow::BILINEAR)),
        Filter::Hamming => Raster::Bytes(pillow::resize(source, x, y, &pillow::HAMMING)),
        Filter::Bicubic => Raster::Bytes(pillow::resize(source, x, y, &pillow::BICUBIC)),
        Filter::Lanczos => Raster::Bytes(pillow::resize(source, x, y, &pillow::LANCZOS)),
        Filter::TorchBilinear => Raster::Floats(separable::resize(&source, x, y, torch::bilinear)),
        Filter::TorchBilinearAntialias => Raster::Floats(separable::resize(&source, x, y, torch::bilinear_antialias)),
        Filter::TorchBicubic => Raster::Floats(separable::resize(&source, x, y, torch::bicubic)),
        Filter::TorchBicubicAntialias => Raster::Floats(separable::resize(&source, x, y, torch::bicubic_antialias)),
        Filter::TorchUint8Bilinear => Raster::Bytes(torch_uint8::bilinear(&source, x, y)),
        Filter::TorchUint8BilinearAntialias => Raster::Bytes(torch_uint8::bilinear_antialias(&source, x, y)),
        Filter::TorchUint8BicubicAntialias => Raster::Bytes(torch_uint8::bicubic_antialias(&source, x, y)),
        Filter::TfBilinear => Raster::Floats(separable::resize(&source, x, y, tensorflow::bilinear)),
        Filter::TfBilinearAntialias => Raster::Floats(separable::resize(&source, x, y, tensorflow::bilinear_antialias)),
        Filter::TfBicubic => Raster::Floats(separable::resize(&source, x, y, tensorflow::bicubic)),
        Filter::TfArea => Raster::Floats(separable::resize(&source, x, y, tensorflow::area)),
        Filter::OpencvLinear => Raster::Bytes(opencv::linear(&source, x, y)),
        Filter::OpencvArea => Raster::Bytes(opencv::area(&source, x, y)),
    }
}
