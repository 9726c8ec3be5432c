//! The response to API Gateway: a proxy response with a JSON body.

use std::borrow::Cow;
use std::collections::BTreeMap;

use classifier::Prediction;
use serde::Serialize;

use crate::problem::Problem;

/// A response in the format of API Gateway's Lambda proxy integration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProxyResponse {
    pub(crate) status_code: u16,
    pub(crate) headers: BTreeMap<&'static str, Cow<'static, str>>,
    pub(crate) body: String,
    pub(crate) is_base64_encoded: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    label: &'a str,
    score: f32,
    predictions: &'a [Prediction],
    model: &'a str,
}

impl ProxyResponse {
    /// Status 200 with ranked predictions.
    pub(crate) fn predictions(model: &str, predictions: &[Prediction]) -> Result<Self, Problem> {
        let fail = |cause: String| Problem {
            cause: Some(cause),
            ..Problem::new(500, "writing the response failed; see the function's log for the cause")
        };
        let best = predictions.first().ok_or_else(|| fail("the model returned no prediction".to_owned()))?;
        let body = Body { label: &best.label, score: best.score, predictions, model };
        let body = serde_json::to_string(&body).map_err(|error| fail(error.to_string()))?;
        Ok(Self::json(200, "application/json", body))
    }

    /// The status and document of a problem.
    pub(crate) fn problem(problem: &Problem) -> Self {
        let body = problem.document().unwrap_or_default();
        Self::json(problem.status, "application/problem+json", body)
    }

    fn json(status_code: u16, content_type: &'static str, body: String) -> Self {
        Self {
            status_code,
            headers: BTreeMap::from([("content-type", content_type.into())]),
            body,
            is_base64_encoded: false,
        }
    }
}
