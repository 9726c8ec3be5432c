//! How often AWS lets an account call in a Region, as documented. A bucket starts full and refills at the rate; where
//! no burst is documented, a second's worth may come at once.
//!
//! IAM and STS document no rates of their own, so none are held here.

use serde_json::{Map, Value};

use crate::control::Service;

/// What a call takes a token from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quota {
    /// Whose calls it counts, within account and Region.
    pub bucket: String,
    /// Calls a second.
    pub rate: f64,
    /// Calls at once.
    pub burst: f64,
}

impl Quota {
    fn new(bucket: &str, rate: f64, burst: f64) -> Self {
        Self { bucket: bucket.to_owned(), rate, burst }
    }

    fn per_second(bucket: &str, rate: u32) -> Self {
        Self::new(bucket, f64::from(rate), f64::from(rate))
    }
}

/// Every quota that a call counts against.
pub(crate) fn of(service: Service, region: &str, operation: &str, document: &Map<String, Value>) -> Vec<Quota> {
    match service {
        Service::ApiGateway => api_gateway(operation, document),
        Service::Cognito => cognito(operation, document),
        Service::Lambda => lambda(operation).into_iter().collect(),
        Service::Logs => logs(operation, region).into_iter().collect(),
        Service::Iam | Service::Sts => Vec::new(),
    }
}

/// API Gateway developer guide, "Amazon API Gateway quotas".
fn api_gateway(operation: &str, document: &Map<String, Value>) -> Vec<Quota> {
    let own = match operation {
        "CreateRestApi" => {
            let types = document.get("endpointConfiguration").and_then(|endpoint| endpoint.get("types"));
            let edge = types.is_none_or(|types| types.as_array().is_none_or(|types| types.iter().any(|t| t == "EDGE")));
            let (bucket, seconds) = if edge { ("CreateRestApi (edge)", 30.0) } else { (operation, 3.0) };
            Some(Quota::new(bucket, 1.0 / seconds, 1.0))
        }
        "CreateDeployment" => Some(Quota::new(operation, 1.0 / 5.0, 1.0)),
        "CreateResource" | "DeleteResource" => Some(Quota::per_second(operation, 5)),
        "DeleteRestApi" => Some(Quota::new(operation, 1.0 / 30.0, 1.0)),
        "GetResources" => Some(Quota::new(operation, 2.5, 5.0)),
        _ => None,
    };
    own.into_iter().chain([Quota::new("all operations", 10.0, 40.0)]).collect()
}

/// Lambda developer guide, "Lambda quotas": invocations have none, two reads have their own, the rest share one.
fn lambda(operation: &str) -> Option<Quota> {
    match operation {
        "Invoke" => None,
        "GetFunction" => Some(Quota::per_second(operation, 100)),
        "GetPolicy" => Some(Quota::per_second(operation, 15)),
        _ => Some(Quota::per_second("control plane", 15)),
    }
}

/// Cognito developer guide, "API operation categories and request rate quotas". Where the tag operations belong is not
/// documented; they are taken as operations on resources of a pool.
fn cognito(operation: &str, document: &Map<String, Value>) -> Vec<Quota> {
    let (category, rate, per_pool) = match operation {
        "DescribeUserPool" | "ListUserPools" => ("UserPoolRead", 15, false),
        "CreateUserPool" | "UpdateUserPool" | "DeleteUserPool" => ("UserPoolUpdate", 15, false),
        "DescribeUserPoolClient" | "ListUserPoolClients" => ("UserPoolClientRead", 15, true),
        "CreateUserPoolClient" | "UpdateUserPoolClient" | "DeleteUserPoolClient" => ("UserPoolClientUpdate", 15, true),
        "AdminCreateUser" => ("UserCreation", 50, false),
        "ListUsers" => ("UserList", 30, false),
        read if read.starts_with("Describe") || read.starts_with("List") => ("UserPoolResourceRead", 20, true),
        _ => ("UserPoolResourceUpdate", 15, true),
    };
    // "Any individual operation in this category … at a rate higher than 5 RPS for a single user pool".
    let pool = ["UserPoolId", "ResourceArn"].iter().find_map(|name| document.get(*name)).and_then(Value::as_str);
    let own = pool.filter(|_| per_pool).map(|pool| Quota::per_second(&format!("{operation} {pool}"), 5));
    [Quota::per_second(category, rate)].into_iter().chain(own).collect()
}

/// CloudWatch Logs user guide, "CloudWatch Logs quotas".
fn logs(operation: &str, region: &str) -> Option<Quota> {
    let rate = match operation {
        "CreateLogGroup" | "DeleteLogGroup" | "DescribeLogGroups" => 10,
        "DescribeLogStreams" => 25,
        "FilterLogEvents" => match region {
            "us-east-1" => 25,
            "ap-northeast-3" | "ap-southeast-3" | "ca-west-1" | "eu-central-1" | "il-central-1" => 5,
            _ => 10,
        },
        "GetLogEvents" => match region {
            "us-west-2" | "ap-northeast-3" | "ap-southeast-3" | "ca-west-1" | "eu-central-1" | "eu-west-1"
            | "il-central-1" => 10,
            "eu-west-3" => 30,
            _ => 25,
        },
        "PutRetentionPolicy"
        | "DeleteRetentionPolicy"
        | "TagResource"
        | "UntagResource"
        | "ListTagsForResource"
        | "ListTagsLogGroup" => 5,
        _ => return None,
    };
    Some(Quota::per_second(operation, rate))
}
