//! The table of operators.

mod convolution;
mod elementwise;
mod matrix;
mod normalize;
mod pool;
mod reduce;
mod resize;
mod shape;
mod slice;
mod space;
mod window;

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::{logic, math, nn};
use tract_tflite::tflite::BuiltinOperator as Code;

use super::operator::Operator;

/// Wires an operator and returns its outputs.
pub(super) fn import(op: &mut Operator<'_, '_>) -> TractResult<TVec<OutletId>> {
    let output = match op.node.code {
        Code::SPLIT => return slice::split(op),
        Code::SPLIT_V => return slice::split_v(op),
        Code::UNPACK => return slice::unpack(op),
        Code::ABS => elementwise::unary(op, math::abs()),
        Code::CEIL => elementwise::unary(op, math::ceil()),
        Code::COS => elementwise::unary(op, math::cos()),
        Code::EXP => elementwise::unary(op, math::exp()),
        Code::FLOOR => elementwise::unary(op, math::floor()),
        Code::HARD_SWISH => elementwise::unary(op, nn::hard_swish()),
        Code::LOG => elementwise::unary(op, math::ln()),
        Code::LOGICAL_NOT => elementwise::unary(op, logic::not()),
        Code::LOGISTIC => elementwise::unary(op, nn::sigmoid()),
        Code::NEG => elementwise::unary(op, math::neg()),
        Code::ROUND => elementwise::unary(op, math::round_half_to_even()),
        Code::RSQRT => elementwise::unary(op, math::rsqrt()),
        Code::SIGN => elementwise::unary(op, math::sign()),
        Code::SIN => elementwise::unary(op, math::sin()),
        Code::SQRT => elementwise::unary(op, math::sqrt()),
        Code::TANH => elementwise::unary(op, math::tanh()),
        Code::ELU => elementwise::elu(op),
        Code::GELU => elementwise::gelu(op),
        Code::LEAKY_RELU => elementwise::leaky_relu(op),
        Code::PRELU => elementwise::prelu(op),
        Code::RELU => elementwise::clamp(op, 0.0, f32::INFINITY),
        Code::RELU6 => elementwise::clamp(op, 0.0, 6.0),
        Code::RELU_0_TO_1 => elementwise::clamp(op, 0.0, 1.0),
        Code::RELU_N1_TO_1 => elementwise::clamp(op, -1.0, 1.0),
        Code::SQUARE => elementwise::square(op),
        Code::CAST => elementwise::cast(op),
        Code::DEQUANTIZE | Code::QUANTIZE => op.input(0),
        Code::ADD => elementwise::arithmetic(op, Box::new(math::Add)),
        Code::SUB => elementwise::arithmetic(op, Box::new(math::Sub)),
        Code::MUL => elementwise::arithmetic(op, Box::new(math::Mul)),
        Code::DIV => elementwise::arithmetic(op, Box::new(math::Div)),
        Code::ADD_N => elementwise::add_n(op),
        Code::FLOOR_DIV => elementwise::floor_div(op),
        Code::FLOOR_MOD => elementwise::floor_mod(op),
        Code::SQUARED_DIFFERENCE => elementwise::squared_difference(op),
        Code::MAXIMUM => elementwise::binary(op, Box::new(math::Max)),
        Code::MINIMUM => elementwise::binary(op, Box::new(math::Min)),
        Code::POW => elementwise::binary(op, Box::new(math::Pow)),
        Code::LOGICAL_AND => elementwise::binary(op, Box::new(logic::And)),
        Code::LOGICAL_OR => elementwise::binary(op, Box::new(logic::Or)),
        Code::EQUAL => elementwise::binary(op, logic::comp_eq()),
        Code::NOT_EQUAL => elementwise::binary(op, logic::comp_ne()),
        Code::LESS => elementwise::binary(op, logic::comp_lt()),
        Code::LESS_EQUAL => elementwise::binary(op, logic::comp_lte()),
        Code::GREATER => elementwise::binary(op, logic::comp_gt()),
        Code::GREATER_EQUAL => elementwise::binary(op, logic::comp_gte()),
        Code::SELECT | Code::SELECT_V2 => elementwise::select(op),
        Code::CONV_2D => convolution::conv_2d(op),
        Code::DEPTHWISE_CONV_2D => convolution::depthwise_conv_2d(op),
        Code::TRANSPOSE_CONV => convolution::transpose_conv(op),
        Code::AVERAGE_POOL_2D => pool::average(op),
        Code::MAX_POOL_2D => pool::max(op),
        Code::FULLY_CONNECTED => matrix::fully_connected(op),
        Code::BATCH_MATMUL => matrix::batch_matmul(op),
        Code::SOFTMAX => normalize::softmax(op),
        Code::LOG_SOFTMAX => normalize::log_softmax(op),
        Code::L2_NORMALIZATION => normalize::l2(op),
        Code::LOCAL_RESPONSE_NORMALIZATION => normalize::local_response(op),
        Code::MEAN => reduce::mean(op),
        Code::SUM => reduce::reduce(op, nn::Reducer::Sum),
        Code::REDUCE_MAX => reduce::reduce(op, nn::Reducer::Max),
        Code::REDUCE_MIN => reduce::reduce(op, nn::Reducer::Min),
        Code::REDUCE_PROD => reduce::reduce(op, nn::Reducer::Prod),
        Code::ARG_MAX => reduce::arg(op, nn::Reducer::ArgMax(false)),
        Code::ARG_MIN => reduce::arg(op, nn::Reducer::ArgMin(false)),
        Code::RESIZE_BILINEAR => resize::bilinear(op),
        Code::RESIZE_NEAREST_NEIGHBOR => resize::nearest(op),
        Code::BROADCAST_TO => shape::broadcast_to(op),
        Code::EXPAND_DIMS => shape::expand_dims(op),
        Code::FILL => shape::fill(op),
        Code::RANGE => shape::range(op),
        Code::RANK => shape::rank(op),
        Code::RESHAPE => shape::reshape(op),
        Code::SHAPE => shape::shape(op),
        Code::SQUEEZE => shape::squeeze(op),
        Code::TILE => shape::tile(op),
        Code::TRANSPOSE => shape::transpose(op),
        Code::ZEROS_LIKE => shape::zeros_like(op),
        Code::CONCATENATION => slice::concatenation(op),
        Code::GATHER => slice::gather(op),
        Code::PACK => slice::pack(op),
        Code::REVERSE_V2 => slice::reverse(op),
        Code::SLICE => slice::slice(op),
        Code::STRIDED_SLICE => slice::strided_slice(op),
        Code::PAD | Code::PADV2 => space::pad(op),
        Code::MIRROR_PAD => space::mirror_pad(op),
        Code::SPACE_TO_DEPTH => space::space_to_depth(op),
        Code::DEPTH_TO_SPACE => space::depth_to_space(op),
        Code::SPACE_TO_BATCH_ND => space::space_to_batch(op),
        Code::BATCH_TO_SPACE_ND => space::batch_to_space(op),
        _ => bail!("it is not supported"),
    };
    output.map(|output| tvec!(output))
}

/// Whether an operator only moves values, so that they stay rounded.
pub(super) fn only_moves(code: Code) -> bool {
    matches!(
        code,
        Code::BATCH_TO_SPACE_ND
            | Code::BROADCAST_TO
            | Code::DEPTH_TO_SPACE
            | Code::EXPAND_DIMS
            | Code::GATHER
            | Code::MAX_POOL_2D
            | Code::MIRROR_PAD
            | Code::PACK
            | Code::QUANTIZE
            | Code::REDUCE_MAX
            | Code::REDUCE_MIN
            | Code::RESHAPE
            | Code::RESIZE_NEAREST_NEIGHBOR
            | Code::REVERSE_V2
            | Code::SLICE
            | Code::SPACE_TO_BATCH_ND
            | Code::SPACE_TO_DEPTH
            | Code::SPLIT
            | Code::SPLIT_V
            | Code::SQUEEZE
            | Code::STRIDED_SLICE
            | Code::TILE
            | Code::TRANSPOSE
            | Code::UNPACK
    )
}
