//! Reads a TFLite file.

use std::collections::BTreeMap;

use tract_onnx::prelude::TypedModel;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::math;
use tract_tflite::tflite::{BuiltinOperator, TensorType, root_as_model};

use super::advice::{CONVERT_TO_ONNX, EXPORT_WITHOUT_FLEX};
use super::constant;
use super::graph::{self, Graph, Node};
use super::operator::{Importer, Operator};
use super::ops;
use super::quantize::FakeQuantize;
use crate::error::Error;
use crate::model_info::ElementType;
use crate::tract_error::model_error;

/// A parsed TFLite file.
pub(crate) struct TfliteModel {
    /// Its outputs have the labels of the file's tensors, and are real numbers even if the file's are quantized.
    pub(crate) model: TypedModel,
    /// What the input takes: bytes of pixels, or numbers.
    pub(crate) input_type: ElementType,
    /// The real values of the lowest and the highest byte that a quantized input takes.
    #[expect(dead_code, reason = "for reports on a model")]
    pub(crate) input_range: Option<(f32, f32)>,
}

/// Reads a model. `size` is the image's width and height for a file that leaves them open.
pub(crate) fn read(bytes: &[u8], size: Option<[u32; 2]>) -> Result<TfliteModel, Error> {
    let root = root_as_model(bytes).map_err(|error| {
        Error::Model(format!("the TFLite file is damaged or incomplete: {}", first_line(&error.to_string())))
    })?;
    let graph = Graph::open(root)?;
    let mut importer = Importer { graph: &graph, model: TypedModel::default(), values: BTreeMap::new(), wired: 0 };
    let (input_type, input_range) = add_inputs(&mut importer, size)?;
    for node in &graph.nodes {
        import(&mut importer, node).map_err(|error| explain(&graph, node, error))?;
    }
    let mut outputs: Vec<OutletId> = Vec::new();
    for tensor in graph.subgraph.outputs().into_iter().flatten() {
        outputs.push(importer.value(tensor).map_err(model_error)?);
    }
    let mut model = importer.model;
    for (tensor, &outlet) in graph.subgraph.outputs().into_iter().flatten().zip(&outputs) {
        model.set_outlet_label(outlet, graph.tensor_name(tensor).to_owned()).map_err(model_error)?;
    }
    model.select_output_outlets(&outputs).map_err(model_error)?;
    Ok(TfliteModel { model, input_type, input_range })
}

type Input = (ElementType, Option<(f32, f32)>);

/// Adds the inputs, and says what the first takes.
fn add_inputs(importer: &mut Importer<'_>, size: Option<[u32; 2]>) -> Result<Input, Error> {
    let graph = importer.graph;
    let mut first = None;
    for tensor in graph.subgraph.inputs().into_iter().flatten() {
        let shape = input_shape(graph, tensor, size)?;
        let input = add_input(importer, tensor, &shape).map_err(model_error)?;
        first = first.or(Some(input));
    }
    first.ok_or_else(|| Error::Model("it has no input".to_owned()))
}

/// The shape of an input, with a batch of 1, and open sides filled with the image's.
fn input_shape(graph: &Graph<'_>, tensor: i32, size: Option<[u32; 2]>) -> Result<Vec<usize>, Error> {
    let table = graph.tensor(tensor);
    let mut shape: Vec<i32> = table.shape().into_iter().flatten().collect();
    let signature: Vec<i32> = table.shape_signature().into_iter().flatten().collect();
    if signature.len() == shape.len() {
        shape = signature;
    }
    let sides = size.map(|[width, height]| [height, width]);
    let fill = |(axis, &length): (usize, &i32)| match (axis, usize::try_from(length)) {
        (_, Ok(length)) => Ok(length),
        (0, Err(_)) => Ok(1),
        (1 | 2, Err(_)) => sides.map(|sides| sides[axis - 1] as usize).ok_or_else(|| {
            Error::Model("its input has no fixed image size; set preprocess.size to [width, height]".to_owned())
        }),
        _ => Err(Error::Model("the number of channels of its input is open; export it with a fixed one".to_owned())),
    };
    shape.iter().enumerate().map(fill).collect()
}

