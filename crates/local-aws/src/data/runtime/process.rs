//! Processes of an environment: ended as a group, and watched for memory.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// The group that a bootstrap leads, with all that it forked.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    /// None once it has ended: its number may then be another's.
    leader: Mutex<Option<Pid>>,
}

impl ProcessGroup {
    /// Of a process that was started as the leader of a new group.
    pub(super) fn led_by(pid: u32) -> Self {
        let leader = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self { leader: Mutex::new(leader) }
    }

    /// Kills all of the group that is left.
    pub(super) fn end(&self) {
        if let Some(leader) = *self.leader.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Kills what the leader, which has just ended, left behind.
    pub(super) fn leader_ended(&self) {
        self.end();
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether the leader still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.leader.lock().unwrap_or_else(PoisonError::into_inner).is_some()
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

    /// Memory that leader and descendants use now, and the most that the leader ever used, both in KB. Zero where
    /// the system has no `/proc`.
    pub(super) fn memory_kb(&self) -> Memory {
        let leader = *self.leader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(leader) = leader else { return Memory::default() };
        let pid = leader.as_raw_pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let children: u64 = children(pid).into_iter().map(|child| shared_out_kb(child, 0)).sum();
        let now = field(&status, "VmRSS:") + children;
        Memory { now, peak: field(&status, "VmHWM:").max(now) }
    }
}

/// Memory in KB.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Memory {
    pub(super) now: u64,
    pub(super) peak: u64,
}

/// Kills processes whose function was unpacked below `root`: those of a server that was itself killed, and those
/// that left their group. They are told by a variable that only environments have.
pub(super) fn end_strays(root: &Path) {
    let mark = format!("LAMBDA_TASK_ROOT={}/", root.display());
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let Ok(variables) = fs::read(process.path().join("environ")) else { continue };
        if variables.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes())) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
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

/// A fork shares its pages with its parent; its proportional share is what it adds.
fn shared_out_kb(pid: i32, depth: u8) -> u64 {
    let own = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).map_or(0, |text| field(&text, "Pss:"));
    // Deep chains are not worth a walk at every look.
    if depth > 3 {
        return own;
    }
    own + children(pid).into_iter().map(|child| shared_out_kb(child, depth + 1)).sum::<u64>()
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
