//! The events of all log groups: in memory, and in a file per group below `logs/`, so that they survive a restart.
//!
//! They are not part of the state: files are not synced, only the latest events of a group are kept, and a file that
//! cannot be read or written loses events but never fails an invocation.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, DirBuilder, File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::state::logs::LogEvent;

/// How many events of a group are kept.
const MAX_EVENTS: usize = 10_000;
/// How many bytes of a group's events are kept, in their format in the file. The file grows to at most twice as many.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The events of all log groups.
pub(super) struct LogStore {
    dir: PathBuf,
    groups: Mutex<BTreeMap<(String, String), Group>>,
}

#[derive(Default)]
struct Group {
    /// Events with their length in the file, where escapes can take six times the space.
    events: VecDeque<(Entry, usize)>,
    bytes: usize,
    path: Option<PathBuf>,
    file: Option<File>,
    file_bytes: usize,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    stream: String,
    timestamp_ms: u64,
    message: String,
}

impl LogStore {
    /// The log groups below the store's folder.
    pub(super) fn new(store_dir: &Path) -> Self {
        Self { dir: store_dir.join("logs"), groups: Mutex::default() }
    }

    /// Adds an event to a stream.
    pub(super) fn add(&self, region: &str, group: &str, stream: &str, event: LogEvent) {
        let entry = Entry { stream: stream.to_owned(), timestamp_ms: event.timestamp_ms, message: event.message };
        self.with(region, group, |group| {
            let Ok(mut line) = serde_json::to_vec(&entry) else { return };
            line.push(b'\n');
            group.append(&line);
            group.push(entry, line.len());
        });
    }

    /// The events of a group by stream, oldest first.
    pub(super) fn events(&self, region: &str, group: &str) -> BTreeMap<String, Vec<LogEvent>> {
        self.with(region, group, |group| {
            let mut streams: BTreeMap<String, Vec<LogEvent>> = BTreeMap::new();
            for (entry, _) in &group.events {
                let event = LogEvent { timestamp_ms: entry.timestamp_ms, message: entry.message.clone() };
                streams.entry(entry.stream.clone()).or_default().push(event);
            }
            streams
        })
    }

    /// Deletes a group's events.
    pub(super) fn delete(&self, region: &str, group: &str) {
        self.with(region, group, |group| {
            if let Some(path) = &group.path {
                let _ = fs::remove_file(path);
            }
            *group = Group { path: group.path.take(), ..Group::default() };
        });
    }

    fn with<T>(&self, region: &str, name: &str, act: impl FnOnce(&mut Group) -> T) -> T {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry((region.to_owned(), name.to_owned())).or_insert_with(|| {
            let encode = |part: &str| utf8_percent_encode(part, NON_ALPHANUMERIC).to_string();
            let file = format!("{}.jsonl", encode(name));
            Group::load(self.dir.join(encode(region)).join(file))
        });
        act(group)
    }
}

impl Group {
    fn load(path: PathBuf) -> Self {
        let mut group = Self { path: Some(path), ..Self::default() };
        let Some(file) = group.path.as_ref().and_then(|path| File::open(path).ok()) else { return group };
        for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
            group.file_bytes += line.len() + 1;
            // The last line may be incomplete, if the server crashed.
            if let Ok(entry) = serde_json::from_slice(&line) {
                group.push(entry, line.len() + 1);
            }
        }
        group
    }

    fn push(&mut self, entry: Entry, length: usize) {
        self.bytes += length;
        self.events.push_back((entry, length));
        while self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES {
            let Some((_, length)) = self.events.pop_front() else { break };
            self.bytes -= length;
        }
    }

    fn append(&mut self, line: &[u8]) {
        if self.file_bytes + line.len() > 2 * MAX_BYTES {
            self.rewrite();
        }
        if self.file.is_none() {
            self.file = self.path.as_deref().and_then(|path| open(path, false));
        }
        if let Some(file) = &mut self.file
            && file.write_all(line).is_ok()
        {
            self.file_bytes += line.len();
        }
    }

    /// Rewrites the file with the events that are still kept.
    fn rewrite(&mut self) {
        self.file = self.path.as_deref().and_then(|path| open(path, true));
        self.file_bytes = 0;
        let Some(file) = &mut self.file else { return };
        let mut text = Vec::with_capacity(self.bytes);
        for (entry, _) in &self.events {
            if serde_json::to_writer(&mut text, entry).is_ok() {
                text.push(b'\n');
            }
        }
        self.file_bytes = text.len();
        let _ = file.write_all(&text);
    }
}

fn open(path: &Path, truncate: bool) -> Option<File> {
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent()?).ok()?;
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    if truncate {
        options.write(true).truncate(true)
    } else {
        options.append(true)
    };
    options.open(path).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn event(number: u64) -> LogEvent {
        LogEvent { timestamp_ms: number, message: format!("line {number}\u{1f600}\"") }
    }

    #[test]
    fn events_survive_a_restart_but_not_a_deletion() {
        let dir = tempfile::tempdir().unwrap();
        let store = LogStore::new(dir.path());
        store.add("r", "/aws/lambda/f", "one", event(1));
        store.add("r", "/aws/lambda/f", "two", event(2));
        store.add("r", "/aws/lambda/g", "one", event(3));
        let again = LogStore::new(dir.path());
        let streams = again.events("r", "/aws/lambda/f");
        assert_eq!(streams.keys().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(streams["two"][0].message, event(2).message);
        again.delete("r", "/aws/lambda/f");
        let third = LogStore::new(dir.path());
        assert!(third.events("r", "/aws/lambda/f").is_empty());
        assert_eq!(third.events("r", "/aws/lambda/g").len(), 1);
    }

    #[test]
    fn only_the_latest_events_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = LogStore::new(dir.path());
        // Control characters take six times the space in the file.
        for (long, count) in [("x".repeat(1024 * 1024), 36), ("\u{1}".repeat(256 * 1024), 24)] {
            for number in 0..count {
                store.add("r", "g", "s", LogEvent { timestamp_ms: number, message: long.clone() });
            }
            let kept = &store.events("r", "g")["s"];
            assert!((8..16).contains(&kept.len()), "{}", kept.len());
            assert_eq!(kept.last().map(|event| event.timestamp_ms), Some(count - 1));
            let size = fs::metadata(dir.path().join("logs/r/g.jsonl")).unwrap().len();
            assert!(size <= 2 * MAX_BYTES as u64, "{size}");
        }
        let again = LogStore::new(dir.path());
        assert_eq!(again.events("r", "g")["s"].last().map(|event| event.timestamp_ms), Some(23));
    }
}
