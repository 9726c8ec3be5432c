//! Runs functions: execution environments that run the real `bootstrap` under the Runtime API.
//!
//! An environment handles one invocation at a time, and a warm one is preferred to a new one. There are at most
//! `environment_limit` environments: on one machine, two hundred processes at once would be slower than a queue. An
//! invocation beyond the limit waits for a free environment, for as long as its caller waits. Reserved concurrency
//! throttles at once, as on AWS.
//!
//! A function runs as the user who started the server, with a clean set of variables but without a sandbox. So trust it
//! as far as any program of this user; `/tmp` is the machine's own. The server watches its memory and number of
//! processes, kills it when it exceeds a limit, and kills everything that it started when its environment ends.

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
pub(crate) use unpack::MAX_UNZIPPED;
#[cfg(fuzzing)]
pub(crate) use unpack::unpack;
