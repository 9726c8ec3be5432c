//! Processes of an environment: ended as a group, and watched for memory.

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

/// The group that a bootstrap leads, with all that it forked.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    /// None once it has ended: its number may then be another's.
    leader: Mutex<Option<Pid>>,
    /// It was killed, and may not have ended yet: it must get no more work.
    killed: AtomicBool,
    /// The most memory that was seen, which is asked for when it has ended too.
    peak_kb: AtomicU64,
}

impl ProcessGroup {
    /// Of a process that was started as the leader of a new group.
    pub(super) fn led_by(pid: u32) -> Self {
        let leader = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self { leader: Mutex::new(leader), killed: AtomicBool::new(false), peak_kb: AtomicU64::new(0) }
    }

    /// Kills all of the group that is left.
    pub(super) fn end(&self) {
        self.killed.store(true, Ordering::Relaxed);
        if let Some(leader) = *self.leader.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Kills what the leader, which has just ended, left behind.
    pub(super) fn leader_ended(&self) {
        self.end();
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the leader still runs, and will.
    pub(super) fn is_alive(&self) -> bool {
        !self.killed.load(Ordering::Relaxed) && self.leader.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether leader and descendants are more than so many.
    pub(super) fn outnumbers(&self, limit: usize) -> bool {
        let leader = *self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<i32> = leader.iter().map(|leader| leader.as_raw_pid()).collect();
        let mut next = 0;
        while let Some(&pid) = found.get(next).filter(|_| found.len() <= limit) {
            found.extend(children(pid));
            next += 1;
        }
        found.len() > limit
    }

    /// Memory that leader and descendants use now, and the most that they, or the leader, ever used, both in KB. Zero
    /// where the system has no `/proc`.
    pub(super) fn memory_kb(&self) -> Memory {
        let leader = *self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leader) = leader else { return Memory { now: 0, peak: self.peak_kb.load(Ordering::Relaxed) } };
        let pid = leader.as_raw_pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let children: u64 = children(pid).into_iter().map(|child| with_descendants_kb(child, 0)).sum();
        let now = field(&status, "VmRSS:") + children;
        Memory { now, peak: self.saw_kb(field(&status, "VmHWM:").max(now)) }
    }

    /// Keeps what was seen to be used, and gives the most that ever was.
    pub(super) fn saw_kb(&self, used: u64) -> u64 {
        self.peak_kb.fetch_max(used, Ordering::Relaxed).max(used)
    }
}

/// Memory in KB.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Memory {
    pub(super) now: u64,
    pub(super) peak: u64,
}

/// The processes whose function was unpacked below `root`: an environment's own, those that it began and that left
/// their group or their parent, those of a server that was itself killed. They are told by a variable that only
/// environments have; one that takes it away and leaves its parent too is lost from sight.
pub(super) fn of_environment(root: &Path) -> Vec<Pid> {
    let mark = format!("LAMBDA_TASK_ROOT={}/", root.display());
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers =
        processes.flatten().filter_map(|process| process.file_name().to_str().and_then(|name| name.parse().ok()));
    let is_marked = |pid: &i32| {
        let variables = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        variables.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes()))
    };
    numbers.filter(is_marked).filter_map(Pid::from_raw).collect()
}

/// Kills the processes below `root`, and those that they have begun meanwhile: one that was killed begins none.
pub(super) fn end_strays(root: &Path) {
    let mut killed = BTreeSet::new();
    loop {
        let found = of_environment(root);
        let fresh: Vec<Pid> = found.into_iter().filter(|pid| killed.insert(pid.as_raw_pid())).collect();
        if fresh.is_empty() {
            return;
        }
        for pid in fresh {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// What one adds that shares its pages with others is its proportional share.
pub(super) fn shared_out_kb(processes: &[Pid]) -> u64 {
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

/// A fork shares its pages with its parent.
fn with_descendants_kb(pid: i32, depth: u8) -> u64 {
    // Deep chains are not worth a walk at every look.
    let below = if depth > 3 { Vec::new() } else { children(pid) };
    share_kb(pid) + below.into_iter().map(|child| with_descendants_kb(child, depth + 1)).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_memory_is_seen() {
        let memory = ProcessGroup::led_by(std::process::id()).memory_kb();
        assert!(memory.now > 1000 && memory.peak >= memory.now, "{memory:?}");
    }

    #[test]
    fn status_fields_are_numbers_of_kb() {
        assert_eq!(field("Name:\tx\nVmRSS:\t   1234 kB\n", "VmRSS:"), 1234);
        assert_eq!(field("Name:\tx\n", "VmRSS:"), 0);
    }
}
