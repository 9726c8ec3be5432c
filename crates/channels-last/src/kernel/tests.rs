//! Convolutions of integers, whose sums are exact in any order, on every instruction set.

use crate::kernel::winograd;
use crate::step::Step;
use crate::{ElementType, Graph, Input, InputData, Isa, Node, Operation, Order, Output, Program, Shape, Window};

/// A convolution over all channels, plus its input as residual if the shapes agree, then ReLU.
struct Case {
    window: Window,
    from: Shape,
    to: Shape,
    input: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

/// Pseudo-random integers from `-max` to `max`.
fn integers(count: usize, max: i64) -> Vec<f32> {
    (0..count as i64).map(|index| (index * 7919 % 1009 % (2 * max + 1) - max) as f32).collect()
}

impl Case {
    fn new([inputs, outputs]: [usize; 2], [height, width]: [usize; 2], window: Window) -> Self {
        let length = |axis: usize, length: usize| {
            let reach = (window.kernel[axis] - 1) * window.dilation[axis];
            (window.pad_before[axis] + length + window.pad_after[axis] - reach - 1) / window.stride[axis] + 1
        };
        let from = Shape { channels: inputs, height, width };
        let to = Shape { channels: outputs, height: length(0, height), width: length(1, width) };
        let weights = integers(outputs * inputs * window.kernel[0] * window.kernel[1], 3);
        // Multiples of four stay integers when the Winograd transform halves them twice.
        let weights = weights.iter().map(|weight| weight * 4.0).collect();
        Self { window, from, to, input: integers(from.len(), 4), weights, bias: integers(outputs, 9) }
    }

    /// The reference: plain loops, output in HWC order.
    fn expected(&self) -> Vec<f32> {
        let Self { window, from, to, .. } = self;
        let area = window.kernel[0] * window.kernel[1];
        let mut output = vec![0.0; to.len()];
        for (element, output) in output.iter_mut().enumerate() {
            let (pixel, channel) = (element / to.channels, element % to.channels);
            let place = [pixel / to.width, pixel % to.width];
            let kernels = &self.weights[channel * from.channels * area..][..from.channels * area];
            let mut sum = self.bias[channel];
            for at in 0..area {
                let offset = [at / window.kernel[1], at % window.kernel[1]];
                let inside = |axis: usize, length: usize| {
                    let padded = place[axis] * window.stride[axis] + offset[axis] * window.dilation[axis];
                    padded.checked_sub(window.pad_before[axis]).filter(|&place| place < length)
                };
                let (Some(row), Some(column)) = (inside(0, from.height), inside(1, from.width)) else { continue };
                let pixel = &self.input[(row * from.width + column) * from.channels..][..from.channels];
                sum += pixel.iter().enumerate().map(|(from, value)| value * kernels[from * area + at]).sum::<f32>();
            }
            let residual = if from == to { self.input[element] } else { 0.0 };
            *output = (sum + residual).max(0.0);
        }
        output
    }

    fn graph(&self) -> Graph {
        let node = |operation, inputs, output| Node { operation, inputs, output };
        let (window, weights, bias) = (self.window, self.weights.clone(), self.bias.clone());
        let mut nodes = vec![node(Operation::Conv { window, groups: 1, weights, bias }, vec![0], 1)];
        if self.from == self.to {
            nodes.push(node(Operation::Add, vec![1, 0], 2));
        }
        let last = nodes.len();
        nodes.push(node(Operation::Clamp { low: 0.0, high: f32::INFINITY }, vec![last], last + 1));
        let mut shapes = vec![self.to; last + 2];
        shapes[0] = self.from;
        Graph {
            shapes,
            inputs: vec![Input { value: 0, order: Order::Hwc, element_type: ElementType::F32 }],
            nodes,
            outputs: vec![Output { value: last + 1, order: Order::Hwc }],
        }
    }

    /// Runs the case on every instruction set, twice in the same workspace.
    fn check(&self) {
        let (program, expected) = (Program::compile(self.graph()), self.expected());
        let uses_winograd = program.steps.iter().any(|step| matches!(step, Step::Winograd { .. }));
        assert_eq!(uses_winograd, winograd::is_worthwhile(&self.window, self.from, self.to));
        for isa in Isa::available() {
            let (mut workspace, mut found) = (program.workspace(), vec![0.0; self.to.len()]);
            for _ in 0..2 {
                program.run(isa, &mut workspace, &[InputData::F32(&self.input)], &mut [&mut found]);
                assert!(found == expected, "{}: {:?} of {:?} to {:?}", isa.name(), self.window, self.from, self.to);
            }
        }
    }
}

fn window(kernel: usize, stride: usize, [above, left, below, right]: [usize; 4]) -> Window {
    Window {
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        pad_before: [above, left],
        pad_after: [below, right],
    }
}

#[test]
fn winograd_convolution_is_exact() {
    let cases = [
        Case::new([32, 32], [20, 20], window(3, 1, [1, 1, 1, 1])),
        Case::new([48, 48], [23, 19], window(3, 1, [1, 1, 1, 1])),
        Case::new([32, 33], [21, 24], window(3, 1, [0, 1, 2, 0])),
        Case::new([64, 80], [25, 31], window(3, 1, [0, 0, 0, 0])),
    ];
    for case in cases {
        assert!(winograd::is_worthwhile(&case.window, case.from, case.to));
        case.check();
    }
}

#[test]
fn direct_convolution_is_exact() {
    for width in 1..34 {
        Case::new([20, 36], [3, width], window(3, 1, [1, 1, 1, 1])).check();
        Case::new([3, 16], [3, width], window(3, 1, [1, 1, 1, 1])).check();
        Case::new([32, 32], [2, width], window(1, 1, [0, 0, 0, 0])).check();
        Case::new([17, 40], [5, width], window(3, 2, [1, 1, 1, 1])).check();
    }
    // So many weights that they need several weight tiles.
    Case::new([256, 48], [4, 13], window(3, 1, [1, 1, 1, 1])).check();
    Case::new([256, 32], [9, 14], window(3, 2, [1, 1, 1, 1])).check();
}
