//! The log output of one environment: writes its log stream, and keeps the tail of the current invocation.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::host::Host;
use crate::{clock, state::logs::LogEvent};

/// How many bytes of the log `LogType: Tail` returns.
const TAIL: usize = 4096;
/// The largest event, in bytes; longer lines are split.
const MAX_LINE: usize = 256 * 1024;

/// Writes the log stream of an environment.
pub(super) struct Sink {
    host: Arc<Host>,
    region: String,
    group: String,
    stream: String,
    tail: Mutex<String>,
}

impl Sink {
    pub(super) fn new(host: Arc<Host>, region: &str, group: &str, stream: String) -> Self {
        let (region, group) = (region.to_owned(), group.to_owned());
        Self { host, region, group, stream, tail: Mutex::default() }
    }

    /// The name of the log stream.
    pub(super) fn stream(&self) -> &str {
        &self.stream
    }

    /// Starts the log of a new invocation.
    pub(super) fn clear_tail(&self) {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The last 4 KB of the current invocation.
    pub(super) fn tail(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        last_bytes(&tail, TAIL).to_owned()
    }

    /// Writes one event. It is lost if the log group does not exist, as on AWS when the role may not create it.
    pub(super) fn line(&self, message: &str) {
        {
            let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
            tail.push_str(last_bytes(message, TAIL));
            tail.push('\n');
            if tail.len() > 4 * TAIL {
                *tail = last_bytes(&tail, TAIL).to_owned();
            }
        }
        let exists = self
            .host
            .store
            .read(|state| state.region(&self.region).is_some_and(|region| region.log_groups.contains_key(&self.group)));
        if exists {
            let event = LogEvent { timestamp_ms: clock::now_ms(), message: message.to_owned() };
            self.host.logs.add(&self.region, &self.group, &self.stream, event);
        }
    }
}

/// Reads a process's output, and writes each line as an event.
pub(super) async fn read_lines(mut pipe: impl AsyncRead + Unpin, sink: Arc<Sink>) {
    let mut line: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    let write = |line: &mut Vec<u8>| {
        let text = String::from_utf8_lossy(line);
        let text = text.strip_suffix('\r').unwrap_or(&text);
        if !text.is_empty() {
            sink.line(text);
        }
        line.clear();
    };
    loop {
        let read = match pipe.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        for piece in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
            match piece.split_last() {
                Some((b'\n', text)) => {
                    line.extend_from_slice(text);
                    write(&mut line);
                }
                _ => line.extend_from_slice(piece),
            }
            if line.len() >= MAX_LINE {
                write(&mut line);
            }
        }
    }
    write(&mut line);
}

/// The last `length` bytes of `text` at most, starting at a character boundary.
fn last_bytes(text: &str, length: usize) -> &str {
    let mut start = text.len().saturating_sub(length);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_starts_at_a_character_boundary() {
        assert_eq!(last_bytes("aäö", 3), "ö");
        assert_eq!(last_bytes("aäö", 4), "äö");
        assert_eq!(last_bytes("aäö", 40), "aäö");
    }
}
