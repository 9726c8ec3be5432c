//! The process of a bootstrap: started, read, held to its limits as long as it lives, and ended with all that it began.

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

/// Processes that a function may have, as on Lambda. There a fork fails beyond it; here the function is killed, for a
/// limit of the system would be the whole user's, and none at all for root.
const MAX_PROCESSES: usize = 1_024;
/// How often memory and processes are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Every so many looks, those too that have left their parents: they are found among all processes of the system only.
const WIDE: u32 = 10;

pub(super) struct Process {
    pub(super) group: Arc<ProcessGroup>,
    pub(super) exit: watch::Receiver<Option<Exit>>,
    readers: Vec<JoinHandle<()>>,
}

/// How it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    status: ExitStatus,
    /// It was killed for the memory that it used.
    pub(super) out_of_memory: bool,
}

/// What a process is held to, and where its output goes.
pub(super) struct Watched<'a> {
    /// The environment's folder, by which its processes are known.
    pub(super) folder: &'a Path,
    pub(super) memory_mb: u32,
    pub(super) sink: &'a Arc<Sink>,
}

impl Process {
    /// Starts it as the leader of a new group.
    pub(super) async fn start(mut command: Command, watched: &Watched<'_>) -> io::Result<Self> {
        let mut child = spawn_when_closed(&mut command).await?;
        let group = Arc::new(ProcessGroup::led_by(child.id().unwrap_or_default()));
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(tokio::spawn(read_lines(stdout, watched.sink.clone())));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(tokio::spawn(read_lines(stderr, watched.sink.clone())));
        }
        let (exited, exit) = watch::channel(None);
        let out_of_memory = Arc::new(AtomicBool::new(false));
        let memory_kb = u64::from(watched.memory_mb) * 1024;
        tokio::spawn(hold(group.clone(), watched.folder.to_owned(), memory_kb, out_of_memory.clone()));
        let led = group.clone();
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            led.leader_ended();
            exited.send_replace(Some(Exit { status, out_of_memory: out_of_memory.load(Ordering::Relaxed) }));
        });
        Ok(Self { group, exit, readers })
    }

    /// Kills it and reads what it still had written.
    pub(super) async fn end(&self) {
        self.group.end();
        let mut exit = self.exit.clone();
        let _ = timeout(Duration::from_secs(1), ended(&mut exit)).await;
        let all_read = async {
            while self.readers.iter().any(|reader| !reader.is_finished()) {
                sleep(Duration::from_millis(2)).await;
            }
        };
        // A stray that holds the pipe is killed with the environment.
        let _ = timeout(Duration::from_millis(200), all_read).await;
    }
}

/// Kills it with all its descendants once they use more memory than it has, or are too many. An idle environment is not
/// frozen as on Lambda, so it is watched too.
async fn hold(group: Arc<ProcessGroup>, folder: PathBuf, memory_kb: u64, out_of_memory: Arc<AtomicBool>) {
    for look in 1_u32.. {
        if !group.is_alive() {
            return;
        }
        let (used, many) = if look.is_multiple_of(WIDE) {
            let all = process::of_environment(&folder);
            (process::shared_out_kb(&all), all.len() > MAX_PROCESSES)
        } else {
            (group.memory_kb().now, group.outnumbers(MAX_PROCESSES))
        };
        if used > memory_kb {
            group.saw_kb(used);
            out_of_memory.store(true, Ordering::Relaxed);
        }
        if used > memory_kb || many {
            break;
        }
        sleep(LOOK).await;
    }
    group.end();
    process::end_strays(&folder);
}

/// Starts the process. An executable that was just written can be held open for a moment by a process that is being
/// forked elsewhere in this program.
async fn spawn_when_closed(command: &mut Command) -> io::Result<Child> {
    for _ in 0..50 {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(10)).await,
            other => return other,
        }
    }
    command.spawn()
}

/// Waits for its end; none when that cannot be known.
pub(super) async fn ended(exit: &mut watch::Receiver<Option<Exit>>) -> Option<Exit> {
    exit.wait_for(Option::is_some).await.ok().and_then(|exit| *exit)
}

impl Exit {
    /// How Lambda words it; none for an exit without an error, which is one all the same.
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
