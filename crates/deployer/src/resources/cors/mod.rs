//! What lets web pages of other origins call the API (Fetch standard, *CORS protocol*): OPTIONS on `/`, and headers on API Gateway's
//! own refusals. PutMethod, PutMethodResponse, PutIntegration, PutIntegrationResponse, DeleteMethod; PutGatewayResponse,
//! GetGatewayResponses, DeleteGatewayResponse. Children of the API, deleted with it. The function adds the header to its own
//! answers.
//!
//! The preflight carries no token, so no authorizer guards it. It is a mock integration and not the function: nothing reaches
//! the function without a token. The method's operation name says that it is ours; on a stack that wants no CORS, a preflight
//! without it is its owner's business.

mod preflight;
mod refusals;

use anyhow::Result;
use aws_sdk_apigateway::types::Resource;

pub use self::{
    preflight::{OPERATION, OPTIONS, Preflight, REQUEST_TEMPLATE, STATUS, TEMPLATE_TYPE},
    refusals::{Refusals, TYPES},
};
use super::{Context, Reader, paths::Root};
use crate::change::{Diff, FieldDiff, Observed, Step};

/// How it is shown.
pub const ID: &str = "OPTIONS /";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// At least one. A star is alone and allows every origin.
    pub origins: Vec<String>,
}

impl Desired {
    /// The method that answers preflights.
    pub fn preflight(&self) -> Preflight {
        Preflight::new(&self.origins)
    }

