//! Weights in files beside the model, as PyTorch's exporter writes them, become part of the model.

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path};

use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, TensorProto};

use super::graph::bodies_mut;
use crate::error::Error;

/// Whether weights are outside of the model.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32)
}

/// Calls `visit` with every tensor of a graph.
pub(super) fn each_tensor(
    graph: &mut GraphProto,
    visit: &mut dyn FnMut(&mut TensorProto) -> Result<(), Error>,
) -> Result<(), Error> {
    let sparse =
        graph.sparse_initializer.iter_mut().flat_map(|sparse| sparse.values.iter_mut().chain(&mut sparse.indices));
    graph.initializer.iter_mut().chain(sparse).try_for_each(&mut *visit)?;
    graph.node.iter_mut().flat_map(|node| &mut node.attribute).try_for_each(|attribute| in_attribute(attribute, visit))
}

fn in_attribute(
    attribute: &mut AttributeProto,
    visit: &mut dyn FnMut(&mut TensorProto) -> Result<(), Error>,
) -> Result<(), Error> {
    attribute.t.iter_mut().chain(&mut attribute.tensors).try_for_each(&mut *visit)?;
    bodies_mut(attribute).try_for_each(|body| each_tensor(body, visit))
}

/// Reads the weights that are in other files of `folder` into the model. Returns whether there are any.
///
/// # Errors
///
/// [`crate::Error::Model`] if a file is missing or too short, or is not in the folder.
pub(super) fn merge(model: &mut ModelProto, folder: &Path) -> Result<bool, Error> {
    let mut files: HashMap<String, File> = HashMap::new();
    let mut merged = false;
    let mut visit = |tensor: &mut TensorProto| {
        if is_external(tensor) {
            merged = true;
            load(tensor, folder, &mut files)?;
        }
        Ok(())
    };
    if let Some(graph) = &mut model.graph {
        each_tensor(graph, &mut visit)?;
    }
    for node in model.functions.iter_mut().flat_map(|function| &mut function.node) {
        node.attribute.iter_mut().try_for_each(|attribute| in_attribute(attribute, &mut visit))?;
    }
    Ok(merged)
}

fn load(tensor: &mut TensorProto, folder: &Path, files: &mut HashMap<String, File>) -> Result<(), Error> {
    let entry =
        |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let damaged = || Error::Model(format!("the place of its weights {:?} is damaged", tensor.name));
    let number = |key: &str| entry(key).map(|value| value.parse::<u64>().map_err(|_| damaged())).transpose();
    let location = entry("location").ok_or_else(damaged)?.to_owned();
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    let shown = folder.join(&location);
    let fail = |cause: &str| Error::Model(format!("reading its weights from {}: {cause}", shown.display()));
    if !files.contains_key(&location) {
        let inside =
            Path::new(&location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        // A link must not lead out of the folder either.
        let resolved = |path: &Path| path.canonicalize();
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let stays = match (resolved(&folder.join(&location)), resolved(folder)) {
            (Ok(file), Ok(folder)) => file.starts_with(folder),
            _ => true,
        };
        if !inside || !stays {
            return Err(fail("the file must be in the model's folder"));
        }
        let file = File::open(folder.join(&location)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => fail(
                "there is no such file; keep the files that the exporter wrote together, or export to one file with \
                 torch.onnx.export(..., external_data=False)",
            ),
            _ => fail(&error.to_string()),
        })?;
        files.insert(location.clone(), file);
    }
    let Some(file) = files.get_mut(&location) else { return Err(damaged()) };
    let size = file.metadata().map_err(|error| fail(&error.to_string()))?.len();
    let length = length.unwrap_or(size.saturating_sub(offset));
    if offset.checked_add(length).is_none_or(|end| end > size) {
        return Err(fail(&format!(
            "{:?} needs {length} bytes from byte {offset} on, but the file has {size} bytes; it is incomplete or belongs \
             to another model",
            tensor.name
        )));
    }
    if let Some(expected) = expected_length(tensor).filter(|&expected| expected != length) {
        return Err(fail(&format!("{:?} has {length} bytes there, but its shape needs {expected}", tensor.name)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| damaged())?);
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.take(length).read_to_end(&mut bytes))
        .map_err(|error| fail(&error.to_string()))?;
    tensor.raw_data = bytes;
    tensor.data_location = None;
    tensor.external_data = Vec::new();
    Ok(())
}

/// The bytes that a tensor's shape needs; none if that is not a whole number of bytes per element.
fn expected_length(tensor: &TensorProto) -> Option<u64> {
    use tract_onnx::pb::tensor_proto::DataType as T;
    let size = match T::try_from(tensor.data_type).ok()? {
        T::Float | T::Int32 | T::Uint32 => 4,
        T::Uint8 | T::Int8 | T::Bool => 1,
        T::Float16 | T::Bfloat16 | T::Int16 | T::Uint16 => 2,
        T::Double | T::Int64 | T::Uint64 => 8,
        _ => return None,
    };
    tensor.dims.iter().try_fold(size, |bytes: u64, &side| bytes.checked_mul(u64::try_from(side).ok()?))
}
