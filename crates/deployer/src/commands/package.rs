//! `package`: the function's zip, without deploying it.

use std::{fmt, path::PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::Context;
use crate::{cli::PackageArgs, error::Failure, package, ui::Table};

#[derive(Serialize)]
struct Packaged {
    path: PathBuf,
    sha256: String,
    bytes: usize,
    uncompressed_bytes: usize,
    bootstrap_bytes: usize,
    /// Newest GLIBC version that the bootstrap needs.
    glibc: Option<String>,
}

impl fmt::Display for Packaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        row("zip", self.path.display().to_string());
        row("size", format!("{}, {} unzipped", package::size(self.bytes), package::size(self.uncompressed_bytes)));
        row("bootstrap", package::size(self.bootstrap_bytes));
        row("needs", self.glibc.as_ref().map_or_else(|| "no glibc".to_owned(), |version| format!("GLIBC_{version}")));
        row("sha256", self.sha256.clone());
        table.fmt(f)
    }
}

pub(super) async fn run(context: &Context, args: &PackageArgs) -> anyhow::Result<u8> {
    let progress = context.ui.progress();
    let built = package::build(&context.config, context.global.local, progress.events()).await;
    progress.finish().await;
    let artifact = built?;
    let path = match &args.out {
        Some(out) => {
            let writing = || Failure::failed(format!("writing {}", out.display()));
            std::fs::write(out, &artifact.zip).with_context(writing)?;
            out.clone()
        }
        None => artifact.path,
    };
    context.ui.print(&Packaged {
        path,
        sha256: artifact.sha256_base64,
        bytes: artifact.zip.len(),
        uncompressed_bytes: artifact.uncompressed_bytes,
        bootstrap_bytes: artifact.bootstrap_bytes,
        glibc: artifact.glibc,
    })?;
    Ok(0)
}
