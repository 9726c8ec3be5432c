//! Rounds real numbers to what a quantized tensor can hold.

use tract_onnx::tract_core::internal::*;

/// The scale and zero point of a quantized tensor, and the range of its integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantization {
    pub(super) scale: f32,
    pub(super) zero_point: i64,
    pub(super) lowest: i64,
    pub(super) highest: i64,
}

impl Quantization {
    /// The real value of an integer.
    pub(super) fn real(&self, integer: i64) -> f32 {
        (integer - self.zero_point) as f32 * self.scale
    }

    /// The real value that is nearest to this one.
    fn nearest(&self, value: f32) -> f32 {
        let steps = (value / self.scale).round();
        let clamped = steps.max((self.lowest - self.zero_point) as f32).min((self.highest - self.zero_point) as f32);
        clamped * self.scale
    }
}

/// Rounds and clamps to the real values of a quantized tensor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FakeQuantize(pub(super) Quantization);

// A scale is checked to be finite when the file is read.
impl Eq for FakeQuantize {}

impl Op for FakeQuantize {
    fn name(&self) -> StaticName {
        "FakeQuantize".into()
    }

    fn info(&self) -> TractResult<Vec<String>> {
        Ok(vec![format!("scale {}, zero point {}", self.0.scale, self.0.zero_point)])
    }

    op_as_typed_op!();
}

impl EvalOp for FakeQuantize {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut tensor = args_1!(inputs).into_tensor();
        {
            let mut view = tensor.try_as_plain_ram_mut()?;
            view.as_slice_mut::<f32>()?.iter_mut().for_each(|value| *value = self.0.nearest(*value));
        }
        Ok(tvec!(tensor.into_tvalue()))
    }
}

impl TypedOp for FakeQuantize {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        ensure!(inputs[0].datum_type == f32::datum_type(), "only floats can be rounded");
        Ok(tvec!(inputs[0].without_value()))
    }

    as_op!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_and_clamped_as_integers_are() {
        let bytes = Quantization { scale: 0.5, zero_point: 10, lowest: 0, highest: 255 };
        for (value, expected) in [(0.0, 0.0), (0.26, 0.5), (-0.25, -0.5), (-7.0, -5.0), (1000.0, 122.5)] {
            assert_eq!(bytes.nearest(value), expected, "{value}");
        }
        assert_eq!((bytes.real(0), bytes.real(255)), (-5.0, 122.5));
    }
}
