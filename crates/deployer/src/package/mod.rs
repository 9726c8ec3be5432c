//! The function's zip: the bootstrap, the model and `classifier.json`. The same input always gives the same bytes.

mod archive;
mod bootstrap;
mod build_target;
mod elf;
mod model;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use classifier::{Operators, PREPARED_FORMAT_MARKER};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

use self::{archive::Entry, build_target::BuildTarget, model::Model};
use crate::{
    change::{Event, Events},
    config::{Config, UNZIPPED_LIMIT},
    error::Failure,
    private_file,
    resources::function::Code,
    stack::ZIPPED_LIMIT,
};

/// A zip that is ready for upload.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Its path, under `.deployer/package/`.
    pub path: PathBuf,
    pub zip: Vec<u8>,
    /// SHA-256 of the zip in base64, which Lambda calls CodeSha256.
    pub sha256_base64: String,
    /// Size of all its files together.
    pub uncompressed_bytes: usize,
    pub bootstrap_bytes: usize,
    /// The newest GLIBC version that the bootstrap needs, such as `2.34`; `None` if it is linked statically.
    pub glibc: Option<String>,
    /// What runs the model, in words.
    pub engine: String,
    /// Which operators the channels-last kernels run, and which tract does.
    pub operators: Operators,
}

impl From<Artifact> for Code {
    fn from(artifact: Artifact) -> Self {
        Self { sha256: artifact.sha256_base64, zip: Arc::new(artifact.zip) }
    }
}

/// Builds the zip: for the local cloud with the host's own toolchain, otherwise for Amazon Linux 2023.
pub async fn build(config: &Config, local: bool, events: &Events) -> anyhow::Result<Artifact> {
    build_and_report(config, local, events, || {}).await
}

/// The same, and calls `model_is_good` once the model has been checked: compiling after that may take minutes.
pub async fn build_and_report(
    config: &Config,
    local: bool,
    events: &Events,
    model_is_good: impl FnOnce(),
) -> anyhow::Result<Artifact> {
    // Loading a model and packing a zip use the CPU for a while; calls in flight must not wait for that.
    let owned = config.clone();
    let model = spawn_blocking(move || model::prepare(&owned)).await??;
    model_is_good();
    let target = BuildTarget::new(config.function.architecture, local, model.prepared.is_some());
    let binary = match &config.function.bootstrap {
        Some(path) => path.clone(),
        None => bootstrap::compile(&config.root, &target, events).await?,
    };
    let owned = config.clone();
    let artifact = spawn_blocking(move || assemble(&owned, model, &binary, &target)).await??;
    events.send(Event::Note(format!("packaged {} ({})", artifact.path.display(), size(artifact.zip.len()))));
    Ok(artifact)
}

fn assemble(config: &Config, model: Model, binary: &Path, target: &BuildTarget) -> anyhow::Result<Artifact> {
    let bytes = fs::read(binary).with_context(|| Failure::failed(format!("reading bootstrap {}", binary.display())))?;
    let elf = elf::check(&bytes, target).with_context(|| bootstrap::unusable(binary, target))?;
    let bootstrap_bytes = bytes.len();
    let model_files = match model.prepared {
        Some(files) if reads_prepared(&bytes) => files,
        // The bootstrap was built here, but from sources of another version.
        Some(_) if config.function.bootstrap.is_none() => return Err(another_version(binary)),
        _ => model.given,
    };
    let mut files = vec![Entry { name: "bootstrap".to_owned(), bytes, executable: true }];
    files.extend(model_files);
    let uncompressed_bytes = files.iter().map(|file| file.bytes.len()).sum();
    limit("unzipped", uncompressed_bytes, UNZIPPED_LIMIT)?;
    let zip = archive::zip(files).context(Failure::failed("writing the function's zip"))?;
    limit("zipped", zip.len(), ZIPPED_LIMIT)?;

    let folder = config.root.join(private_file::FOLDER).join("package");
    let path = folder.join(format!("{}-{}.zip", config.name, config.stage));
    private_file::create_dir(&folder)
        .and_then(|()| private_file::write(&path, &zip))
        .with_context(|| Failure::failed(format!("writing package {}", path.display())))?;
    Ok(Artifact {
        path,
        sha256_base64: BASE64.encode(Sha256::digest(&zip)),
        zip,
        uncompressed_bytes,
        bootstrap_bytes,
        glibc: elf.glibc.map(|version| version.to_string()),
        engine: model.engine,
        operators: model.operators,
    })
}

/// Whether an executable can read the prepared form that this program writes.
fn reads_prepared(executable: &[u8]) -> bool {
    memchr::memmem::find(executable, &PREPARED_FORMAT_MARKER).is_some()
}

fn another_version(binary: &Path) -> anyhow::Error {
    let text =
        format!("packaging bootstrap {}: it reads another model format than this program writes", binary.display());
    let hint =
        "the program and the sources have different versions; run `cargo install --locked --path crates/deployer`";
    Failure::failed(text).hint(hint).into()
}

fn limit(what: &str, bytes: usize, limit: usize) -> anyhow::Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    let text = format!("packaging: {} {what} exceeds Lambda's limit of {}", size(bytes), size(limit));
    Err(Failure::failed(text).hint("use a smaller model").into())
}

/// `4.1 MB`
pub fn size(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::testing::config;

    /// A stack whose bootstrap is any program of this machine.
    fn stack(root: &Path) -> Config {
        let mut config = config(root);
        config.model.path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../model/mnist.onnx");
        config.function.bootstrap = Some("/bin/sh".into());
        config
    }

    #[tokio::test]
    async fn the_same_input_gives_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = build(&stack(one.path()), true, &Events::silent()).await.unwrap();
        let second = build(&stack(two.path()), true, &Events::silent()).await.unwrap();
        assert_eq!((&first.zip, &first.sha256_base64), (&second.zip, &second.sha256_base64));
        assert_eq!(fs::read(&first.path).unwrap(), first.zip);
        assert_eq!(first.path, one.path().join(".deployer/package/mnist-dev.zip"));
    }

    #[tokio::test]
    async fn a_bootstrap_gets_the_model_in_a_form_that_it_reads() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = stack(folder.path());
        let this = std::env::current_exe().unwrap();
        for (bootstrap, form) in [(Path::new("/bin/sh"), "model.onnx"), (&this, "model.channels-last")] {
            config.function.bootstrap = Some(bootstrap.to_owned());
            let artifact = build(&config, true, &Events::silent()).await.unwrap();
            let archive = zip::ZipArchive::new(std::io::Cursor::new(artifact.zip)).unwrap();
            assert!(archive.index_for_name(form).is_some(), "{}", bootstrap.display());
        }
        // A bootstrap that was built here must read what this program writes.
        config.function.bootstrap = None;
        let model = model::prepare(&config).unwrap();
        let target = BuildTarget::new(config.function.architecture, true, true);
        let error = assemble(&config, model, Path::new("/bin/sh"), &target).unwrap_err();
        assert!(format!("{error:#}").contains("another model format"), "{error:#}");
    }

    #[test]
    fn what_lambda_does_not_take_is_refused() {
        limit("zipped", ZIPPED_LIMIT, ZIPPED_LIMIT).unwrap();
        let error = limit("zipped", ZIPPED_LIMIT + 200_000, ZIPPED_LIMIT).unwrap_err();
        assert_eq!(error.to_string(), "packaging: 50.2 MB zipped exceeds Lambda's limit of 50.0 MB");
    }
}
