//! Functions at work: environments that run the real `bootstrap` under the Runtime API.
//!
//! An environment serves one invocation at a time; a warm one is preferred to a new one. At most
//! `environment_limit` of them exist: a laptop is not a Region, and two hundred processes at once would answer later
//! than a queue does. An invocation beyond the limit waits for a free environment, as long as its caller waits. A
//! function's reserved concurrency throttles at once, as on AWS.
//!
//! A function runs as the user who started the server, with a clean environment but no sandbox: it may be trusted as
//! far as any program that this user runs. `/tmp` is the machine's own. It is held to its memory and to a number of
//! processes by being watched, and ends with all that it began.

mod api;
mod child;
mod environment;
mod fleet;
mod host;
mod invocation;
mod job;
mod log_store;
mod peer;
mod pool;
mod process;
mod report;
mod run;
mod sink;
#[cfg(test)]
mod tests;
mod unpack;

pub(crate) use fleet::Functions;
pub(crate) use invocation::InvokeError;
#[cfg(fuzzing)]
pub(crate) use unpack::unpack;
