//! The image input: which one it is, and how the tensor that we build becomes the one that the graph takes.
//!
//! The tensor has four dimensions (three for grey), a batch of 1, and the type float32 or uint8. The graph may want another
//! type, no batch, a larger fixed batch, or a row of values; the operators for that are put in front of it.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::type_proto::{self, Value};
use tract_onnx::pb::{GraphProto, TensorShapeProto, TypeProto, ValueInfoProto};

use super::describe::{length, shown, type_name};
use super::graph::{Builder, Constants, attribute, input, int, int_attribute, rename_uses, to};
use crate::error::Error;
use crate::model_info::{ElementType, Layout, ModelInfo};
use crate::preprocess::Preprocess;
use crate::resolve::resolve;

/// What the graph takes.
pub(super) struct ImageInput {
    name: String,
    data_type: DataType,
    /// The input of the classifier.
    pub(super) info: ModelInfo,
    /// The shape that the graph takes, with a batch of 1 where it has one.
    shape: Vec<usize>,
    /// The batch that the file fixes.
    pub(super) batch: usize,
}

/// Finds the input of a graph without constant inputs, and matches it with the manifest.
pub(super) fn find(graph: &GraphProto, preprocess: &Preprocess) -> Result<ImageInput, Error> {
    let declared = match &graph.input[..] {
        [] => return Err(Error::Model("it has no input that its scores depend on".to_owned())),
        [one] => one,
        [image, others @ ..] => {
            let others: Vec<String> = others.iter().map(describe).collect();
            return Err(Error::Model(format!(
                "besides {} it needs {}; an image classifier has one input, the image",
                describe(image),
                others.join(" and ")
            )));
        }
    };
    let Some(Value::TensorType(tensor)) = declared.r#type.as_ref().and_then(|declared| declared.value.as_ref()) else {
        return Err(Error::Model(format!("its input {} is not a tensor", declared.name)));
    };
    let data_type = DataType::try_from(tensor.elem_type).unwrap_or_default();
    let Some(element_type) = element_type(data_type) else {
        return Err(Error::Model(format!(
            "its input {} has the type {}; an image input holds numbers, such as float32 or uint8",
            declared.name,
            type_name(tensor.elem_type)
        )));
    };
    let dimensions: Option<Vec<Option<usize>>> =
        tensor.shape.as_ref().map(|shape| shape.dim.iter().map(|side| length(side.value.as_ref())).collect());
    let (declared_dimensions, kind, batch) = match dimensions.filter(|dimensions| !dimensions.is_empty()) {
        Some(dimensions) => interpret(dimensions, graph, preprocess)?,
        None => (open(vec![None; 4], graph, preprocess)?, Kind::Batch, 1),
    };
    let prefer = if kind == Kind::Batch { Layout::Nchw } else { Layout::Nhwc };
    let info = resolve(&declared_dimensions, element_type, preprocess, prefer)?;
    let shape = match kind {
        Kind::Batch => info.input_shape.clone(),
        Kind::NoBatch => info.input_shape[1..].to_vec(),
        Kind::Row => vec![1, info.input_shape.iter().product()],
        Kind::Flat => vec![info.input_shape.iter().product()],
    };
    Ok(ImageInput { name: declared.name.clone(), data_type, info, shape, batch })
}

/// How the graph's input differs from a batch of images.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Batch,
    NoBatch,
    /// One row of all values per image, channels last.
    Row,
    /// The same without a batch.
    Flat,
}

type Dimensions = Vec<Option<usize>>;

