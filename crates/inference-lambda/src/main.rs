//! The Lambda function behind the endpoint: API Gateway proxy event in, prediction out.
//!
//! The model is loaded once, before the first event is asked for, so that a broken package shows as an error of the
//! initialisation and never as a failed request.

mod body;
mod event;
mod handler;
mod log;
mod problem;
mod response;

use std::path::PathBuf;
use std::process::ExitCode;

use classifier::Classifier;
use lambda_runtime::{LambdaEvent, service_fn};

use event::ProxyEvent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let classifier = match package_folder().and_then(|folder| Ok(Classifier::open(&folder)?)) {
        Ok(classifier) => classifier,
        Err(error) => return fail("loading package", error.as_ref()),
    };
    let classifier = &classifier;
    let service = service_fn(move |LambdaEvent { payload, context }: LambdaEvent<ProxyEvent>| async move {
        let (response, line) = handler::handle(classifier, payload, &context.request_id).await;
        log::write(&line);
        Ok::<_, lambda_runtime::Error>(response)
    });
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail("serving events", error.as_ref()),
    }
}

/// Where the zip was unpacked: Lambda says so; elsewhere it is beside the executable.
fn package_folder() -> Result<PathBuf, lambda_runtime::Error> {
    if let Some(folder) = std::env::var_os("LAMBDA_TASK_ROOT") {
        return Ok(folder.into());
    }
    let mut path = std::env::current_exe()?;
    path.pop();
    Ok(path)
}

fn fail(doing: &str, error: &dyn std::error::Error) -> ExitCode {
    log::write(&log::Failure { level: "ERROR", message: format!("{doing}: {error}") });
    ExitCode::FAILURE
}
