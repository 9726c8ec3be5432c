//! A stack as its files and the command line describe it.

use std::{path::Path, sync::Arc};

use clap::Parser as _;

use crate::{
    cli::{Cli, Global},
    config::Config,
    resources::function::Code,
};

pub(crate) fn global() -> Global {
    Cli::try_parse_from(["deployer", "--local", "--quiet", "status"]).unwrap().global
}

/// A configuration as [`Config::load`] makes it, of a stack that lives in this folder.
pub(crate) fn config(root: &Path) -> Config {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.onnx"), "model").unwrap();
    let path = folder.path().join("deploy.toml");
    std::fs::write(&path, "name = \"mnist\"\n[model]\npath = \"m.onnx\"\n").unwrap();
    let mut config = Config::load(&path, "dev", None).unwrap();
    config.root = root.to_owned();
    config
}

/// A zip that Lambda takes.
pub(crate) fn code(script: &str) -> Code {
    use base64::Engine as _;
    use sha2::Digest as _;
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options.last_modified_time(zip::DateTime::default())).unwrap();
    zip.write_all(script.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let sha256 = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&zip));
    Code { sha256, zip: Arc::new(zip) }
}
