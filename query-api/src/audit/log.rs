//! The file: lines are only ever added, at a limited rate; when it is full, it becomes the older of two, whose lines are
//! forgotten. Both are opened once and for all, so that a server that has given up the right to make files goes on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rustix::fs::OFlags;
use serde_json::json;

use super::Entry;
use crate::limits::{AUDIT_BYTES, AUDIT_RATE, AUDIT_REFUSED_RATE, AUDIT_SAVED};

const NAME: &str = "audit.log";
const OLDER: &str = "audit.log.1";

/// The log of a store.
#[derive(Debug)]
pub struct AuditLog {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    older: File,
    bytes: u64,
    max_bytes: u64,
    answered: Rate,
    /// Strangers must not push out what others did.
    refused: Rate,
    left_out: u64,
    failing: bool,
}

/// Lines a second, some of which can be saved up.
#[derive(Debug)]
struct Rate {
    each_second: f64,
    left: f64,
    at: Instant,
}

impl Rate {
    fn new(each_second: f64) -> Self {
        Self { each_second, left: each_second * AUDIT_SAVED, at: Instant::now() }
    }

    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.each_second).min(self.each_second * AUDIT_SAVED);
        self.at = now;
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

impl AuditLog {
    /// Goes on with the log in a directory, `audit.log` and `audit.log.1`, or begins it; for the owner alone (0600).
    ///
    /// # Errors
    /// If the files cannot be opened for writing.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::bounded(dir, AUDIT_BYTES)
    }

    fn bounded(dir: &Path, max_bytes: u64) -> io::Result<Self> {
        let open = |name: &str| {
            OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                // Nobody leads the log elsewhere.
                .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
                .open(dir.join(name))
        };
        let (mut file, older) = (open(NAME)?, open(OLDER)?);
        let mut bytes = file.metadata()?.len();
        if let Some(last) = bytes.checked_sub(1) {
            let mut end = [0];
            file.read_exact_at(&mut end, last)?;
            if end != *b"\n" {
                // A crash left half a line.
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        let (answered, refused) = (Rate::new(AUDIT_RATE), Rate::new(AUDIT_REFUSED_RATE));
        let inner = Inner { file, older, bytes, max_bytes, answered, refused, left_out: 0, failing: false };
        Ok(Self { inner: Mutex::new(inner) })
    }

    /// Adds a line, if the rate allows it; those left out are counted, and the next line has their number.
    pub(super) fn write(&self, entry: &Entry) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let rate =
            if matches!(entry.status, Some(401 | 403)) { &mut inner.refused } else { &mut inner.answered };
        if !rate.take(Instant::now()) {
            inner.left_out += 1;
            return;
        }
        let mut line = json!(entry);
        if inner.left_out > 0 {
            line["left_out"] = inner.left_out.into();
        }
        // JSON has no line feeds of its own: one line is one entry.
        match inner.add(format!("{line}\n").as_bytes()) {
            Ok(()) => (inner.left_out, inner.failing) = (0, false),
            Err(error) => {
                if !inner.failing {
                    tracing::error!(%error, "who asks is not logged: the log cannot be written");
                }
                inner.failing = true;
                inner.left_out += 1;
            }
        }
    }

    /// All lines, oldest first.
    ///
    /// # Errors
    /// If the files cannot be read.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = Vec::new();
        copy(&inner.older, &mut text)?;
        copy(&inner.file, &mut text)?;
        Ok(text)
    }
}

impl Inner {
    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if self.bytes.saturating_add(length) > self.max_bytes {
            self.turn_over()?;
        }
        self.file.write_all(line)?;
        self.bytes += length;
        Ok(())
    }

    /// What is in the file goes to the older one. A kill in between leaves lines twice, never none.
    fn turn_over(&mut self) -> io::Result<()> {
        self.older.set_len(0)?;
        copy(&self.file, &mut self.older)?;
        self.older.sync_data()?;
        self.file.set_len(0)?;
        self.bytes = 0;
        Ok(())
    }
}

fn copy(from: &File, to: &mut impl io::Write) -> io::Result<()> {
    let mut chunk = vec![0; 64 << 10];
    let mut at = 0;
    loop {
        let count = from.read_at(&mut chunk, at)?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..count])?;
        at += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn entry(query: &str, status: u16) -> Entry {
        Entry {
            time: "2026-01-02T03:04:05Z".to_owned(),
            peer: None,
            by: "socket",
            method: "GET".to_owned(),
            path: "/events".to_owned(),
            query: query.to_owned(),
            status: Some(status),
            events: 7,
        }
    }

    fn lines(log: &AuditLog) -> Vec<serde_json::Value> {
        let text = String::from_utf8(log.read().unwrap()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn lines_last_and_cannot_be_forged() {
        let dir = tempfile::tempdir().unwrap();
        let forged = "a\n{\"by\":\"nobody\"}\r\n\u{2028}";
        AuditLog::open(dir.path()).unwrap().write(&entry(forged, 200));
        // A crash in the middle of a line costs this line alone.
        OpenOptions::new()
            .append(true)
            .open(dir.path().join(NAME))
            .unwrap()
            .write_all(b"{\"time\":")
            .unwrap();
        let log = AuditLog::open(dir.path()).unwrap();
        log.write(&entry("b", 200));
        let text = String::from_utf8(log.read().unwrap()).unwrap();
        assert_eq!(text.lines().count(), 3);
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((&first["query"], &first["events"]), (&forged.into(), &7.into()));
        for name in [NAME, OLDER] {
            let mode = dir.path().join(name).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn the_log_stays_small_and_keeps_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::bounded(dir.path(), 2_000).unwrap();
        for number in 0..100 {
            log.write(&entry(&number.to_string(), 200));
        }
        let size = |name| dir.path().join(name).metadata().unwrap().len();
        assert!(size(NAME) <= 2_000 && size(OLDER) <= 2_000 && size(OLDER) > 0);
        let lines = lines(&log);
        assert_eq!(lines.last().unwrap()["query"], "99");
        assert!(lines.len() > 10 && lines.len() < 30);
    }

    #[test]
    fn what_is_left_out_is_counted_and_strangers_push_out_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::open(dir.path()).unwrap();
        for _ in 0..10_000 {
            log.write(&entry("flood", 401));
        }
        log.write(&entry("mine", 200));
        let lines = lines(&log);
        assert!(lines.len() < 1_000, "{}", lines.len());
        let last = lines.last().unwrap();
        assert_eq!(last["query"], "mine");
        assert!(last["left_out"].as_u64().unwrap() > 9_000);
    }

    #[test]
    fn the_log_is_not_led_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/null", dir.path().join(NAME)).unwrap();
        assert!(AuditLog::open(dir.path()).is_err());
    }
}
