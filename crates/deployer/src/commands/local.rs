//! `local`: start, stop and show the local cloud's process.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    cli::LocalCommand,
    error::Failure,
    local::{self, Running},
    rotating,
    ui::{Table, Ui},
};

#[derive(Serialize)]
struct Status {
    running: bool,
    folder: PathBuf,
    #[serde(flatten)]
    server: Option<Server>,
}

#[derive(Serialize)]
struct Server {
    url: String,
    pid: u32,
    version: String,
    account_id: String,
    policy: bool,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::default();
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        match &self.server {
            Some(server) => {
                row("running", format!("yes, pid {}", server.pid));
                row("url", server.url.clone());
                row("account", server.account_id.clone());
                if server.policy {
                    row("policy", "enforced".to_owned());
                }
            }
            None => row("running", "no".to_owned()),
        }
        row("folder", self.folder.display().to_string());
        table.fmt(f)
    }
}

#[derive(Serialize)]
struct Stopped {
    stopped: bool,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.stopped { "stopped; its state is kept" } else { "not running" })
    }
}

#[derive(Serialize)]
struct Log {
    lines: Vec<String>,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

pub(super) async fn run(ui: &Ui, config: &Path, command: &LocalCommand) -> anyhow::Result<u8> {
    let root = &root(config)?;
    match command {
        LocalCommand::Start(args) => {
            match &args.policy {
                Some(policy) => local::restart_under(root, policy).await?,
                None => drop(local::ensure(root).await?),
            }
            ui.print(&status(root, local::status(root).await?))?;
        }
        LocalCommand::Stop => ui.print(&Stopped { stopped: local::stop(root).await? })?,
        LocalCommand::Status => ui.print(&status(root, local::status(root).await?))?,
        LocalCommand::Logs => ui.print(&log(&local::log_path(root))?)?,
        LocalCommand::Serve(args) => {
            local::serve(&args.dir, args.port, args.policy.as_deref(), args.like_aws).await?;
        }
    }
    Ok(0)
}

/// The folder of deploy.toml, whether or not the file exists.
fn root(config: &Path) -> anyhow::Result<PathBuf> {
    let locating = || Failure::usage(format!("locating {}", config.display()));
    let path = std::path::absolute(config).with_context(locating)?;
    Ok(path.parent().map_or_else(|| path.clone(), PathBuf::from))
}

fn status(root: &Path, running: Option<Running>) -> Status {
    let server = running.map(|Running { url, health }| Server {
        url,
        pid: health.pid,
        version: health.version,
        account_id: health.account_id,
        policy: health.policy,
    });
    Status { running: server.is_some(), folder: local::folder(root), server }
}

/// The lines of the rotated file and of the current one.
fn log(path: &Path) -> anyhow::Result<Log> {
    let mut lines = Vec::new();
    for file in [rotating::older(path), path.to_owned()] {
        match fs::read(&file) {
            Ok(bytes) => lines.extend(String::from_utf8_lossy(&bytes).lines().map(str::to_owned)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| Failure::failed(format!("reading {}", file.display()))),
        }
    }
    Ok(Log { lines })
}
