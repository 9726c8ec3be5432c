//! Types and shapes of tensors, as they are declared and as people read them.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Length;

/// A shape for people, with `?` for what is open.
pub(super) fn shown(lengths: Option<&[Option<usize>]>) -> String {
    let Some(lengths) = lengths else { return "of any shape".to_owned() };
    let sides: Vec<String> = lengths.iter().map(|side| side.map_or("?".to_owned(), |side| side.to_string())).collect();
    format!("[{}]", sides.join(", "))
}

/// A length that the file fixes; none for one that it leaves open.
pub(super) fn length(value: Option<&Length>) -> Option<usize> {
    match value {
        Some(&Length::DimValue(length)) if length > 0 => usize::try_from(length).ok(),
        _ => None,
    }
}

/// The name of an element type, as ONNX writes it.
pub(super) fn type_name(elem_type: i32) -> String {
    match DataType::try_from(elem_type) {
        Ok(DataType::Float) => "float32".to_owned(),
        Ok(DataType::Double) => "float64".to_owned(),
        Ok(known) => known.as_str_name().to_ascii_lowercase(),
        Err(_) => format!("of unknown type {elem_type}"),
    }
}
