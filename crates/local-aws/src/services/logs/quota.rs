//! Request rates that differ between Regions (CloudWatch Logs user guide, "CloudWatch Logs quotas").

use crate::operation::{Quota, per_second};

pub(super) const FILTER_LOG_EVENTS: Quota = Quota::Limits(|request| {
    let rate = match request.region.as_str() {
        "us-east-1" => 25,
        "ap-northeast-3" | "ap-southeast-3" | "ca-west-1" | "eu-central-1" | "il-central-1" => 5,
        _ => 10,
    };
    vec![per_second(request.operation, rate)]
});

pub(super) const GET_LOG_EVENTS: Quota = Quota::Limits(|request| {
    let rate = match request.region.as_str() {
        "us-west-2" | "ap-northeast-3" | "ap-southeast-3" | "ca-west-1" | "eu-central-1" | "eu-west-1"
        | "il-central-1" => 10,
        "eu-west-3" => 30,
        _ => 25,
    };
    vec![per_second(request.operation, rate)]
});
