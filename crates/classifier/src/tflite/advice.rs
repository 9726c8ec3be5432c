//! What to do with a file that cannot be used; the end of error messages.

/// For operators that tract-tflite lacks: tract's ONNX reader knows more.
pub(super) const CONVERT_TO_ONNX: &str =
    "convert it to ONNX: python -m tf2onnx.convert --opset 17 --tflite m.tflite --output m.onnx";

/// For quantized models.
pub(super) const EXPORT_AS_FLOAT: &str = "export the model as float, with a TFLiteConverter without optimizations; to get ONNX, then run python -m \
     tf2onnx.convert --opset 17 --tflite m.tflite --output m.onnx";
