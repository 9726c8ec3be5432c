//! The layout check: what the compiler and clippy do not check.
//!
//! Each rule states its reason; a finding names the file and the rule.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::{cycles, imports::Crate, layers::LAYERS};

/// A longer file has more than one purpose, and nobody reads all of it.
const MAX_LINES: usize = 600;

/// Forbidden names of files and modules: they say nothing, so they attract everything.
const EMPTY_WORDS: [&str; 5] = ["utils", "util", "helper", "helpers", "manager"];

/// Where a fixed pause is allowed: in the waiters that everything else uses, and in the imitation of a slow cloud.
const MAY_SLEEP: [&str; 3] = ["crates/deployer/src/aws/wait.rs", "crates/deployer/src/backoff.rs", "crates/local-aws/"];

/// The top level, which a newcomer reads as a table of contents.
const TOP_LEVEL: [&str; 20] = [
    ".cargo",
    ".ci",
    ".git",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "bench",
    "crates",
    "deny.toml",
    "deploy.toml",
    "docs",
    "fuzz",
    "model",
    "rustfmt.toml",
    "test_images",
];

/// The document that draws the layers.
const DRAWN_IN: &str = "docs/architecture.md";

/// Checks the whole checkout at `root`, and reports all findings together.
#[expect(clippy::print_stdout, reason = "the result goes to stdout")]
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let files = tracked_files(root)?;
    let mut findings = Vec::new();
    check_top_level(&files, &mut findings);
    for file in &files {
        check_name(file, &mut findings);
        if file.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(root.join(file)).with_context(|| format!("reading {}", file.display()))?;
            check_source(file, &text, &mut findings);
        }
        if file.file_name().is_some_and(|name| name == "Cargo.toml") && file.components().count() > 1 {
            let text = fs::read_to_string(root.join(file)).with_context(|| format!("reading {}", file.display()))?;
            check_manifest(file, &text, &mut findings);
        }
    }
    check_imports(root, &files, &mut findings)?;
    check_drawings(&fs::read_to_string(root.join(DRAWN_IN)).context("reading the architecture")?, &mut findings);
    if findings.is_empty() {
        println!("{} files are in order", files.len());
        return Ok(());
    }
    bail!("{} finding(s):\n  {}", findings.len(), findings.join("\n  "));
}

/// Layers and cycles, crate by crate: each begins at a `src/lib.rs` or `src/main.rs`.
fn check_imports(root: &Path, files: &[PathBuf], findings: &mut Vec<String>) -> anyhow::Result<()> {
    let read = |file: &Path| fs::read_to_string(root.join(file)).ok();
    for file in files.iter().filter(|file| file.ends_with("src/lib.rs") || file.ends_with("src/main.rs")) {
        let source = file.parent().unwrap_or(Path::new(""));
        let loaded = Crate::load(file, &read)?;
        let imports = loaded.imports();
        cycles::check(&imports, findings);
        match LAYERS.iter().find(|layers| Path::new(layers.source) == source) {
            Some(layers) => layers.check(&loaded.files(), &imports, findings),
            None if source.starts_with("crates") => {
                findings
                    .push(format!("{}: a crate without layers; give it some in xtask/src/layers.rs", source.display()));
            }
            None => {}
        }
    }
    Ok(())
}

/// The architecture must show the current layers.
fn check_drawings(architecture: &str, findings: &mut Vec<String>) {
    for layers in LAYERS.iter().filter(|layers| layers.drawn) {
        let drawing = layers.drawing();
        if !architecture.contains(&format!("```\n{drawing}\n```")) {
            findings.push(format!("{DRAWN_IN}: the layers of {} are\n{drawing}", layers.source));
        }
    }
}

fn tracked_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("running git ls-files")?;
    if !output.status.success() {
        bail!("git ls-files failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let listed = String::from_utf8(output.stdout).context("reading git ls-files")?;
    Ok(listed.lines().map(PathBuf::from).filter(|file| root.join(file).exists()).collect())
}

fn check_top_level(files: &[PathBuf], findings: &mut Vec<String>) {
    for file in files {
        let Some(first) = file.components().next() else { continue };
        let name = first.as_os_str().to_string_lossy();
        if !TOP_LEVEL.contains(&name.as_ref()) && name != "xtask" {
            findings.push(format!("{}: does not belong on the top level; move it into a folder", file.display()));
        }
    }
}

fn check_name(file: &Path, findings: &mut Vec<String>) {
    for part in file.components() {
        let part = part.as_os_str().to_string_lossy();
        let stem = part.split('.').next().unwrap_or_default();
        if EMPTY_WORDS.contains(&stem) {
            findings.push(format!("{}: \"{stem}\" says nothing; name it after its purpose", file.display()));
        }
    }
}

fn check_source(file: &Path, text: &str, findings: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > MAX_LINES {
        findings.push(format!("{}: {lines} lines, more than {MAX_LINES}; split it by purpose", file.display()));
    }
    if !text.trim_start_matches("#!/usr/bin/env").trim_start().starts_with("//!") {
        findings.push(format!("{}: a module opens with //! that says what it is for", file.display()));
    }
    let name = file.to_string_lossy();
    let may_sleep = MAY_SLEEP.iter().any(|place| name.starts_with(place)) || name.contains("/tests/");
    if !may_sleep && name != "xtask/src/tidy.rs" && text.contains("time::sleep(") {
        findings.push(format!("{}: sleeps; wait for a condition with aws::wait or Backoff", file.display()));
    }
}

fn check_manifest(file: &Path, text: &str, findings: &mut Vec<String>) {
    // Workspaces of their own have their own lints and versions.
    if text.contains("[workspace]\n") {
        return;
    }
    if !text.contains("[lints]\nworkspace = true") {
        findings.push(format!("{}: does not inherit the workspace's lints", file.display()));
    }
    let mut in_dependencies = false;
    for line in text.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if in_dependencies && line.contains('=') && !line.contains("workspace = true") {
            findings.push(format!("{}: \"{line}\": versions live in the workspace's Cargo.toml", file.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_without_a_doc_is_found_twice() {
        let mut findings = Vec::new();
        check_source(Path::new("crates/x/src/a.rs"), &"fn a() {}\n".repeat(MAX_LINES + 1), &mut findings);
        assert_eq!(findings.len(), 2, "{findings:?}");
    }

    #[test]
    fn an_architecture_that_shows_other_layers_is_found() {
        let drawings = LAYERS.iter().map(|layers| format!("```\n{}\n```\n", layers.drawing()));
        let architecture: String = drawings.collect();
        let mut findings = Vec::new();
        check_drawings(&architecture, &mut findings);
        assert_eq!(findings, Vec::<String>::new());
        check_drawings(&architecture.replace("engine", "motor"), &mut findings);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn an_empty_word_is_found_in_folders_and_files() {
        let mut findings = Vec::new();
        check_name(Path::new("crates/x/src/utils/a.rs"), &mut findings);
        check_name(Path::new("crates/x/src/helper.rs"), &mut findings);
        check_name(Path::new("crates/x/src/wait.rs"), &mut findings);
        assert_eq!(findings.len(), 2, "{findings:?}");
    }

    #[test]
    fn a_version_in_a_crate_is_found() {
        let mut findings = Vec::new();
        let manifest = "[dependencies]\nserde = \"1\"\nanyhow.workspace = true\n\n[lints]\nworkspace = true\n";
        check_manifest(Path::new("crates/x/Cargo.toml"), manifest, &mut findings);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}