    /// Headers of refusals: values in quotation marks, by API Gateway's parameter.
    pub fn refusal(&self) -> Vec<(String, String)> {
        refusals::parameters(&self.origins)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actual {
    /// Whatever answers OPTIONS on `/`.
    pub preflight: Option<Preflight>,
    pub refusals: Refusals,
}

impl Actual {
    /// Whether we made it.
    pub fn is_ours(&self) -> bool {
        self.preflight.as_ref().is_some_and(Preflight::is_ours)
    }
}

/// Whether the paths have a preflight that we made.
pub fn is_ours(paths: &[Resource]) -> bool {
    preflight::find(paths).is_some_and(|found| found.is_ours())
}

/// Reads it. Without a preflight of ours, a stack that wants no CORS needs no call.
pub async fn observe(cx: Reader<'_>, api_id: &str, paths: &[Resource], wanted: bool) -> Result<Observed<Actual>> {
    let preflight = preflight::find(paths);
    if !wanted && !is_ours(paths) {
        return Ok(Observed::Absent);
    }
    let refusals = refusals::observe(cx, api_id).await?;
    let nothing = preflight.is_none() && refusals.is_empty();
    Ok(Observed::child((!nothing).then_some(Actual { preflight, refusals })))
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let preflight = actual.map(|actual| actual.preflight.as_ref());
    let mut diff = preflight::diff(&desired.preflight(), preflight.flatten());
    let wanted: Vec<String> = shown(&desired.refusal());
    for kind in TYPES {
        let found = actual.map(|actual| shown(actual.refusals.get(kind).map(Vec::as_slice).unwrap_or_default()));
        let field = format!("refusals.{}", kind.to_lowercase());
        diff.extend(Diff::default().set(&field, &wanted, found.as_deref()).done());
    }
    diff
}

fn shown(parameters: &[(String, String)]) -> Vec<String> {
    parameters.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

/// Brings it to the desired state.
pub async fn reconcile(cx: Context<'_>, root: Root<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    if matches!(step, Step::Keep(_) | Step::Skip(_)) {
        return Ok(ID.to_owned());
    }
    let actual = step.actual();
    let wanted = desired.preflight();
    let found = actual.and_then(|actual| actual.preflight.as_ref());
    if found != Some(&wanted) {
        if found.is_some() {
            preflight::delete(cx, root).await?;
        }
        preflight::create(cx, root, &wanted).await?;
    }
    let wanted = desired.refusal();
    for kind in TYPES {
        let found = actual.and_then(|actual| actual.refusals.get(kind));
        if found.is_none_or(|found| shown(found) != shown(&wanted)) {
            refusals::put(cx, root.api_id, kind, &wanted).await?;
        }
    }
    Ok(ID.to_owned())
}

/// Deletes what we made. The preflight shows that there is something, so it goes last.
pub async fn delete(cx: Context<'_>, root: Root<'_>, actual: &Actual) -> Result<()> {
    for (kind, parameters) in &actual.refusals {
        if refusals::are_ours(parameters) {
            refusals::delete(cx, root.api_id, kind).await?;
        }
    }
    preflight::delete(cx, root).await
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::testing::fields;

    fn desired(origins: &[&str]) -> Desired {
        Desired { origins: origins.iter().map(|&origin| origin.to_owned()).collect() }
    }

    fn actual(desired: &Desired) -> Actual {
        let refusals = TYPES.iter().map(|&kind| (kind.to_owned(), desired.refusal())).collect();
        Actual { preflight: Some(desired.preflight()), refusals }
    }

    #[test]
    fn the_same_is_no_diff() {
        for origins in [&["*"][..], &["https://a.example"], &["https://a.example", "http://b.example"]] {
            assert_eq!(diff(&desired(origins), Some(&actual(&desired(origins)))), []);
        }
    }

    #[test]
    fn each_field_is_one_diff() {
        type Change = fn(&mut Actual);
        let cases: [(&str, Change); 9] = [
            ("preflight.authorization_type", |actual| {
                actual.preflight.as_mut().unwrap().authorization = "AWS_IAM".into();
            }),
            ("preflight.api_key_required", |actual| actual.preflight.as_mut().unwrap().api_key_required = true),
            ("preflight.operation_name", |actual| actual.preflight.as_mut().unwrap().operation_name = None),
            ("preflight.integration", |actual| {
                actual.preflight.as_mut().unwrap().integration = Some("AWS_PROXY".into());
            }),
            ("preflight.request_template", |actual| actual.preflight.as_mut().unwrap().request_template = None),
            ("preflight.content_handling", |actual| actual.preflight.as_mut().unwrap().content_handling = None),
            ("preflight.headers", |actual| drop(actual.preflight.as_mut().unwrap().headers.pop_first())),
            ("preflight.response_template", |actual| {
                actual.preflight.as_mut().unwrap().response_template = Some("x".into());
            }),
            ("refusals.default_5xx", |actual| drop(actual.refusals.remove("DEFAULT_5XX"))),
        ];
        let desired = desired(&["https://a.example"]);
        for (field, change) in cases {
            let mut changed = actual(&desired);
            change(&mut changed);
            assert_eq!(fields(&diff(&desired, Some(&changed))), [field]);
        }
        assert!(!diff(&desired, None).is_empty());
    }

    #[test]
    fn one_origin_is_a_constant_and_several_are_compared() {
        let one = desired(&["https://a.example"]).preflight();
        assert_eq!(one.headers["Access-Control-Allow-Origin"], "'https://a.example'");
        assert_eq!((one.response_template, one.headers.get("Vary")), (None, None));
        let several = desired(&["https://a.example", "http://b.example:81"]);
        let preflight = several.preflight();
        assert_eq!(preflight.headers["Vary"], "'Origin'");
        let template = preflight.response_template.unwrap();
        assert!(
            template.contains(r#"$origin == "https://a.example" || $origin == "http://b.example:81""#),
            "{template}"
        );
        // A gateway response has no templates that could compare.
        assert!(shown(&several.refusal())[0].ends_with("'*'"), "{:?}", several.refusal());
        assert!(shown(&desired(&["https://a.example"]).refusal())[0].ends_with("'https://a.example'"));
    }

    #[test]
    fn what_its_owner_has_made_is_not_ours() {
        let ours = actual(&desired(&["*"]));
        assert!(ours.is_ours() && refusals::are_ours(&ours.refusals["DEFAULT_4XX"]));
        let theirs = Preflight { operation_name: None, ..ours.preflight.unwrap() };
        assert!(!Actual { preflight: Some(theirs), refusals: Refusals::default() }.is_ours());
        let allow = ("gatewayresponse.header.Access-Control-Allow-Origin".to_owned(), "'*'".to_owned());
        assert!(!refusals::are_ours(&[allow]));
    }
}
