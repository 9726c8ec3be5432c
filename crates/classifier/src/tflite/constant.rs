//! Reads constant tensors, and how tensors are quantized. Every size is checked against the bytes that are there.

use tract_onnx::prelude::f16;
use tract_onnx::tract_core::internal::*;
use tract_tflite::tflite::TensorType;

use super::graph::Graph;
use super::quantize::Quantization;

/// The scales and zero points of a tensor: one for all, or one for each slice along an axis.
struct Scales {
    scales: Vec<f32>,
    zero_points: Vec<i64>,
    axis: usize,
}

/// The tract type of elements that are not quantized. Half-precision and double numbers become floats.
pub(super) fn datum_type(element: TensorType) -> TractResult<DatumType> {
    Ok(match element {
        TensorType::FLOAT32 | TensorType::FLOAT16 | TensorType::FLOAT64 => DatumType::F32,
        TensorType::INT8 => DatumType::I8,
        TensorType::UINT8 => DatumType::U8,
        TensorType::INT16 => DatumType::I16,
        TensorType::INT32 => DatumType::I32,
        TensorType::UINT32 => DatumType::U32,
        TensorType::INT64 => DatumType::I64,
        TensorType::BOOL => DatumType::Bool,
        other => bail!("elements of type {} are not supported", other.variant_name().unwrap_or("unknown")),
    })
}

/// How an 8-bit or 16-bit tensor with a single scale is quantized; none if it is not.
pub(super) fn quantization(graph: &Graph<'_>, index: i32) -> TractResult<Option<Quantization>> {
    let (lowest, highest) = match graph.tensor(index).type_() {
        TensorType::INT8 => (-128, 127),
        TensorType::UINT8 => (0, 255),
        TensorType::INT16 => (-32768, 32767),
        _ => return Ok(None),
    };
    let Some(scales) = scales(graph, index)? else { return Ok(None) };
    let ([scale], [zero_point]) = (scales.scales.as_slice(), scales.zero_points.as_slice()) else {
        bail!("tensor {} is computed, but has a scale for each channel", graph.tensor_name(index));
    };
    Ok(Some(Quantization { scale: *scale, zero_point: *zero_point, lowest, highest }))
}

fn scales(graph: &Graph<'_>, index: i32) -> TractResult<Option<Scales>> {
    let tensor = graph.tensor(index);
    let Some(parameters) = tensor.quantization() else { return Ok(None) };
    let scales: Vec<f32> = parameters.scale().into_iter().flatten().collect();
    if scales.is_empty() {
        return Ok(None);
    }
    let mut zero_points: Vec<i64> = parameters.zero_point().into_iter().flatten().collect();
    if zero_points.len() <= 1 {
        zero_points = vec![zero_points.first().copied().unwrap_or(0); scales.len()];
    }
    let valid = scales.iter().all(|scale| scale.is_finite() && *scale > 0.0)
        && zero_points.len() == scales.len()
        && zero_points.iter().all(|zero| i32::try_from(*zero).is_ok());
    ensure!(valid, "tensor {} has invalid scales", graph.tensor_name(index));
    let axis = if scales.len() == 1 { 0 } else { usize::try_from(parameters.quantized_dimension())? };
    Ok(Some(Scales { scales, zero_points, axis }))
}

