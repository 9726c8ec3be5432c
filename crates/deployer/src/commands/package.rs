//! `package`: the function's zip, without deploying it.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use super::{context::Context, operators};
use crate::{cli::PackageArgs, config::Target, error::Failure, package, ui::Table};

#[derive(Serialize)]
struct Packaged {
    path: PathBuf,
    sha256: String,
    bytes: usize,
    uncompressed_bytes: usize,
    bootstrap_bytes: usize,
    /// The newest GLIBC version that the bootstrap needs.
    glibc: Option<String>,
    /// What runs the model.
    engine: String,
    /// Operators that the channels-last kernels run, by name.
    taken: BTreeMap<String, usize>,
    /// Operators that stay with tract, by name.
    left: BTreeMap<String, usize>,
}

impl fmt::Display for Packaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        row("zip", self.path.display().to_string());
        row("size", format!("{}, {} unzipped", package::size(self.bytes), package::size(self.uncompressed_bytes)));
        row("bootstrap", package::size(self.bootstrap_bytes));
        row("needs", self.glibc.as_ref().map_or_else(|| "no glibc".to_owned(), |version| format!("GLIBC_{version}")));
        row("engine", self.engine.clone());
        row("operators", operators::summary(&self.taken, &self.left));
        row("sha256", self.sha256.clone());
        table.fmt(f)
    }
}

pub(super) async fn run(context: &Context, args: &PackageArgs) -> anyhow::Result<u8> {
    let progress = context.ui.progress();
    let Target { config, local, .. } = &context.target;
    let built = package::build(config, *local, progress.events()).await;
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
        engine: artifact.engine,
        taken: artifact.operators.taken,
        left: artifact.operators.left,
    })?;
    Ok(0)
}
