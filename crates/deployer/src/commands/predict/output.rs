//! The predictions, image by image.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

use crate::ui::{BAD, DIM, STRONG, Table, bar, paint};

/// Width of a full bar in characters.
const BAR: usize = 24;

/// A class and its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Prediction {
    pub label: String,
    pub score: f64,
}

/// The endpoint's answer for one image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Answered {
    pub label: String,
    pub score: f64,
    pub predictions: Vec<Prediction>,
    pub latency_ms: u64,
}

/// An image and its answer or error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    pub image: String,
    pub answer: Result<Answered, String>,
}

/// All outcomes, in the order of the arguments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Predictions(pub Vec<Outcome>);

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("image", &self.image)?;
        match &self.answer {
            Ok(answer) => {
                map.serialize_entry("label", &answer.label)?;
                map.serialize_entry("score", &answer.score)?;
                map.serialize_entry("predictions", &answer.predictions)?;
                map.serialize_entry("latency_ms", &answer.latency_ms)?;
            }
            Err(error) => map.serialize_entry("error", error)?,
        }
        map.end()
    }
}

impl fmt::Display for Predictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0[..] {
            [Outcome { answer: Ok(answer), .. }] => one(answer).fmt(f),
            outcomes => {
                table(outcomes).fmt(f)?;
                let failed = outcomes.iter().filter(|outcome| outcome.answer.is_err()).count();
                if failed > 0 { write!(f, "{failed} of {} images failed", outcomes.len()) } else { Ok(()) }
            }
        }
    }
}

/// One image: every class with a bar.
fn one(answer: &Answered) -> Table {
    let mut table = Table::default();
    for (place, prediction) in answer.predictions.iter().enumerate() {
        let label = if place == 0 { paint(STRONG, &prediction.label) } else { prediction.label.clone() };
        table.row([label, score(prediction.score), bar(prediction.score, BAR)]);
    }
    table
}

/// Several images: one row each.
fn table(outcomes: &[Outcome]) -> Table {
    let mut table = Table::default();
    table.row(["image", "label", "score", "ms"].map(|head| paint(DIM, head)));
    for outcome in outcomes {
        match &outcome.answer {
            Ok(answer) => {
                let label = paint(STRONG, &answer.label);
                table.row([outcome.image.clone(), label, score(answer.score), answer.latency_ms.to_string()]);
            }
            Err(error) => table.row([outcome.image.clone(), paint(BAD, error)]),
        }
    }
    table
}

fn score(score: f64) -> String {
    format!("{score:.4}")
}
