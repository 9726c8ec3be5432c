//! What lets web pages call the API, in both formats.

use aws_sdk_apigateway::types::{ContentHandlingStrategy, IntegrationType};

use super::{
    hcl::{Block, Value},
    yaml::Node,
};
use crate::resources::cors::{Desired, OPERATION, OPTIONS, REQUEST_TEMPLATE, STATUS, TEMPLATE_TYPE, TYPES};

const API: &str = "aws_api_gateway_rest_api.main.id";

/// The attributes of the Terraform resources that a deployment captures in its snapshot.
pub(super) const SNAPSHOT: [&str; 9] = [
    "aws_api_gateway_method.preflight.authorization",
    "aws_api_gateway_method_response.preflight.response_parameters",
    "aws_api_gateway_integration.preflight.type",
    "aws_api_gateway_integration.preflight.content_handling",
    "aws_api_gateway_integration.preflight.request_templates",
    "aws_api_gateway_integration_response.preflight.response_parameters",
    "aws_api_gateway_integration_response.preflight.response_templates",
    "aws_api_gateway_gateway_response.default_4xx.response_parameters",
    "aws_api_gateway_gateway_response.default_5xx.response_parameters",
];

/// The Terraform resources that a deployment must come after.
pub(super) const BEFORE_DEPLOYMENT: [&str; 3] = [
    "aws_api_gateway_integration_response.preflight",
    "aws_api_gateway_gateway_response.default_4xx",
    "aws_api_gateway_gateway_response.default_5xx",
];

/// The Terraform resources.
pub(super) fn terraform(cors: &Desired) -> Vec<Block> {
    let preflight = cors.preflight();
    let of_method = |kind: &str| {
        let block = Block::new("resource", &[kind, "preflight"]).set("rest_api_id", API);
        block.set("resource_id", "aws_api_gateway_rest_api.main.root_resource_id")
    };
    let of_existing = |kind: &str| of_method(kind).set("http_method", "aws_api_gateway_method.preflight.http_method");
    let template = |text: &str| Value::Object(vec![(TEMPLATE_TYPE.to_owned(), Value::text(text))]);
    let texts = |parameters: Vec<(String, String)>| {
        Value::Object(parameters.into_iter().map(|(name, value)| (name, Value::text(&value))).collect())
    };
    let declared = preflight.parameters().into_iter().map(|(name, _)| (name, Value::expression("false"))).collect();
    let mut answer = of_existing("aws_api_gateway_integration_response")
        .set("status_code", "aws_api_gateway_method_response.preflight.status_code")
        .attribute("response_parameters", texts(preflight.parameters()));
    if let Some(text) = &preflight.response_template {
        answer = answer.attribute("response_templates", template(text));
    }
    let mut blocks = vec![
        of_method("aws_api_gateway_method")
            .comment("The answer to preflights of web pages. It needs no token and reaches no function.")
            .text("http_method", OPTIONS)
            .text("authorization", &preflight.authorization)
            .set("api_key_required", false)
            .text("operation_name", OPERATION),
        of_existing("aws_api_gateway_method_response")
            .text("status_code", STATUS)
            .attribute("response_parameters", Value::Object(declared)),
        of_existing("aws_api_gateway_integration")
            .text("type", IntegrationType::Mock.as_str())
            .text("content_handling", ContentHandlingStrategy::ConvertToText.as_str())
            .attribute("request_templates", template(REQUEST_TEMPLATE)),
        answer.depends_on(&["aws_api_gateway_integration.preflight"]),
    ];
    for kind in TYPES {
        let block = Block::new("resource", &["aws_api_gateway_gateway_response", &kind.to_lowercase()]);
        let block = block.set("rest_api_id", API).text("response_type", kind);
        blocks.push(block.attribute("response_parameters", texts(cors.refusal())));
    }
    blocks
}

/// Terraform's addresses with the ids that the provider's documentation prescribes.
pub(super) fn terraform_imports(api_id: &str, root_id: &str) -> Vec<(String, String)> {
    let method = format!("{api_id}/{root_id}/{OPTIONS}");
    let response = format!("{method}/{STATUS}");
    let of_method = |kind: &str, id: &str| (format!("aws_api_gateway_{kind}.preflight"), id.to_owned());
    let mut imports = vec![
        of_method("method", &method),
        of_method("method_response", &response),
        of_method("integration", &method),
        of_method("integration_response", &response),
    ];
    let refusal =
        |kind: &str| (format!("aws_api_gateway_gateway_response.{}", kind.to_lowercase()), format!("{api_id}/{kind}"));
    imports.extend(TYPES.map(refusal));
    imports
}

/// The logical id of the preflight's method.
pub(super) const PREFLIGHT: &str = "Preflight";

/// CloudFormation's type of a gateway response.
pub(super) const REFUSAL: &str = "AWS::ApiGateway::GatewayResponse";

/// The logical ids of the gateway responses.
pub(super) const REFUSALS: [&str; 2] = ["Refusal4xx", "Refusal5xx"];

/// The CloudFormation resources: logical id, type, and properties.
pub(super) fn cloudformation(cors: &Desired) -> Vec<(&'static str, &'static str, Node)> {
    let preflight = cors.preflight();
    let texts = |parameters: Vec<(String, String)>| {
        Node::Map(parameters.into_iter().map(|(name, value)| (name, Node::text(&value))).collect())
    };
    let template = |text: &str| Node::map([(TEMPLATE_TYPE, Node::text(text))]);
    let declared = preflight.parameters().into_iter().map(|(name, _)| (name, Node::scalar(false))).collect();
    let mut answer = vec![
        ("StatusCode".to_owned(), Node::text(STATUS)),
        ("ResponseParameters".to_owned(), texts(preflight.parameters())),
    ];
    answer.extend(preflight.response_template.as_ref().map(|text| ("ResponseTemplates".to_owned(), template(text))));
    let integration = Node::map([
        ("Type", Node::text(IntegrationType::Mock.as_str())),
        ("ContentHandling", Node::text(ContentHandlingStrategy::ConvertToText.as_str())),
        ("RequestTemplates", template(REQUEST_TEMPLATE)),
        ("IntegrationResponses", Node::List(vec![Node::Map(answer)])),
    ]);
    let responses = Node::map([("StatusCode", Node::text(STATUS)), ("ResponseParameters", Node::Map(declared))]);
    let method = Node::map([
        ("RestApiId", Node::reference("RestApi")),
        ("ResourceId", Node::reference("RestApi.RootResourceId")),
        ("HttpMethod", Node::text(OPTIONS)),
        ("AuthorizationType", Node::text(&preflight.authorization)),
        ("ApiKeyRequired", Node::scalar(false)),
        ("OperationName", Node::text(OPERATION)),
        ("Integration", integration),
        ("MethodResponses", Node::List(vec![responses])),
    ]);
    let mut resources = vec![(PREFLIGHT, "AWS::ApiGateway::Method", method)];
    for (logical_id, kind) in REFUSALS.into_iter().zip(TYPES) {
        let properties = Node::map([
            ("RestApiId", Node::reference("RestApi")),
            ("ResponseType", Node::text(kind)),
            ("ResponseParameters", texts(cors.refusal())),
        ]);
        resources.push((logical_id, REFUSAL, properties));
    }
    resources
}
