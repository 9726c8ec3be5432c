//! Builds `bootstrap` with cargo: natively for the local cloud, and for Lambda with zig, which links against an old
//! glibc.

use std::{
    collections::VecDeque,
    env,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, anyhow};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::Command,
};

use super::build_target::{AL2023_GLIBC, BuildTarget};
use crate::{
    change::{Event, Events, ResourceKind},
    error::Failure,
};

/// Lines of cargo's output that are shown when it fails.
const TAIL: usize = 20;

/// Cargo's arguments. Lambda gets the profile that is slow to build and quick to start. This machine gets the release
/// profile with the features of the whole workspace, so that cargo reuses what it compiled for this program.
fn cargo_arguments(target: BuildTarget) -> Vec<String> {
    let mut arguments = Vec::new();
    if target.local {
        arguments.extend(["build", "--release", "--workspace"].map(str::to_owned));
    } else {
        let triple = format!("{}.{AL2023_GLIBC}", target.triple());
        arguments.extend(["zigbuild", "--target", &triple, "--profile", "lambda"].map(str::to_owned));
        arguments.extend(["--package", "inference-lambda"].map(str::to_owned));
        if target.prepared {
            arguments.push("--no-default-features".to_owned());
        }
    }
    arguments.extend(["--bin", "bootstrap", "--locked"].map(str::to_owned));
    arguments.push("--message-format=json-render-diagnostics".to_owned());
    arguments
}

/// The error for a bootstrap that cannot run on the target.
pub(super) fn unusable(binary: &Path, target: &BuildTarget) -> Failure {
    let failure = Failure::failed(format!("checking bootstrap {}", binary.display()));
    if target.local {
        failure.hint("remove bootstrap from [function], and deployer builds one that fits")
    } else {
        let (triple, glibc) = (target.triple(), AL2023_GLIBC);
        failure.hint(format!(
            "build it with `cargo zigbuild --profile lambda --target {triple}.{glibc} -p inference-lambda`"
        ))
    }
}

