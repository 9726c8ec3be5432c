//! What to do with a file that cannot be used; the end of error messages.

/// For operators that are not supported: the ONNX reader knows more.
pub(super) const CONVERT_TO_ONNX: &str =
    "convert it to ONNX: python -m tf2onnx.convert --opset 17 --tflite m.tflite --output m.onnx";

/// For operators of TensorFlow itself inside a TFLite file.
pub(super) const EXPORT_WITHOUT_FLEX: &str = "convert the model again with supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS], or from its SavedModel to ONNX: python -m \
     tf2onnx.convert --opset 17 --saved-model folder --output m.onnx";
