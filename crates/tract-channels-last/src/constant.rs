//! Constant folding: tensors that do not depend on any input.

use tract_core::internal::*;

/// The value of an outlet, if it depends only on constants.
pub(crate) fn constant(model: &TypedModel, outlet: OutletId) -> Option<Arc<Tensor>> {
    if let Some(value) = &model.outlet_fact(outlet).ok()?.konst {
        return Some(Arc::clone(value));
    }
    let node = model.node(outlet.node);
    if node.inputs.is_empty() {
        return None;
    }
    let inputs =
        node.inputs.iter().map(|&input| Some(constant(model, input)?.into_tvalue())).collect::<Option<TVec<_>>>()?;
    let outputs = node.op.eval_out_of_plan(inputs).ok()??;
    outputs.get(outlet.slot).map(|value| value.clone().into_arc_tensor())
}

/// The elements of a constant as `f32`; none if it is not a float tensor.
pub(crate) fn floats(tensor: &Tensor) -> Option<Vec<f32>> {
    if !tensor.datum_type().is_float() {
        return None;
    }
    let tensor = tensor.cast_to::<f32>().ok()?;
    Some(tensor.try_as_plain_ram().ok()?.as_slice::<f32>().ok()?.to_vec())
}
