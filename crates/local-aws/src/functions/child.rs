//! The process of a bootstrap: starts it, reads its output, enforces its limits, and kills it with everything it
//! started.

use std::{
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    process::{self, ProcessGroup},
    sink::{Sink, read_lines},
};

/// The most processes that a function may have, as on Lambda. There fork fails beyond the limit; here the function is
/// killed, because a limit of the system would apply to all processes of the user, and not to root at all.
const MAX_PROCESSES: usize = 1_024;
/// How often memory and processes are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// Every this many checks, also find processes that have left their parent: that needs a scan of all processes of the
/// system.
const FULL_SCAN_EVERY: u32 = 10;

pub(super) struct Process {
    pub(super) group: Arc<ProcessGroup>,
    pub(super) exit: watch::Receiver<Option<Exit>>,
    readers: Vec<JoinHandle<()>>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    status: ExitStatus,
    /// It was killed because it used too much memory.
    pub(super) out_of_memory: bool,
}

/// The limits of a process, and the destination of its output.
pub(super) struct ProcessOptions<'a> {
    /// The environment's folder, which identifies its processes.
    pub(super) folder: &'a Path,
    pub(super) memory_mb: u32,
    pub(super) sink: &'a Arc<Sink>,
}

impl Process {
    /// Starts a process as the leader of a new process group.
    pub(super) async fn start(mut command: Command, options: &ProcessOptions<'_>) -> io::Result<Self> {
        let mut child = spawn_with_retry(&mut command).await?;
        let group = Arc::new(ProcessGroup::with_leader(child.id().unwrap_or_default()));
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(tokio::spawn(read_lines(stdout, options.sink.clone())));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(tokio::spawn(read_lines(stderr, options.sink.clone())));
        }
        let (exited, exit) = watch::channel(None);
        let out_of_memory = Arc::new(AtomicBool::new(false));
        let memory_kb = u64::from(options.memory_mb) * 1024;
        tokio::spawn(enforce_limits(group.clone(), options.folder.to_owned(), memory_kb, out_of_memory.clone()));
        let exited_group = group.clone();
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            exited_group.leader_exited();
            exited.send_replace(Some(Exit { status, out_of_memory: out_of_memory.load(Ordering::Relaxed) }));
        });
        Ok(Self { group, exit, readers })
    }

    /// Kills the process, and reads the rest of its output.
    pub(super) async fn kill(&self) {
        self.group.kill();
        let mut exit = self.exit.clone();
        let _ = timeout(Duration::from_secs(1), exited_with(&mut exit)).await;
        let all_read = async {
            while self.readers.iter().any(|reader| !reader.is_finished()) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        // A stray process may keep the pipe open; it is killed with the environment.
        let _ = timeout(Duration::from_millis(200), all_read).await;
    }
}

/// Kills the process with all its descendants once they use too much memory, or are too many. Unlike on Lambda, an idle
/// environment is not frozen, so it is watched too.
async fn enforce_limits(group: Arc<ProcessGroup>, folder: PathBuf, memory_kb: u64, out_of_memory: Arc<AtomicBool>) {
    for check in 1_u32.. {
        if !group.is_alive() {
            return;
        }
        let (used, too_many) = if check.is_multiple_of(FULL_SCAN_EVERY) {
            let all = process::processes_below(&folder);
            (process::total_kb(&all), all.len() > MAX_PROCESSES)
        } else {
            (group.memory_kb().now, group.exceeds(MAX_PROCESSES))
        };
        if used > memory_kb {
            group.record_kb(used);
            out_of_memory.store(true, Ordering::Relaxed);
        }
        if used > memory_kb || too_many {
            break;
        }
        sleep(CHECK_INTERVAL).await;
    }
    group.kill();
    process::kill_strays(&folder);
}

/// Starts the process, retrying while its executable is busy: a process that is being forked elsewhere in this program
/// may still have the new file open for writing.
async fn spawn_with_retry(command: &mut Command) -> io::Result<Child> {
    for _ in 0..50 {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(10)).await,
            other => return other,
        }
    }
    command.spawn()
}

/// Waits for the process to exit; `None` if its status is unknown.
pub(super) async fn exited_with(exit: &mut watch::Receiver<Option<Exit>>) -> Option<Exit> {
    exit.wait_for(Option::is_some).await.ok().and_then(|exit| *exit)
}

impl Exit {
    /// The reason in Lambda's words; `None` for an exit with status 0, which is still an error.
    pub(super) fn reason(self) -> Option<String> {
        match (self.status.code(), self.status.signal()) {
            (Some(0), _) => None,
            (Some(code), _) => Some(format!("exit status {code}")),
            (None, Some(9)) => Some("signal: killed".to_owned()),
            (None, Some(6)) => Some("signal: aborted".to_owned()),
            (None, Some(11)) => Some("signal: segmentation fault".to_owned()),
            (None, Some(signal)) => Some(format!("signal: {signal}")),
            (None, None) => None,
        }
    }
}
