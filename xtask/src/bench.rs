//! Builds what the benchmarks need, outside the workspace, and runs them.

use std::{
    env,
    ffi::OsString,
    fs, iter,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

/// Compares engines: first and warm answers, memory and size.
pub(crate) fn engines(root: &Path, arguments: &[String]) -> Result<()> {
    let bench = root.join("bench");
    let target = root.join("target/bench");
    let python = python(root, "engines")?;
    run(Command::new("cargo").args(["build", "--release", "--locked"]).current_dir(&bench))?;
    if !target.join("resnet18.onnx").exists() {
        run(Command::new(&python).arg(bench.join("export_models.py")).arg(&target))?;
    }
    run(Command::new(&python).arg(bench.join("engines.py")).arg("--target").arg(&target).args(arguments))
}

/// Resizes a large photo to a model's input, compared with Pillow.
pub(crate) fn images(root: &Path, arguments: &[String]) -> Result<()> {
    let python = python(root, "engines")?;
    run(Command::new("cargo")
        .args(["build", "--release", "--locked", "--package", "classifier", "--example", "images"])
        .current_dir(root))?;
    let images = root.join("target/release/examples/images");
    run(Command::new(&python).arg(root.join("bench/images.py")).arg("--images").arg(images).args(arguments))
}

/// Measures the whole function on the local cloud.
pub(crate) fn function(root: &Path, arguments: &[String]) -> Result<()> {
    deployed(root, "function.py", arguments)
}

/// Measures `up`.
pub(crate) fn up(root: &Path, arguments: &[String]) -> Result<()> {
    let sam = python(root, "sam")?.with_file_name("sam");
    let with_sam = [&["--sam".to_owned(), sam.display().to_string()], arguments].concat();
    deployed(root, "up.py", &with_sam)
}

/// Runs a script with the program and a prebuilt package.
fn deployed(root: &Path, script: &str, arguments: &[String]) -> Result<()> {
    let python = python(root, "clouds")?;
    let zip = root.join("target/bench/function.zip");
    run(Command::new("cargo").args(["build", "--release", "--locked", "--package", "deployer"]).current_dir(root))?;
    let deployer = root.join("target/release/deployer");
    let tools = python.parent().context("the folder of python")?;
    run(Command::new(&deployer)
        .args(["package", "--out"])
        .arg(&zip)
        .env("PATH", before_path(tools)?)
        .current_dir(root))?;
    let script = root.join("bench").join(script);
    run(Command::new(&python).arg(script).arg("--deployer").arg(deployer).arg("--zip").arg(zip).args(arguments))
}

/// PATH with this folder first.
fn before_path(folder: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(iter::once(folder.to_owned()).chain(env::split_paths(&path))).context("making PATH")
}

/// The Python of a virtual environment with the packages that this kind of benchmark needs.
fn python(root: &Path, kind: &str) -> Result<PathBuf> {
    let folder = root.join("target/bench").join(kind);
    fs::create_dir_all(root.join("target/bench")).context("making target/bench")?;
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(root.join(format!("bench/requirements-{kind}.txt"))))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("running {shown}"))?;
    ensure!(status.success(), "{shown} ended with {status}");
    Ok(())
}
