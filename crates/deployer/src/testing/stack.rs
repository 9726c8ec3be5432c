//! A stack as its files and the command line describe it.

use std::{path::Path, sync::Arc};

use crate::{
    config::{Config, Flags, Target},
    resources::function::Code,
};

/// A configuration as [`Config::load`] makes it, of a stack that lives in this folder.
pub(crate) fn config(root: &Path) -> Config {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.onnx"), "model").unwrap();
    let path = folder.path().join("deploy.toml");
    std::fs::write(&path, "name = \"mnist\"\n[model]\npath = \"m.onnx\"\n").unwrap();
    let flags = Flags { stage: "dev", region: None, engine: classifier::Engine::default() };
    let mut config = Config::load(&path, &flags).unwrap();
    config.root = root.to_owned();
    config
}

/// The same stack, in the local cloud.
pub(crate) fn target(root: &Path) -> Target {
    Target { config: config(root), local: true, profile: None }
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
