//! From the model's output to scores.

use serde::{Deserialize, Serialize};

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

    /// Applies the activation in place.
    pub(crate) fn apply(self, scores: &mut [f32]) {
        match self {
            Self::Softmax => channels_last::softmax(scores),
            Self::Sigmoid => scores.iter_mut().for_each(|score| *score = 1.0 / (1.0 + (-*score).exp())),
            Self::None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_activation_gives_its_scores() {
        let apply = |activation: Activation, scores: [f32; 2]| {
            let mut scores = scores;
            activation.apply(&mut scores);
            scores
        };
        assert_eq!(apply(Activation::None, [2.0, -1.0]), [2.0, -1.0]);
        assert_eq!(apply(Activation::Softmax, [3.0, 3.0]), [0.5, 0.5]);
        assert_eq!(apply(Activation::Sigmoid, [0.0, f32::NEG_INFINITY]), [0.5, 0.0]);
    }
}