fn add_input(importer: &mut Importer<'_>, tensor: i32, shape: &[usize]) -> TractResult<Input> {
    let graph = importer.graph;
    let name = graph.tensor_name(tensor);
    let element = graph.tensor(tensor).type_();
    let quantization = constant::quantization(graph, tensor)?;
    let mut source = |element: DatumType| importer.model.add_source(format!("input {name}"), element.fact(shape));
    let (outlet, input) = match (element, quantization) {
        (TensorType::FLOAT32 | TensorType::FLOAT16, _) => (source(DatumType::F32)?, (ElementType::Float32, None)),
        (TensorType::UINT8, None) => (source(DatumType::U8)?, (ElementType::Uint8, None)),
        (TensorType::UINT8 | TensorType::INT8, Some(quantization)) => {
            let bytes = source(DatumType::U8)?;
            let first = if element == TensorType::INT8 { 128 } else { 0 };
            let range = (quantization.real(quantization.lowest), quantization.real(quantization.highest));
            let mut outlet = importer.wire_all(name, cast(DatumType::F32), &[bytes])?;
            let rank = vec![1; shape.len()];
            for (op, number) in
                [(math::sub(), (quantization.zero_point + first) as f32), (math::mul(), quantization.scale)]
            {
                let number = importer.constant(tensor0(number).into_shape(&rank)?)?;
                outlet = importer.wire_all(name, op, &[outlet[0], number])?;
            }
            (outlet[0], (ElementType::Uint8, Some(range)))
        }
        (TensorType::INT16, Some(quantization)) => {
            let floats = source(DatumType::F32)?;
            let outlet = importer.wire_all(name, FakeQuantize(quantization), &[floats])?;
            (outlet[0], (ElementType::Float32, None))
        }
        (other, _) => bail!(
            "its input {name} has type {}; float32, uint8 and quantized int8 are supported",
            other.variant_name().unwrap_or("unknown")
        ),
    };
    importer.values.insert(tensor, outlet);
    Ok(input)
}

/// Imports one operator, and rounds its outputs where they are quantized.
fn import<'a>(importer: &mut Importer<'a>, node: &Node<'a>) -> TractResult<()> {
    let graph = importer.graph;
    let name = node.outputs.first().map_or("operator", |&output| graph.tensor_name(output));
    let outlets = ops::import(&mut Operator { importer, node, name })?;
    ensure!(outlets.len() == node.outputs.len(), "it has {} outputs", node.outputs.len());
    let source = node.inputs.iter().copied().find(|&input| input != -1 && !is_constant(importer, input));
    let source = source.map(|input| constant::quantization(graph, input)).transpose()?.flatten();
    for (mut outlet, &tensor) in outlets.into_iter().zip(&node.outputs) {
        if let Some(quantization) = constant::quantization(graph, tensor)? {
            let is_rounded = ops::only_moves(node.code) && source == Some(quantization);
            if !is_rounded {
                outlet = importer.wire_all(name, FakeQuantize(quantization), &[outlet])?[0];
            }
        }
        importer.values.insert(tensor, outlet);
    }
    Ok(())
}

fn is_constant(importer: &Importer<'_>, tensor: i32) -> bool {
    importer.graph.constant(tensor).is_some()
}

/// Names the operator and what it computes.
fn explain(graph: &Graph<'_>, node: &Node<'_>, error: TractError) -> Error {
    let tensor = node.outputs.first().map_or("nothing", |&output| graph.tensor_name(output));
    if let Some(custom) = node.custom.filter(|_| node.code == BuiltinOperator::CUSTOM) {
        return Error::Model(match custom.strip_prefix("Flex") {
            Some(flex) => format!(
                "operator {flex} (tensor {tensor}) is one of TensorFlow itself (SELECT_TF_OPS); {EXPORT_WITHOUT_FLEX}"
            ),
            None => format!("custom operator {custom} (tensor {tensor}) is not supported; {CONVERT_TO_ONNX}"),
        });
    }
    let cause = match model_error(error) {
        Error::Model(cause) => cause,
        other => other.to_string(),
    };
    Error::Model(format!("operator {} (tensor {tensor}): {cause}; {CONVERT_TO_ONNX}", graph::name(node.code)))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