/// Builds the bootstrap and returns its path. If nothing changed, cargo only checks that.
pub(super) async fn compile(root: &Path, target: &BuildTarget, events: &Events) -> anyhow::Result<PathBuf> {
    let workspace = workspace(root)?;
    events.send(Event::Note(format!(
        "building the bootstrap for {}",
        if target.local { "this machine" } else { "Lambda" }
    )));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(cargo_arguments(*target)).current_dir(&workspace).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in env::vars_os().filter(|(name, _)| is_secret(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let missing =
        || Failure::failed("running cargo").hint("install Rust, which builds the bootstrap: https://rustup.rs");
    let mut child = command.spawn().with_context(missing)?;
    let stdout = child.stdout.take().context("cargo has no stdout")?;
    let stderr = child.stderr.take().context("cargo has no stderr")?;
    let (executable, tail) = tokio::try_join!(executable(stdout), follow(stderr, events))?;
    let status = child.wait().await.context("waiting for cargo")?;
    if !status.success() {
        let failure = Failure::failed(format!("building the bootstrap with cargo ({status})"));
        let failure = match install_hint(&tail, *target) {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        return Err(anyhow!("{}", Vec::from(tail).join("\n")).context(failure));
    }
    executable.context(Failure::failed("building the bootstrap: cargo reported no executable"))
}

/// Whether to withhold a variable from cargo and its build scripts: they need none of the AWS configuration.
fn is_secret(name: &str) -> bool {
    name.starts_with("AWS_")
}

/// The folder of our workspace: a parent of deploy.toml, or the one that this program was built from.
fn workspace(root: &Path) -> anyhow::Result<PathBuf> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let candidates = root.ancestors().chain(built_from);
    let found = candidates.into_iter().find(|folder| folder.join("crates/inference-lambda/Cargo.toml").is_file());
    found.map(Path::to_owned).ok_or_else(|| {
        let failure =
            Failure::failed("looking for the bootstrap's source: crates/inference-lambda is not above deploy.toml");
        failure.hint("set bootstrap in [function] to a prebuilt one").into()
    })
}

/// Reads all of cargo's messages and returns the executable that they report.
async fn executable(stdout: impl AsyncRead + Unpin) -> anyhow::Result<Option<PathBuf>> {
    let mut lines = BufReader::new(stdout).lines();
    let mut found = None;
    while let Some(line) = lines.next_line().await.context("reading cargo's messages")? {
        found = executable_in(&line).or(found);
    }
    Ok(found)
}

/// The bootstrap's path, if this line of `--message-format=json` reports it.
fn executable_in(line: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        target: MessageTarget,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct MessageTarget {
        name: String,
    }
    let message: Message = serde_json::from_str(line).ok()?;
    message.executable.filter(|_| message.target.name == "bootstrap")
}

/// Forwards cargo's progress as events and returns its last lines.
async fn follow(stderr: impl AsyncRead + Unpin, events: &Events) -> anyhow::Result<VecDeque<String>> {
    let mut lines = BufReader::new(stderr).lines();
    let mut tail = VecDeque::with_capacity(TAIL);
    while let Some(line) = lines.next_line().await.context("reading cargo's progress")? {
        let reason = line.trim().to_owned();
        if !reason.is_empty() {
            events.send(Event::Waiting { resource: ResourceKind::Function, reason });
        }
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    Ok(tail)
}

/// What to install, according to cargo's error message: cargo has no codes for these errors.
fn install_hint(tail: &VecDeque<String>, target: BuildTarget) -> Option<String> {
    let said = |words: &[&str]| tail.iter().any(|line| words.iter().all(|word| line.to_lowercase().contains(word)));
    if said(&["no such command", "zigbuild"]) || said(&["find", "zig"]) || said(&["no module named ziglang"]) {
        return Some("pip install cargo-zigbuild ziglang".to_owned());
    }
    if said(&["can't find crate for `core`"])
        || said(&["can't find crate for `std`"])
        || said(&["may not be installed"])
    {
        return Some(format!("rustup target add {}", target.triple()));
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{config::Architecture, package::build_target::host};

    const LAMBDA: BuildTarget = BuildTarget { architecture: Architecture::Arm64, local: false, prepared: false };

    #[test]
    fn lambda_gets_its_own_glibc_and_the_local_cloud_the_hosts() {
        let arguments = cargo_arguments(LAMBDA);
        assert_eq!(arguments[..3], ["zigbuild", "--target", "aarch64-unknown-linux-gnu.2.34"]);
        let without_tract = |target: BuildTarget| cargo_arguments(target).contains(&"--no-default-features".to_owned());
        assert_eq!((without_tract(LAMBDA), without_tract(BuildTarget { prepared: true, ..LAMBDA })), (false, true));
        let local = BuildTarget::new(Architecture::Arm64, true, true);
        assert_eq!(cargo_arguments(local)[0], "build");
        assert_eq!(local.architecture, host().unwrap());
    }

    #[test]
    fn the_executable_is_found_among_the_messages() {
        let artifact = r#"{"reason":"compiler-artifact","target":{"name":"bootstrap"},"executable":"/t/bootstrap"}"#;
        assert_eq!(executable_in(artifact), Some(PathBuf::from("/t/bootstrap")));
        let library = r#"{"reason":"compiler-artifact","target":{"name":"classifier"},"executable":null}"#;
        assert_eq!(
            (executable_in(library), executable_in(r#"{"reason":"build-finished","success":true}"#)),
            (None, None)
        );
    }

    #[test]
    fn the_hint_names_what_to_install() {
        let tail = |line: &str| VecDeque::from([line.to_owned()]);
        let zigbuild = tail("error: no such command: `zigbuild`");
        assert_eq!(install_hint(&zigbuild, LAMBDA).unwrap(), "pip install cargo-zigbuild ziglang");
        let target = tail("  = note: the `aarch64-unknown-linux-gnu` target may not be installed");
        assert_eq!(install_hint(&target, LAMBDA).unwrap(), "rustup target add aarch64-unknown-linux-gnu");
        assert_eq!(install_hint(&tail("error[E0308]: mismatched types"), LAMBDA), None);
    }

    #[test]
    fn the_workspace_is_found_from_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(workspace(folder.path()).unwrap().join("crates/inference-lambda").is_dir());
        assert!(!is_secret("PATH") && is_secret("AWS_SECRET_ACCESS_KEY"));
    }
}