fn interpret(
    mut dimensions: Dimensions,
    graph: &GraphProto,
    preprocess: &Preprocess,
) -> Result<(Dimensions, Kind, usize), Error> {
    let is_channels = |side: Option<usize>| matches!(side, Some(1 | 3));
    Ok(match dimensions[..] {
        [values] => (row(values, preprocess)?, Kind::Flat, 1),
        [None | Some(1), values] => (row(values, preprocess)?, Kind::Row, 1),
        [height, width] => (vec![None, height, width], Kind::NoBatch, 1),
        [Some(3), height, width] if width != Some(3) => (vec![None, Some(3), height, width], Kind::NoBatch, 1),
        [height, width, channels]
            if is_channels(channels) && (height.is_some_and(|side| side > 1) || (height, width) == (None, None)) =>
        {
            (vec![None, height, width, channels], Kind::NoBatch, 1)
        }
        [batch, _, _] | [batch, _, _, _] => {
            dimensions[0] = None;
            if let [_, None, _, None] = dimensions[..] {
                dimensions = open(dimensions, graph, preprocess)?;
            }
            (dimensions, Kind::Batch, batch.unwrap_or(1))
        }
        // Refused with the shape.
        _ => (dimensions, Kind::Batch, 1),
    })
}

/// The image in a row of values: `size` and `color` say it, or else it is grey and square.
fn row(values: Option<usize>, preprocess: &Preprocess) -> Result<Dimensions, Error> {
    let values = values.ok_or_else(|| {
        Error::Model("its input is a row of pixels of open length; set size and color in [preprocess]".to_owned())
    });
    let channels = preprocess.color.map(|color| color.channels());
    let (width, height, channels) = match (preprocess.size, channels) {
        (Some([width, height]), Some(channels)) => (width as usize, height as usize, channels),
        (Some([width, height]), None) => {
            let pixels = width as usize * height as usize;
            (width as usize, height as usize, values.as_ref().map_or(1, |&values| values / pixels.max(1)))
        }
        (None, channels) => {
            let channels = channels.unwrap_or(1);
            let pixels = values.clone()? / channels;
            (pixels.isqrt(), pixels.isqrt(), channels)
        }
    };
    let pixels = width * height * channels;
    match values {
        Ok(values) if values != pixels || ![1, 3].contains(&channels) => Err(Error::Model(format!(
            "its input is a row of {values} values; set size and color in [preprocess] so that width × height × channels \
             is {values}"
        ))),
        Err(error) if preprocess.size.is_none() || preprocess.color.is_none() => Err(error),
        _ => Ok(vec![None, Some(height), Some(width), Some(channels)]),
    }
}

/// Fills the channels if all of them are open: from the first convolution's weights, or from `color`.
fn open(mut dimensions: Dimensions, graph: &GraphProto, preprocess: &Preprocess) -> Result<Dimensions, Error> {
    let convolution = first_convolution(graph);
    let channels = convolution.map(|(channels, _)| channels).or(preprocess.color.map(|color| color.channels()));
    let Some(channels) = channels else {
        return Err(Error::Model(
            "its input has no fixed number of channels; set color in [preprocess] to \"L\" or \"RGB\"".to_owned(),
        ));
    };
    dimensions[if convolution.is_some_and(|(_, last)| last) { 3 } else { 1 }] = Some(channels);
    Ok(dimensions)
}

/// The channels of the first convolution that the input reaches, and whether the input has its channels last.
fn first_convolution(graph: &GraphProto) -> Option<(usize, bool)> {
    let constants = Constants::of(&graph.initializer, &graph.node);
    let mut tensor = graph.input.first()?.name.as_str();
    let mut last = false;
    for node in &graph.node {
        if input(node, 0) != Some(tensor) && input(node, 1) != Some(tensor) {
            continue;
        }
        match node.op_type.as_str() {
            "Conv" | "ConvInteger" | "QLinearConv" => {
                let weights = if node.op_type == "QLinearConv" { 3 } else { 1 };
                let weights = constants.get(input(node, weights)?)?;
                let channels = weights.dims.get(1)? * int_attribute(node, "group", 1);
                return Some((usize::try_from(channels).ok()?, last));
            }
            "Transpose" => last ^= attribute(node, "perm")?.ints == [0, 3, 1, 2],
            "Cast"
            | "Identity"
            | "Sub"
            | "Mul"
            | "Div"
            | "Add"
            | "Clip"
            | "Pad"
            | "Resize"
            | "Dropout"
            | "BatchNormalization"
            | "QuantizeLinear"
            | "DequantizeLinear"
            | "DynamicQuantizeLinear" => {}
            // Such as Shape, beside the image's way.
            _ => continue,
        }
        tensor = node.output.first()?;
    }
    None
}

