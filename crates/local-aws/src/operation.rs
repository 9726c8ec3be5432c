//! An operation as one row: everything that the local cloud knows about it, and the function that runs it.

use std::pin::Pin;

use crate::{
    cloud::Cloud, outcome::Outcome, policy::Permission, request::Request, service::Service, state::State,
    token_buckets::Limit,
};

/// One operation of a service. Each service lists its operations in `OPERATIONS`.
pub(crate) struct Operation {
    pub service: Service,
    /// The name in AWS's API model, such as `CreateFunction`.
    pub name: &'static str,
    pub wire: Wire,
    /// Whether it changes configuration. Invoke does not.
    pub writes: bool,
    /// Whether the body is a payload for somebody else. Any other body is a document, which is parsed.
    pub has_payload: bool,
    pub quota: Quota,
    /// The IAM actions that the caller needs, each on its resource.
    pub permissions: Permissions,
    pub run: Run,
}

pub(crate) type Permissions = fn(&Request, &State) -> Vec<Permission>;

/// How an HTTP request names the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A method and a path: `{name}` matches one segment, `{name+}` all that follow.
    Rest { method: &'static str, uri: &'static str },
    /// `X-Amz-Target`: the service's prefix, a dot, and the operation's name.
    Target,
    /// The form field `Action`.
    Action,
}

/// The request rate that AWS documents for an account and Region. Where AWS documents no burst, the requests of one
/// second may arrive at once.
#[derive(Clone, Copy)]
pub(crate) enum Quota {
    /// AWS documents no rate.
    Undocumented,
    /// Requests per second, counted for this operation alone.
    PerSecond(u32),
    /// Buckets that several operations share, or that depend on the request.
    Limits(fn(&Request) -> Vec<Limit>),
}

impl Quota {
    /// The limits that a request counts against. Bucket names are unique within a service and Region.
    pub(crate) fn limits(self, request: &Request) -> Vec<Limit> {
        match self {
            Self::Undocumented => Vec::new(),
            Self::PerSecond(rate) => vec![per_second(request.operation, rate)],
            Self::Limits(limits) => limits(request),
        }
    }
}

/// A limit of `rate` requests per second, which may all arrive at once.
pub(crate) fn per_second(bucket: &str, rate: u32) -> Limit {
    Limit { bucket: bucket.to_owned(), rate: f64::from(rate), burst: f64::from(rate) }
}

/// The function that runs an operation.
#[derive(Clone, Copy)]
pub(crate) enum Run {
    /// Writes files or generates keys, so it runs on a blocking thread.
    Blocking(Blocking),
    /// Waits for a Lambda function.
    Async(for<'a> fn(&'a Cloud, &'a Request) -> Running<'a>),
}

type Blocking = fn(&Cloud, &Request) -> Outcome;

/// A running asynchronous operation.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A row of an operation that changes nothing.
pub(crate) const fn read(
    service: Service,
    name: &'static str,
    wire: Wire,
    quota: Quota,
    permissions: Permissions,
    run: Blocking,
) -> Operation {
    Operation { service, name, wire, writes: false, has_payload: false, quota, permissions, run: Run::Blocking(run) }
}

/// A row of an operation that changes something.
pub(crate) const fn write(
    service: Service,
    name: &'static str,
    wire: Wire,
    quota: Quota,
    permissions: Permissions,
    run: Blocking,
) -> Operation {
    Operation { writes: true, ..read(service, name, wire, quota, permissions, run) }
}

/// The wire form of a REST operation.
pub(crate) const fn rest(method: &'static str, uri: &'static str) -> Wire {
    Wire::Rest { method, uri }
}

impl Operation {
    /// The values of the path's labels, if method and path match this operation.
    pub(crate) fn labels(&self, method: &str, segments: &[String]) -> Option<Vec<String>> {
        let Wire::Rest { method: expected, uri } = self.wire else { return None };
        if expected != method {
            return None;
        }
        let mut labels = Vec::new();
        let mut rest = segments;
        for part in uri.split('/').filter(|part| !part.is_empty()) {
            let (segment, after) = rest.split_first()?;
            match part.strip_prefix('{') {
                None if part == segment => {}
                None => return None,
                Some(label) if label.ends_with("+}") => {
                    labels.push(rest.join("/"));
                    return Some(labels);
                }
                Some(_) => labels.push(segment.clone()),
            }
            rest = after;
        }
        rest.is_empty().then_some(labels)
    }
}
