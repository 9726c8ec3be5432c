//! Decides what the manifest leaves open, once, when a model is loaded for packaging.

use super::kinds::{Evidence, InputRange, OutputKind};
use crate::activation::Activation;
use crate::error::Error;
use crate::manifest::Manifest;
use crate::model_info::{ElementType, ModelInfo};

/// Fills `activation` and `scale` from what the graph says, where the manifest leaves them open.
///
/// # Errors
///
/// [`Error::Undecided`] if neither says it; it names every key that decides. [`Error::Model`] if the manifest asks for a softmax
/// or sigmoid on top of the graph's own.
pub(crate) fn decide(manifest: &mut Manifest, info: &ModelInfo, evidence: &Evidence) -> Result<(), Error> {
    let mut missing = Vec::new();
    if info.input_type != ElementType::Uint8 && manifest.preprocess.scale.is_empty() {
        match evidence.input {
            Some(InputRange::Bytes) => manifest.preprocess.scale = vec![1.0],
            Some(InputRange::Unit) => manifest.preprocess.scale = vec![1.0 / 255.0],
            None => missing.push(
                "the model takes floats and does not say of which range: in [preprocess], write scale = \"1/255\" if it was \
                 trained on pixels of 0 to 1, scale = 1 if on 0 to 255 (with mean and std beside it if they were \
                 normalized), or a preset",
            ),
        }
    }
    match (manifest.activation, evidence.output) {
        (None, Some(OutputKind::Probabilities | OutputKind::Independent)) => {
            manifest.activation = Some(Activation::None);
        }
        (None, Some(OutputKind::LogProbabilities)) => manifest.activation = Some(Activation::Softmax),
        (None, None) => missing.push(
            "the model does not say what its output holds: in [model], write activation = \"softmax\" for logits of classes \
             that exclude each other, \"sigmoid\" for logits of independent classes, or \"none\" for scores",
        ),
        (
            Some(asked @ (Activation::Softmax | Activation::Sigmoid)),
            Some(kind @ (OutputKind::Probabilities | OutputKind::Independent)),
        ) => {
            return Err(Error::Model(format!(
                "deciding scores: model.activation is {:?}, but the model's output holds {}; write \"none\", or leave the key out",
                asked.name(),
                kind.describe()
            )));
        }
        (Some(Activation::Softmax), _) if info.classes == 1 => {
            return Err(Error::Model(
                "deciding scores: the model has a single output, of which a softmax makes 1 for every image; write activation = \
                 \"sigmoid\" in [model] if it is a logit, or \"none\" if it is a probability"
                    .to_owned(),
            ));
        }
        _ => {}
    }
    if missing.is_empty() { Ok(()) } else { Err(Error::Undecided(missing.join("; and "))) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::model_info::Layout;
    use crate::preprocess::Color;

    fn info(input_type: ElementType, classes: usize) -> ModelInfo {
        let input_shape = vec![1, 2, 2, 3];
        ModelInfo { input_shape, input_type, layout: Layout::Nhwc, size: [2, 2], color: Color::Rgb, classes }
    }

    fn decided(activation: Option<Activation>, scale: &[f32], evidence: &Evidence) -> Result<Manifest, Error> {
        let mut manifest = Manifest { activation, ..Manifest::new("m", "m.onnx") };
        manifest.preprocess.scale = scale.to_vec();
        decide(&mut manifest, &info(ElementType::Float32, 4), evidence)?;
        Ok(manifest)
    }

    #[test]
    fn what_the_graph_says_need_not_be_written() {
        let says = |input, output| Evidence { input: Some(input), output: Some(output) };
        let manifest = decided(None, &[], &says(InputRange::Unit, OutputKind::Independent)).unwrap();
        assert_eq!((manifest.activation, manifest.preprocess.scale), (Some(Activation::None), vec![1.0 / 255.0]));
        let manifest = decided(None, &[], &says(InputRange::Bytes, OutputKind::LogProbabilities)).unwrap();
        assert_eq!((manifest.activation, manifest.preprocess.scale), (Some(Activation::Softmax), vec![1.0]));
    }

    #[test]
    fn what_is_written_wins() {
        let manifest = decided(Some(Activation::Sigmoid), &[0.5], &Evidence::default()).unwrap();
        assert_eq!((manifest.activation, manifest.preprocess.scale), (Some(Activation::Sigmoid), vec![0.5]));
    }

    #[test]
    fn what_nobody_says_is_an_error_that_names_each_key() {
        let error = decided(None, &[], &Evidence::default()).unwrap_err();
        assert!(matches!(error, Error::Undecided(_)));
        assert!(error.to_string().contains("scale = ") && error.to_string().contains("activation = "), "{error}");
        // The pixels of a uint8 input are taken unchanged.
        let mut manifest = Manifest { activation: Some(Activation::None), ..Manifest::new("m", "m.onnx") };
        decide(&mut manifest, &info(ElementType::Uint8, 4), &Evidence::default()).unwrap();
    }

    #[test]
    fn a_second_softmax_is_refused() {
        let evidence = Evidence { input: None, output: Some(OutputKind::Probabilities) };
        let error = decided(Some(Activation::Softmax), &[1.0], &evidence).unwrap_err();
        assert!(error.to_string().contains("ends in a softmax"), "{error}");
    }

    #[test]
    fn a_softmax_of_one_output_is_refused() {
        let mut manifest = Manifest { activation: Some(Activation::Softmax), ..Manifest::new("m", "m.onnx") };
        let error = decide(&mut manifest, &info(ElementType::Uint8, 1), &Evidence::default()).unwrap_err();
        assert!(error.to_string().contains("sigmoid"), "{error}");
    }
}