/// The value of a constant tensor, as real numbers if it is quantized; none if the tensor is computed.
pub(super) fn constant(graph: &Graph<'_>, index: i32) -> TractResult<Option<Tensor>> {
    let tensor = graph.tensor(index);
    let name = graph.tensor_name(index);
    let shape: Vec<usize> = tensor.shape().into_iter().flatten().map(usize::try_from).collect::<Result<_, _>>()?;
    let length = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    let Some(bytes) = graph.constant(index).or_else(|| (length == Some(0)).then_some(&[][..])) else { return Ok(None) };
    ensure!(tensor.sparsity().is_none(), "tensor {name} is stored as a sparse matrix, which is not supported");
    let bits = match tensor.type_() {
        TensorType::INT4 => 4,
        TensorType::INT8 | TensorType::UINT8 | TensorType::BOOL => 8,
        TensorType::INT16 | TensorType::FLOAT16 => 16,
        TensorType::INT64 | TensorType::FLOAT64 => 64,
        _ => 32,
    };
    let expected = length.and_then(|length| length.checked_mul(bits)).map(|bits| bits.div_ceil(8));
    ensure!(expected == Some(bytes.len()), "tensor {name} has {} bytes for shape {shape:?}", bytes.len());
    if let Some(scales) = scales(graph, index)? {
        let integers = integers(bytes, tensor.type_(), length.unwrap_or(0))?;
        return dequantize(&integers, &shape, &scales).with_context(|| format!("Reading tensor {name}")).map(Some);
    }
    let value = match tensor.type_() {
        TensorType::FLOAT32 => Tensor::from_shape(&shape, &numbers(bytes, f32::from_le_bytes))?,
        TensorType::FLOAT16 => Tensor::from_shape(&shape, &numbers(bytes, |half| f16::from_le_bytes(half).to_f32()))?,
        TensorType::FLOAT64 => Tensor::from_shape(&shape, &numbers(bytes, |double| f64::from_le_bytes(double) as f32))?,
        TensorType::UINT8 => Tensor::from_shape(&shape, bytes)?,
        TensorType::INT8 => Tensor::from_shape(&shape, &numbers(bytes, i8::from_le_bytes))?,
        TensorType::INT16 => Tensor::from_shape(&shape, &numbers(bytes, i16::from_le_bytes))?,
        TensorType::INT32 => Tensor::from_shape(&shape, &numbers(bytes, i32::from_le_bytes))?,
        TensorType::UINT32 => Tensor::from_shape(&shape, &numbers(bytes, u32::from_le_bytes))?,
        TensorType::INT64 => Tensor::from_shape(&shape, &numbers(bytes, i64::from_le_bytes))?,
        TensorType::BOOL => Tensor::from_shape(&shape, &numbers(bytes, |[byte]| byte != 0))?,
        other => bail!("tensor {name} has type {}, which is not supported", other.variant_name().unwrap_or("unknown")),
    };
    Ok(Some(value))
}

/// The numbers of a buffer, in the file's byte order.
fn numbers<T, const BYTES: usize>(bytes: &[u8], number: impl Fn([u8; BYTES]) -> T) -> Vec<T> {
    bytes.as_chunks::<BYTES>().0.iter().map(|&chunk| number(chunk)).collect()
}

fn integers(bytes: &[u8], element: TensorType, length: usize) -> TractResult<Vec<i64>> {
    Ok(match element {
        // Two in a byte, the first in the low half.
        TensorType::INT4 => {
            let halves = bytes.iter().flat_map(|&byte| [(byte << 4) as i8 >> 4, byte as i8 >> 4]);
            halves.take(length).map(i64::from).collect()
        }
        TensorType::UINT8 => bytes.iter().map(|&byte| i64::from(byte)).collect(),
        TensorType::INT8 => numbers(bytes, |number| i64::from(i8::from_le_bytes(number))),
        TensorType::INT16 => numbers(bytes, |number| i64::from(i16::from_le_bytes(number))),
        TensorType::INT32 => numbers(bytes, |number| i64::from(i32::from_le_bytes(number))),
        TensorType::INT64 => numbers(bytes, i64::from_le_bytes),
        other => bail!("elements of type {} cannot be quantized", other.variant_name().unwrap_or("unknown")),
    })
}

fn dequantize(integers: &[i64], shape: &[usize], scales: &Scales) -> TractResult<Tensor> {
    let count = scales.scales.len();
    // The number of neighbouring elements with the same scale.
    let run = match count {
        1 => integers.len().max(1),
        _ => {
            ensure!(shape.get(scales.axis) == Some(&count), "it has {count} scales for shape {shape:?}");
            shape[scales.axis + 1..].iter().product::<usize>().max(1)
        }
    };
    let real = |(position, &integer): (usize, &i64)| {
        let slice = position / run % count;
        (integer.wrapping_sub(scales.zero_points[slice]) as f64 * f64::from(scales.scales[slice])) as f32
    };
    Tensor::from_shape(shape, &integers.iter().enumerate().map(real).collect::<Vec<f32>>())
}
