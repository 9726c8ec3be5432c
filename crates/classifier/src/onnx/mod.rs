//! Reads ONNX files: rewrites what tract does not compute, or not well, and lets tract parse the rest.
//!
//! The order matters: functions are inlined before anything looks at operators; the output is chosen before what it does not
//! need is dropped; the input is matched before it is adapted; the rewritings follow.

mod contrib;
mod describe;
mod external_data;
mod float_types;
mod functions;
mod graph;
mod inputs;
mod integer_products;
mod outputs;
mod prune;
mod quantized;
mod sklearn;
mod stable;
mod support;

use std::path::Path;

use prost::Message as _;
use tract_onnx::pb::{GraphProto, ModelProto, OperatorSetIdProto};
use tract_onnx::prelude::{Framework, InferenceFact, InferenceModelExt, TypedModel};

use crate::error::Error;
use crate::model_info::ModelInfo;
use crate::request::Request;

/// A parsed ONNX file.
pub(crate) struct OnnxModel {
    pub(crate) model: TypedModel,
    pub(crate) info: ModelInfo,
    /// The names of the classes, if the file lists them.
    pub(crate) class_names: Vec<String>,
}

/// Makes a model self-contained: reads the weights that are in other files of `folder`. None if it already is.
///
/// # Errors
///
/// [`Error::Model`] if a file is missing, too short or outside of the folder. A file that is no ONNX is left alone.
pub(crate) fn self_contained(bytes: &[u8], folder: &Path) -> Result<Option<Vec<u8>>, Error> {
    let Ok(mut model) = ModelProto::decode(bytes) else { return Ok(None) };
    Ok(external_data::merge(&mut model, folder)?.then(|| model.encode_to_vec()))
}

/// Reads a model.
///
/// # Errors
///
/// [`Error::Model`] if it is damaged, uses an unsupported operator, or is not an image classifier.
pub(crate) fn read(bytes: &[u8], request: &Request<'_>) -> Result<OnnxModel, Error> {
    let mut model = ModelProto::decode(bytes).map_err(|_| crate::format::damaged(bytes))?;
    functions::inline(&mut model)?;
    let version = |model: &ModelProto| {
        let mut imports = model.opset_import.iter();
        imports.find(|import| ["", "ai.onnx"].contains(&import.domain.as_str())).map(|import| import.version)
    };
    if version(&model).is_none_or(|version| version < 1) {
        model.opset_import.push(OperatorSetIdProto { version: 17, ..OperatorSetIdProto::default() });
    }
    let Some(graph) = &mut model.graph else { return Err(crate::format::damaged(bytes)) };
    external_data::each_tensor(graph, &mut |tensor| match external_data::is_external(tensor) {
        true => Err(Error::Model(format!("its weights {:?} are in another file", tensor.name))),
        false => Ok(()),
    })?;
    let class_names = sklearn::class_names_of(graph);
    let output = outputs::choose(graph, request.output, request.labels)?;
    prune::constant_inputs(graph);
    prune::keep(graph, &output);
    let image = inputs::find(graph, request.preprocess)?;
    rewrite(graph)?;
    prune::unused(graph);
    graph::forget_names(graph);
    let mut result = None;
    // A batch of 1 is faster, but some files only work with the batch that they fix.
    for fill_batch in [false, true] {
        if result.is_none() || (fill_batch && image.batch > 1 && !result.as_ref().is_some_and(has_one_row)) {
            let mut adapted = model.clone();
            adapted.graph.iter_mut().for_each(|graph| inputs::adapt(graph, &image, fill_batch));
            result = Some(parse(&adapted));
        }
    }
    let Some(parsed) = result else { return Err(crate::format::damaged(bytes)) };
    Ok(OnnxModel { model: parsed?, info: image.info, class_names })
}

fn has_one_row(model: &Result<TypedModel, Error>) -> bool {
    model.as_ref().is_ok_and(|model| model.output_fact(0).is_ok_and(|fact| crate::resolve::classes(fact).is_some()))
}

fn rewrite(graph: &mut GraphProto) -> Result<(), Error> {
    float_types::rewrite(graph)?;
    for replace in [quantized::rewrite, integer_products::rewrite, contrib::rewrite, sklearn::rewrite, stable::rewrite]
    {
        graph::rewrite_nodes(graph, &replace)?;
    }
    Ok(())
}

fn parse(model: &ModelProto) -> Result<TypedModel, Error> {
    let framework = tract_onnx::onnx().with_ignore_value_info(true);
    let Some(graph) = &model.graph else { return Err(Error::Model("it has no graph".to_owned())) };
    support::check(graph, &framework)?;
    framework
        .model_for_proto_model(model)
        .and_then(|mut parsed| {
            parsed.set_output_fact(0, InferenceFact::default())?;
            parsed.into_typed()
        })
        .map_err(|error| support::explain(&error, graph))
}
