//! Requests that violate AWS's models, sent raw: SDK clients would not send most of them.

use std::time::SystemTime;

use serde_json::json;

use crate::{
    access::{ask, ask_with},
    cloud::Cloud,
};

/// Sends a JSON 1.1 request. Returns the status and body of the response, and the recorded violations.
async fn json_call(service: &str, target: &str, body: serde_json::Value) -> (u16, String, Vec<String>) {
    let cloud = Cloud::start().await;
    let body: &'static str = body.to_string().leak();
    let (status, response) = ask_with(&cloud, service, body, body, SystemTime::now(), target).await;
    (status, response, cloud.server.requests().remove(0).violations)
}

#[tokio::test]
async fn one_message_lists_all_violations() {
    let body = json!({ "logGroupName": "", "logGroupClass": "GOLD", "tags": { "a!": "v" } });
    let (status, response, violations) = json_call("logs", "Logs_20140328.CreateLogGroup", body).await;
    assert_eq!(status, 400);
    for part in [
        "InvalidParameterException",
        "4 validation errors detected: ",
        "Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        "Value '' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: ",
        "Value 'GOLD' at 'logGroupClass' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, ",
        "Value '{a!=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, ",
    ] {
        assert!(response.contains(part), "{part}: {response}");
    }
    assert_eq!(violations.len(), 4, "{violations:?}");
}

#[tokio::test]
async fn violations_name_members_of_lists_and_structures() {
    let scopes = json!([{ "ScopeName": "a/b", "ScopeDescription": "d" }, { "ScopeName": "c" }]);
    let body = json!({ "UserPoolId": "us-east-1_a", "Identifier": "api", "Name": "API", "Scopes": scopes });
    let target = "AWSCognitoIdentityProviderService.CreateResourceServer";
    let (_, response, violations) = json_call("cognito-idp", target, body).await;
    assert!(response.contains("Value 'a/b' at 'scopes.1.member.scopeName' failed"), "{response}");
    assert!(response.contains("Value null at 'scopes.2.member.scopeDescription' failed"), "{response}");
    assert_eq!(violations.len(), 2);
    let body = json!({ "UserPoolId": "us-east-1_a", "ClientName": "c", "AllowedOAuthFlows": ["code", "magic"] });
    let (_, response, _) =
        json_call("cognito-idp", "AWSCognitoIdentityProviderService.CreateUserPoolClient", body).await;
    let part =
        "Value '[code, magic]' at 'allowedOAuthFlows' failed to satisfy constraint: Member must satisfy constraint: [";
    assert!(response.contains(part), "{response}");
}

#[tokio::test]
async fn sensitive_values_are_never_shown() {
    let body = json!({ "UserPoolId": "us-east-1_a", "Username": "u", "TemporaryPassword": "secret with spaces" });
    let target = "AWSCognitoIdentityProviderService.AdminCreateUser";
    let (status, response, violations) = json_call("cognito-idp", target, body).await;
    assert_eq!(status, 400);
    assert!(response.contains("Value at 'temporaryPassword' failed to satisfy constraint"), "{response}");
    assert!(
        !response.contains("secret with") && !violations.join("").contains("secret with"),
        "{response} {violations:?}"
    );
}

#[tokio::test]
async fn unknown_members_are_accepted_and_recorded() {
    let body = json!({ "logGroupName": "g", "force": true });
    let (status, response, violations) = json_call("logs", "Logs_20140328.DeleteLogGroup", body).await;
    // The request passes the model check; it is refused because the group does not exist.
    assert_eq!(status, 400);
    assert!(response.contains("ResourceNotFoundException"), "{response}");
    assert_eq!(violations, ["force in the body is unknown"]);
}

#[tokio::test]
async fn wrong_types_are_not_validation_errors() {
    let body = json!({ "logGroupName": "g", "retentionInDays": "14" });
    let (status, response, violations) = json_call("logs", "Logs_20140328.PutRetentionPolicy", body).await;
    assert_eq!(status, 400);
    assert!(response.contains("SerializationException"), "{response}");
    assert_eq!(violations, ["retentionInDays must be a number"]);

    let cloud = Cloud::start().await;
    let form = "Action=ListRoles&Version=2010-05-08&MaxItems=many";
    let (status, response) = ask(&cloud, "iam", form, form, SystemTime::now()).await;
    assert_eq!(status, 400);
    assert!(response.contains("<Code>MalformedInput</Code>"), "{response}");
    let form = "Action=UpdateRole&Version=2010-05-08&MaxSessionDuration=1";
    let (_, response) = ask(&cloud, "iam", form, form, SystemTime::now()).await;
    assert!(
        response.contains("<Code>ValidationError</Code>") && response.contains("2 validation errors"),
        "{response}"
    );
    assert_eq!(cloud.server.request_log().conformity().nonconforming.len(), 2);
}
