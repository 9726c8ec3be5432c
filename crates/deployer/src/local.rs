//! The local cloud as a background process: started when needed, found through `server.json`, stopped on demand.
//!
//! `server.json` in its folder is only a hint. The process counts as running only if a health check answers with the
//! same pid. So the next start recovers from a crash, a stale file, a reused pid and a port that is in use.

use std::{
    env, fs, io,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use local_aws::Faults;
use rustix::{
    fs::Mode,
    process::{Pid, Signal, kill_process, umask},
};
use serde::{Deserialize, Serialize};

use crate::{aws::LocalEndpoint, backoff::Backoff, error::Failure, private_file};

/// Name of the log file in the local cloud's folder.
pub const LOG: &str = "server.log";
/// Starting reads the state from disk and binds a port.
const START_PATIENCE: Duration = Duration::from_secs(20);
/// Stopping waits for requests in flight.
const STOP_PATIENCE: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Lines of the log that are shown when the start fails.
const TAIL: usize = 10;

/// `server.json`: the process that was started last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Started {
    url: String,
    pid: u32,
}

/// Answer to a health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// 12 digits.
    pub account_id: String,
    pub pid: u32,
    /// Version of deployer that it belongs to.
    pub version: String,
    /// Whether it enforces a policy on callers.
    pub policy: bool,
}

#[derive(Deserialize)]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
}

/// A local cloud that answers.
#[derive(Debug, Clone)]
pub struct Running {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    pub health: Health,
}

/// The folder of the local cloud that belongs to this folder's deploy.toml.
pub fn folder(root: &Path) -> PathBuf {
    root.join(private_file::FOLDER).join("local")
}

pub fn log_path(root: &Path) -> PathBuf {
    folder(root).join(LOG)
}

/// The local cloud, if it is running.
pub async fn status(root: &Path) -> anyhow::Result<Option<Running>> {
    let Some(started) = started(&folder(root)) else { return Ok(None) };
    Ok(health(&started).await?.map(|health| Running { url: started.url, health }))
}

/// The endpoint of a local cloud that was started before; starts it again if it is not running. `None` if it was never
/// started.
pub async fn resume(root: &Path) -> anyhow::Result<Option<LocalEndpoint>> {
    // Either file is enough: lost credentials are created again, and the state is still there.
    let was_started = ["credentials.json", "state.json"].iter().any(|file| folder(root).join(file).exists());
    if was_started { ensure(root).await.map(Some) } else { Ok(None) }
}

/// The endpoint of the local cloud; starts it if it is not running.
pub async fn ensure(root: &Path) -> anyhow::Result<LocalEndpoint> {
    let dir = folder(root);
    private_file::create_dir(&dir).with_context(|| Failure::failed(format!("creating folder {}", dir.display())))?;
    // Two commands that start it at the same time start only one process.
    let lock = lock(&dir).await?;
    if let Some(running) = status(root).await? {
        if running.health.version == env!("CARGO_PKG_VERSION") {
            return endpoint(&dir, running.url);
        }
        end(&dir).await?;
    }
    let url = start(&dir, None, &lock).await?;
    endpoint(&dir, url)
}

/// Restarts the local cloud so that it enforces the policy in this file.
pub async fn restart_under(root: &Path, policy: &Path) -> anyhow::Result<()> {
    read_policy(policy)?;
    let policy = std::path::absolute(policy)?;
    let dir = folder(root);
    private_file::create_dir(&dir).with_context(|| Failure::failed(format!("creating folder {}", dir.display())))?;
    let lock = lock(&dir).await?;
    end(&dir).await?;
    start(&dir, Some(&policy), &lock).await?;
    Ok(())
}

fn read_policy(path: &Path) -> anyhow::Result<local_aws::Policy> {
    let reading = || Failure::usage(format!("reading {}", path.display()));
    let text = fs::read_to_string(path).with_context(reading)?;
    local_aws::Policy::parse(&text).with_context(reading)
}

/// Stops the local cloud and keeps its state. Returns whether it was running.
pub async fn stop(root: &Path) -> anyhow::Result<bool> {
    let dir = folder(root);
    if !dir.exists() {
        return Ok(false);
    }
    let _lock = lock(&dir).await?;
    end(&dir).await
}

/// Runs the local cloud in this process until a signal ends it.
pub async fn serve(dir: &Path, port: u16, policy: Option<&Path>, like_aws: bool) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // Its state holds client secrets, and it runs the code that it unpacks: other users get no access to its files.
    umask(Mode::RWXG | Mode::RWXO);
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
    // It outlives the terminal that it was started from.
    let mut hangup = signal(SignalKind::hangup()).context("listening for signals")?;
    let policy = policy.map(read_policy).transpose()?;
    let faults = if like_aws { Faults::like_aws() } else { Faults::default() };
    let options = local_aws::Options { port, policy, faults, ..local_aws::Options::new(dir) };
    let mut server = local_aws::start(options).await.context(Failure::failed("starting the local cloud"))?;
    let started = Started { url: server.endpoint(), pid: std::process::id() };
    private_file::write(&dir.join("server.json"), &serde_json::to_vec(&started)?).context("writing server.json")?;
    release_start_lock().context("releasing the start lock")?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {}
            ended = server.join() => {
                ended.context(Failure::failed("serving the local cloud"))?;
                break;
            }
        }
    }
    server.stop().await;
    // Only to tidy up: every reader checks the health too.
    let _ = fs::remove_file(dir.join("server.json"));
    Ok(())
}

/// Closes this process's share of the start lock, see [`spawn`].
fn release_start_lock() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdin(fs::File::open("/dev/null")?)?)
}

