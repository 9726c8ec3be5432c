//! The Lambda function behind the endpoint: takes API Gateway proxy events and returns predictions.
//!
//! The model is loaded once, before the first event is requested. So a broken package fails the initialization, and never a
//! request.

mod body;
mod content_encoding;
mod cors;
mod event;
mod form;
mod handler;
mod hint;
mod log;
mod problem;
mod response;
mod runtime;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use classifier::Classifier;
use lambda_runtime_api_client::BoxError;

use event::ProxyEvent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let started = Instant::now();
    std::panic::set_hook(Box::new(log_panic));
    let classifier = match package_folder().and_then(|folder| Ok(Classifier::open(&folder)?)) {
        Ok(classifier) => classifier,
        Err(error) => return fail("loading package", error.as_ref()),
    };
    log::write(&log::StartLine {
        level: "INFO",
        message: "model loaded",
        engine: classifier.engine(),
        operators: classifier.operators(),
        load_ms: started.elapsed(),
    });
    let (classifier, cors) = (&classifier, &cors::Cors::from_environment());
    let handle = async |event: ProxyEvent, id: &str| {
        let (response, line) = handler::handle(classifier, cors, event, id).await;
        log::write(&line);
        response
    };
    match runtime::run(handle).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail("serving events", error.as_ref()),
    }
}

/// The folder with the unpacked zip: `LAMBDA_TASK_ROOT` on Lambda, otherwise the executable's folder.
fn package_folder() -> Result<PathBuf, BoxError> {
    if let Some(folder) = std::env::var_os("LAMBDA_TASK_ROOT") {
        return Ok(folder.into());
    }
    let mut path = std::env::current_exe()?;
    path.pop();
    Ok(path)
}

/// One log line instead of a message and a stack trace. The request that panicked is answered by the decoder's caller, or
/// else the function ends.
fn log_panic(panic: &std::panic::PanicHookInfo) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let cause = panic.payload_as_str().unwrap_or("no message");
    log::write(&log::FatalLine { level: "ERROR", message: format!("panic at {place}: {cause}") });
}

fn fail(doing: &str, error: &dyn std::error::Error) -> ExitCode {
    log::write(&log::FatalLine { level: "ERROR", message: format!("{doing}: {error}") });
    ExitCode::FAILURE
}
