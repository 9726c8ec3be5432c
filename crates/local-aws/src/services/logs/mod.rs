//! CloudWatch Logs: groups, and the events that functions log.

mod error;
mod event;
mod filter;
mod group;
mod lookup;
mod permissions;
mod quota;
mod tag;

use self::permissions::{on_arn, on_group};
use crate::{
    operation::{Operation, Quota::PerSecond, Wire::Target, read, write},
    service::Service::Logs,
};

/// Every operation of CloudWatch Logs. The rates are from the user guide, "CloudWatch Logs quotas".
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    write(Logs, "CreateLogGroup", Target, PerSecond(10), permissions::create_group, group::create),
    read(Logs, "DescribeLogGroups", Target, PerSecond(10), permissions::describe_groups, group::describe),
    write(Logs, "DeleteLogGroup", Target, PerSecond(10), on_group, group::delete),
    write(Logs, "PutRetentionPolicy", Target, PerSecond(5), on_group, group::put_retention),
    write(Logs, "DeleteRetentionPolicy", Target, PerSecond(5), on_group, group::delete_retention),

    write(Logs, "TagResource", Target, PerSecond(5), permissions::tag, tag::tag),
    write(Logs, "UntagResource", Target, PerSecond(5), permissions::untag, tag::untag),
    read(Logs, "ListTagsForResource", Target, PerSecond(5), on_arn, tag::list),
    read(Logs, "ListTagsLogGroup", Target, PerSecond(5), on_group, tag::list_by_name),

    read(Logs, "DescribeLogStreams", Target, PerSecond(25), on_group, event::describe_streams),
    read(Logs, "GetLogEvents", Target, quota::GET_LOG_EVENTS, permissions::on_stream, event::get),
    read(Logs, "FilterLogEvents", Target, quota::FILTER_LOG_EVENTS, on_group, event::filter),
];