/// Waits for the lock that starting and stopping need; dropping the file releases it.
async fn lock(dir: &Path) -> anyhow::Result<fs::File> {
    let path = dir.join("start.lock");
    let file = private_file::append(&path).with_context(|| Failure::failed(format!("opening {}", path.display())))?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    locked.await?.with_context(|| Failure::failed(format!("locking {}", path.display())))
}

/// The process that was started last; an unreadable file counts as absent.
fn started(dir: &Path) -> Option<Started> {
    serde_json::from_slice(&private_file::read(&dir.join("server.json")).ok()?).ok()
}

fn endpoint(dir: &Path, url: String) -> anyhow::Result<LocalEndpoint> {
    let path = dir.join("credentials.json");
    let reading = || Failure::failed(format!("reading {}", path.display()));
    let bytes = private_file::read(&path).with_context(reading)?;
    // The parser's message could quote the key.
    let credentials: Credentials =
        serde_json::from_slice(&bytes).map_err(|_| anyhow!("it holds no credentials")).with_context(reading)?;
    Ok(LocalEndpoint {
        url,
        access_key_id: credentials.access_key_id,
        secret_access_key: credentials.secret_access_key,
    })
}

/// The health of the process, if it answers with its own pid; another process may be using the port.
async fn health(started: &Started) -> anyhow::Result<Option<Health>> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    let Ok(response) = client.get(format!("{}/_local/health", started.url)).send().await else { return Ok(None) };
    let Ok(bytes) = response.bytes().await else { return Ok(None) };
    let health: Option<Health> = serde_json::from_slice(&bytes).ok();
    Ok(health.filter(|health| health.pid == started.pid))
}

/// Starts the process on its last port if that is free, so that URLs stay the same.
async fn start(dir: &Path, policy: Option<&Path>, lock: &fs::File) -> anyhow::Result<String> {
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let last = || fs::read_to_string(dir.join("port")).ok()?.trim().parse::<u16>().ok();
    let port = last().filter(free).unwrap_or(0);
    let url = match launch(dir, port, policy, lock).await {
        // Another process may have bound the port since the check.
        Err(_) if port != 0 => launch(dir, 0, policy, lock).await?,
        launched => launched?,
    };
    let port = url.rsplit(':').next().unwrap_or_default();
    private_file::write(&dir.join("port"), port.as_bytes()).context("writing the local cloud's port")?;
    Ok(url)
}

async fn launch(dir: &Path, port: u16, policy: Option<&Path>, lock: &fs::File) -> anyhow::Result<String> {
    let log = dir.join(LOG);
    let failed = || Failure::failed("starting the local cloud").hint(format!("see its log, {}", log.display()));
    // The file of an earlier process must not be taken for this one's.
    let _ = fs::remove_file(dir.join("server.json"));
    let mut child = spawn(dir, port, policy, lock, &log).with_context(failed)?;
    let mut backoff = Backoff::starting(FIRST_PAUSE, START_PATIENCE);
    loop {
        if let Some(started) = started(dir).filter(|started| started.pid == child.id())
            && health(&started).await?.is_some()
        {
            return Ok(started.url);
        }
        let ended = child.try_wait().with_context(failed)?;
        if ended.is_some() || !backoff.pause(None).await {
            // A process that does not answer must not keep running.
            let _ = child.kill();
            let _ = child.wait();
            let why =
                ended.map_or_else(|| "it does not answer".to_owned(), |status| format!("it exited with {status}"));
            return Err(anyhow!("{why}\n{}", tail(&log)).context(failed()));
        }
    }
}

/// Spawns the process in a group of its own, so that Ctrl-C reaches this command only. The process holds the start lock
/// too, as its stdin, until it has written server.json: if this command is killed before that, the next one waits
/// instead of starting a second process.
fn spawn(dir: &Path, port: u16, policy: Option<&Path>, lock: &fs::File, log: &Path) -> io::Result<Child> {
    let output = private_file::append(log)?;
    let mut command = Command::new(env::current_exe()?);
    command.args(["local", "serve", "--port"]).arg(port.to_string()).arg("--dir").arg(dir);
    if let Some(policy) = policy {
        command.arg("--policy").arg(policy);
    }
    command.current_dir(dir).process_group(0);
    command.stdin(lock.try_clone()?).stdout(output.try_clone()?).stderr(output);
    // It needs no AWS account, and this command's environment must not choose its stage or output format.
    let ours = |name: &str| name.starts_with("AWS_") || name.starts_with("DEPLOYER_");
    for (name, _) in env::vars_os().filter(|(name, _)| ours(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command.spawn()
}

/// Ends the process that answers the health check. Never ends any other process.
async fn end(dir: &Path) -> anyhow::Result<bool> {
    let Some(started) = started(dir) else { return Ok(false) };
    if health(&started).await?.is_none() {
        return Ok(false);
    }
    let stopping = || Failure::failed(format!("stopping the local cloud (pid {})", started.pid));
    let pid = i32::try_from(started.pid).ok().and_then(Pid::from_raw).with_context(stopping)?;
    signal(pid, Signal::TERM).with_context(stopping)?;
    let mut backoff = Backoff::starting(FIRST_PAUSE, STOP_PATIENCE);
    while is_alive(pid) {
        if !backoff.pause(None).await {
            signal(pid, Signal::KILL).with_context(stopping)?;
            break;
        }
    }
    let _ = fs::remove_file(dir.join("server.json"));
    Ok(true)
}

fn signal(pid: Pid, signal: Signal) -> rustix::io::Result<()> {
    match kill_process(pid, signal) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        other => other,
    }
}

/// Whether the process is running. A zombie still takes signals, so its state is checked too.
fn is_alive(pid: Pid) -> bool {
    if rustix::process::test_kill_process(pid).is_err() {
        return false;
    }
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(['Z', 'X']))
}

/// The last lines of the log.
fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