/// Gives the graph the input of the classifier, and puts in front of it what turns that into its own. With `fill_batch` the image
/// is repeated for every place of a fixed batch.
pub(super) fn adapt(graph: &mut GraphProto, image: &ImageInput, fill_batch: bool) {
    let takes = match image.data_type {
        DataType::Uint8 => DataType::Uint8,
        _ => DataType::Float,
    };
    let mut builder = Builder::new(&image.name);
    let mut tensor = image.name.clone();
    if !matches!(image.info.input_type, ElementType::Float32 | ElementType::Uint8)
        && !super::float_types::is_float(image.data_type as i32)
    {
        tensor = builder.op("Cast", &[&tensor], to(image.data_type));
    }
    if image.shape != image.info.input_shape {
        let shape: Vec<i64> = image.shape.iter().map(|&side| side as i64).collect();
        let shape = builder.ints(&shape);
        tensor = builder.op("Reshape", &[&tensor, &shape], Vec::new());
    }
    if fill_batch && image.batch > 1 {
        let copies: Vec<&str> = vec![tensor.as_str(); image.batch];
        tensor = builder.op("Concat", &copies, vec![int("axis", 0)]);
    }
    if tensor != image.name {
        rename_uses(graph, &image.name, &tensor);
        builder.nodes.append(&mut graph.node);
        graph.node = builder.nodes;
        graph.initializer.append(&mut builder.constants);
    }
    graph.input = vec![declare(&image.name, takes, &image.info.input_shape)];
    if fill_batch && image.batch > 1 {
        first_row(graph);
    }
}

/// Leaves of the output only what belongs to the first image of the batch.
fn first_row(graph: &mut GraphProto) {
    let Some(output) = graph.output.first_mut() else { return };
    let mut builder = Builder::new(&output.name);
    let zero = builder.ints(&[0]);
    output.name = builder.op("Gather", &[&output.name, &zero], vec![int("axis", 0)]);
    graph.node.append(&mut builder.nodes);
    graph.initializer.append(&mut builder.constants);
}

fn declare(name: &str, data_type: DataType, shape: &[usize]) -> ValueInfoProto {
    let dimension =
        |&side: &usize| Dimension { value: Some(dimension::Value::DimValue(side as i64)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: shape.iter().map(dimension).collect() };
    let tensor = type_proto::Tensor { elem_type: data_type as i32, shape: Some(shape) };
    let declared = TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(declared), ..ValueInfoProto::default() }
}

fn describe(declared: &ValueInfoProto) -> String {
    match declared.r#type.as_ref().and_then(|declared| declared.value.as_ref()) {
        Some(Value::TensorType(tensor)) => {
            let lengths: Option<Dimensions> =
                tensor.shape.as_ref().map(|shape| shape.dim.iter().map(|side| length(side.value.as_ref())).collect());
            format!("{} ({} {})", declared.name, type_name(tensor.elem_type), shown(lengths.as_deref()))
        }
        None => declared.name.clone(),
    }
}

fn element_type(data_type: DataType) -> Option<ElementType> {
    Some(match data_type {
        DataType::Uint8 => ElementType::Uint8,
        DataType::Float => ElementType::Float32,
        DataType::Float16 => ElementType::Float16,
        DataType::Bfloat16 => ElementType::Bfloat16,
        DataType::Double => ElementType::Float64,
        DataType::Int8 => ElementType::Int8,
        DataType::Int16 => ElementType::Int16,
        DataType::Uint16 => ElementType::Uint16,
        DataType::Int32 => ElementType::Int32,
        DataType::Int64 => ElementType::Int64,
        _ => return None,
    })
}
