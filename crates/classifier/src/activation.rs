//! From the model's output to scores.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What turns the model's output into the scores of an answer. It is decided when the model is packaged, never per image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// The output holds logits, or logarithms of probabilities, of classes that exclude each other.
    Softmax,
    /// The output holds logits of classes that are independent of each other, or of the second of two classes.
    Sigmoid,
    /// The output holds the scores themselves, such as probabilities.
    None,
}

impl Activation {
    /// The name in deploy.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
            Self::None => "none",
        }
    }

    /// Makes the scores of an answer from the model's output, one per label. A model with one output gives the probability of the
    /// second of two classes, so it has two scores.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if a score is infinite or not a number, or if the only one is no probability.
    pub(crate) fn scores(self, mut output: Vec<f32>) -> Result<Vec<f32>, Error> {
        self.apply(&mut output);
        if output.iter().any(|score| !score.is_finite()) {
            return Err(Error::Model("running model: it returned a score that is infinite or not a number".to_owned()));
        }
        let &[second] = output.as_slice() else { return Ok(output) };
        if !(0.0..=1.0).contains(&second) {
            return Err(Error::Model(format!(
                "running model: its only output is {second}, which is no probability; model.activation = \"sigmoid\" makes one of \
                 a logit"
            )));
        }
        Ok(vec![1.0 - second, second])
    }

    fn apply(self, scores: &mut [f32]) {
        match self {
            Self::Softmax => channels_last::softmax(scores),
            Self::Sigmoid => scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
            Self::None => {}
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn each_activation_gives_its_scores() {
        let apply = |activation: Activation, output: [f32; 2]| activation.scores(output.to_vec()).unwrap();
        assert_eq!(apply(Activation::None, [2.0, -1.0]), [2.0, -1.0]);
        assert_eq!(apply(Activation::Softmax, [3.0, 3.0]), [0.5, 0.5]);
        assert_eq!(apply(Activation::Sigmoid, [0.0, -1e9]), [0.5, 0.0]);
    }

    #[test]
    fn one_output_gives_two_scores() {
        assert_eq!(Activation::Sigmoid.scores(vec![0.0]).unwrap(), [0.5, 0.5]);
        assert_eq!(Activation::None.scores(vec![0.25]).unwrap(), [0.75, 0.25]);
        let error = Activation::None.scores(vec![3.0]).unwrap_err();
        assert!(error.to_string().contains("sigmoid"), "{error}");
    }

    #[test]
    fn scores_that_are_no_numbers_are_refused() {
        for output in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [0.0, f32::NEG_INFINITY]] {
            assert!(Activation::None.scores(output.to_vec()).is_err(), "{output:?}");
        }
    }
}
