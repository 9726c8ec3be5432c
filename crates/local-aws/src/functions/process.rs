//! The processes of an environment: measures their memory and kills them.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The process group of a bootstrap and everything that it forked.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    /// `None` once it has exited: its process id may be reused.
    leader: Mutex<Option<Pid>>,
    /// It was killed, but may not have exited yet. It must get no more invocations.
    killed: AtomicBool,
    /// The peak memory so far, kept for after the exit.
    peak_kb: AtomicU64,
}

impl ProcessGroup {
    /// The group of a process that was started as its leader.
    pub(super) fn with_leader(pid: u32) -> Self {
        let leader = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self { leader: Mutex::new(leader), killed: AtomicBool::new(false), peak_kb: AtomicU64::new(0) }
    }

    /// Kills all remaining processes of the group.
    pub(super) fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        if let Some(leader) = *self.leader.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Kills the processes that the leader left behind when it exited.
    pub(super) fn leader_exited(&self) {
        self.kill();
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the leader is running and was not killed.
    pub(super) fn is_alive(&self) -> bool {
        !self.killed.load(Ordering::Relaxed) && self.leader.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether there are more than `limit` processes, leader and descendants.
    pub(super) fn exceeds(&self, limit: usize) -> bool {
        let leader = *self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<i32> = leader.iter().map(|leader| leader.as_raw_pid()).collect();
        let mut next = 0;
        while let Some(&pid) = found.get(next).filter(|_| found.len() <= limit) {
            found.extend(children(pid));
            next += 1;
        }
        found.len() > limit
    }

    /// The memory of leader and descendants in KB, now and at its peak. Zero on systems without `/proc`.
    pub(super) fn memory_kb(&self) -> Memory {
        let leader = *self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leader) = leader else { return Memory { now: 0, peak: self.peak_kb.load(Ordering::Relaxed) } };
        let pid = leader.as_raw_pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let children: u64 = children(pid).into_iter().map(|child| with_descendants_kb(child, 0)).sum();
        let now = field(&status, "VmRSS:") + children;
        Memory { now, peak: self.record_kb(field(&status, "VmHWM:").max(now)) }
    }

    /// Records the memory in use, and returns the peak.
    pub(super) fn record_kb(&self, used: u64) -> u64 {
        self.peak_kb.fetch_max(used, Ordering::Relaxed).max(used)
    }
}

/// Memory in KB.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Memory {
    pub(super) now: u64,
    pub(super) peak: u64,
}

/// The processes of functions that were unpacked below `root`. This includes processes that left their group or their
/// parent, and those of a crashed server. They are recognised by a variable that only environments have; a process that
/// removes it and leaves its parent is not found.
pub(super) fn processes_below(root: &Path) -> Vec<Pid> {
    let marker = format!("LAMBDA_TASK_ROOT={}/", root.display());
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers =
        processes.flatten().filter_map(|process| process.file_name().to_str().and_then(|name| name.parse().ok()));
    let is_marked = |pid: &i32| {
        let variables = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        variables.split(|byte| *byte == 0).any(|variable| variable.starts_with(marker.as_bytes()))
    };
    numbers.filter(is_marked).filter_map(Pid::from_raw).collect()
}

/// Kills the processes of functions below `root`, until no new ones appear.
pub(super) fn kill_strays(root: &Path) {
    let mut killed = BTreeSet::new();
    loop {
        let found = processes_below(root);
        let fresh: Vec<Pid> = found.into_iter().filter(|pid| killed.insert(pid.as_raw_pid())).collect();
        if fresh.is_empty() {
            return;
        }
        for pid in fresh {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The memory of processes, in KB. Pages that several processes share count proportionally.
pub(super) fn total_kb(processes: &[Pid]) -> u64 {
    processes.iter().map(|pid| share_kb(pid.as_raw_pid())).sum()
}

fn share_kb(pid: i32) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).map_or(0, |text| field(&text, "Pss:"))
}

fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("");
    line.split_ascii_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The memory of a process and its descendants. A fork shares pages with its parent, so they count proportionally.
fn with_descendants_kb(pid: i32, depth: u8) -> u64 {
    // Ignore deeper descendants: this runs at every check.
    let below = if depth > 3 { Vec::new() } else { children(pid) };
    share_kb(pid) + below.into_iter().map(|child| with_descendants_kb(child, depth + 1)).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_this_process_is_measured() {
        let memory = ProcessGroup::with_leader(std::process::id()).memory_kb();
        assert!(memory.now > 1000 && memory.peak >= memory.now, "{memory:?}");
    }

    #[test]
    fn status_fields_are_parsed_as_kb() {
        assert_eq!(field("Name:\tx\nVmRSS:\t   1234 kB\n", "VmRSS:"), 1234);
        assert_eq!(field("Name:\tx\n", "VmRSS:"), 0);
    }
}
