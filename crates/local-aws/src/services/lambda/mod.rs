//! Lambda: functions, their code, versions, concurrency and resource policy.

mod code;
mod concurrency;
mod configuration;
mod error;
mod function;
mod invoke;
mod listing;
mod permissions;
mod readiness;
mod resource_policy;
mod settings;
mod tag;
mod target;
mod version;
mod view;

use self::permissions::on_function;
use crate::{
    operation::{
        Operation,
        Quota::{self, PerSecond},
        Run, per_second, read, rest, write,
    },
    service::Service::Lambda,
};

/// Request rates (Lambda developer guide, "Lambda quotas"): Invoke has none, two reads have their own, all others share
/// one.
const SHARED: Quota = Quota::Limits(|_| vec![per_second("control plane", 15)]);

/// Every operation of Lambda.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    write(Lambda, "CreateFunction", rest("POST", "/2015-03-31/functions"), SHARED, permissions::create_function, function::create),
    read(Lambda, "ListFunctions", rest("GET", "/2015-03-31/functions"), SHARED, permissions::without_resource, function::list),
    read(Lambda, "GetFunction", rest("GET", "/2015-03-31/functions/{FunctionName}"), PerSecond(100), on_function, function::get),
    write(Lambda, "DeleteFunction", rest("DELETE", "/2015-03-31/functions/{FunctionName}"), SHARED, on_function, function::delete),
    read(Lambda, "GetFunctionConfiguration", rest("GET", "/2015-03-31/functions/{FunctionName}/configuration"), SHARED, on_function, configuration::get),
    write(Lambda, "UpdateFunctionConfiguration", rest("PUT", "/2015-03-31/functions/{FunctionName}/configuration"), SHARED, permissions::update_configuration, configuration::update),
    write(Lambda, "UpdateFunctionCode", rest("PUT", "/2015-03-31/functions/{FunctionName}/code"), SHARED, on_function, code::update),

    Operation {
        service: Lambda, name: "Invoke", wire: rest("POST", "/2015-03-31/functions/{FunctionName}/invocations"), writes: false,
        has_payload: true, quota: Quota::Undocumented, permissions: permissions::invoke, run: Run::Async(invoke::invoke),
    },

    write(Lambda, "PublishVersion", rest("POST", "/2015-03-31/functions/{FunctionName}/versions"), SHARED, on_function, version::publish),
    read(Lambda, "ListVersionsByFunction", rest("GET", "/2015-03-31/functions/{FunctionName}/versions"), SHARED, on_function, version::list),

    write(Lambda, "AddPermission", rest("POST", "/2015-03-31/functions/{FunctionName}/policy"), SHARED, permissions::add_permission, resource_policy::add),
    read(Lambda, "GetPolicy", rest("GET", "/2015-03-31/functions/{FunctionName}/policy"), PerSecond(15), on_function, resource_policy::get),
    write(Lambda, "RemovePermission", rest("DELETE", "/2015-03-31/functions/{FunctionName}/policy/{StatementId}"), SHARED, permissions::remove_permission, resource_policy::remove),

    write(Lambda, "PutFunctionConcurrency", rest("PUT", "/2017-10-31/functions/{FunctionName}/concurrency"), SHARED, on_function, concurrency::put),
    read(Lambda, "GetFunctionConcurrency", rest("GET", "/2019-09-30/functions/{FunctionName}/concurrency"), SHARED, on_function, concurrency::get),
    write(Lambda, "DeleteFunctionConcurrency", rest("DELETE", "/2017-10-31/functions/{FunctionName}/concurrency"), SHARED, on_function, concurrency::delete),

    write(Lambda, "TagResource", rest("POST", "/2017-03-31/tags/{Resource}"), SHARED, permissions::tag, tag::tag),
    write(Lambda, "UntagResource", rest("DELETE", "/2017-03-31/tags/{Resource}"), SHARED, permissions::untag, tag::untag),
    read(Lambda, "ListTags", rest("GET", "/2017-03-31/tags/{Resource}"), SHARED, on_function, tag::list),
];
