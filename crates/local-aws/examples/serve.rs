//! Runs a local cloud until it is interrupted: `cargo run -p local-aws --example serve -- [DIR] [PORT]`.
//!
//! Prints shell commands that point the AWS CLI or an SDK at it.

#![expect(clippy::print_stdout, reason = "an example prints")]

use local_aws::Options;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options::new(arguments.next().unwrap_or_else(|| ".deployer/local-aws".to_owned()));
    if let Some(port) = arguments.next() {
        options.port = port.parse()?;
    }
    let server = local_aws::start(options).await?;
    println!("export AWS_ENDPOINT_URL={}", server.endpoint());
    println!("export AWS_REGION=us-east-1");
    println!("export AWS_ACCESS_KEY_ID={}", server.credentials().access_key_id);
    println!("export AWS_SECRET_ACCESS_KEY={}", server.credentials().secret_access_key);
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
