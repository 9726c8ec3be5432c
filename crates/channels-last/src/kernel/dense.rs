//! Dense (fully connected) layer: a matrix-vector product. Each weight is read once, so memory bandwidth is the limit; four
//! rows at a time share the loads of the input vector.

use pulp::{Simd, WithSimd};

use crate::kernel::simd::{Bounds, multiply_add};

/// Rows of the matrix that are multiplied together.
const ROWS: usize = 4;

/// The operands of a dense layer.
pub(crate) struct Dense<'a> {
    /// The whole buffer, including border and padding lanes.
    pub(crate) input: &'a [f32],
    pub(crate) output: &'a mut [f32],
    /// `[output][float of the input buffer]`; zero for borders and padding lanes.
    pub(crate) weights: &'a [f32],
    /// `[output]`.
    pub(crate) bias: &'a [f32],
    pub(crate) bounds: Bounds,
}

impl WithSimd for Dense<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.input.len();
        let [low, high] = self.bounds.pair();
        let (input, _) = S::as_simd_f32s(self.input);
        // NaN stays NaN: both comparisons are false.
        let clamped = |value: f32| {
            if value < low {
                low
            } else if value > high {
                high
            } else {
                value
            }
        };
        for (first, outputs) in self.output.chunks_mut(ROWS).enumerate() {
            let first = first * ROWS;
            let count = outputs.len().min(self.bias.len().saturating_sub(first));
            let mut sums = [0.0; ROWS];
            if count == ROWS {
                let rows = std::array::from_fn(|row| &self.weights[(first + row) * length..][..length]);
                sums = dot::<S, ROWS>(simd, input, rows);
            } else {
                for (row, sum) in sums.iter_mut().enumerate().take(count) {
                    [*sum] = dot::<S, 1>(simd, input, [&self.weights[(first + row) * length..][..length]]);
                }
            }
            for (row, output) in outputs.iter_mut().enumerate() {
                *output = if row < count { clamped(sums[row] + self.bias[first + row]) } else { 0.0 };
            }
        }
    }
}

/// Dot products of the input with `COUNT` rows. All lengths are multiples of [`BLOCK`](crate::buffer::BLOCK).
#[inline(always)]
fn dot<S: Simd, const COUNT: usize>(simd: S, input: &[S::f32s], rows: [&[f32]; COUNT]) -> [f32; COUNT] {
    let rows = rows.map(|row| &S::as_simd_f32s(row).0[..input.len()]);
    let mut sums = [[simd.splat_f32s(0.0); 2]; COUNT];
    let pairs = input.len() / 2;
    for pair in 0..pairs {
        for half in 0..2 {
            let value = input[2 * pair + half];
            for row in 0..COUNT {
                sums[row][half] = multiply_add(simd, value, rows[row][2 * pair + half], sums[row][half]);
            }
        }
    }
    if input.len() % 2 == 1 {
        for row in 0..COUNT {
            sums[row][0] = multiply_add(simd, input[2 * pairs], rows[row][2 * pairs], sums[row][0]);
        }
    }
    sums.map(|[even, odd]| simd.reduce_sum_f32s(simd.add_f32s(even, odd)))
}
