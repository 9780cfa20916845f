//! One writer a directory.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::OpenError;

/// Name of the file that is locked; its text is the writer's pid.
const NAME: &str = "lock";

/// How often the lock is tried again.
const TRIES: u32 = 5;
/// Pause between tries.
const PAUSE: Duration = Duration::from_millis(10);

fn io(action: &'static str, path: &Path, source: std::io::Error) -> OpenError {
    OpenError::Io { action, path: path.to_owned(), source }
}

fn holder(file: &mut File) -> u32 {
    let mut text = String::new();
    let _ = file.seek(SeekFrom::Start(0));
    let _ = file.take(32).read_to_string(&mut text);
    text.trim().parse().unwrap_or(0)
}

/// Takes the directory for writing; it is free again when the file is closed, also by a crash.
pub fn exclusive(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(NAME);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| io("opening", &path, error))?;
    let mut locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
    // A reader holds it for the moment in which it looks whether somebody writes.
    for _ in 0..TRIES {
        if locked != Err(Errno::WOULDBLOCK) {
            break;
        }
        std::thread::sleep(PAUSE);
        locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
    }
    match locked {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            return Err(OpenError::Locked { path: dir.to_owned(), pid: holder(&mut file) });
        }
        Err(error) => return Err(io("locking", &path, error.into())),
    }
    let write = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| writeln!(file, "{}", std::process::id()));
    // A full disk must not keep the recorder from starting: the text only makes a message better.
    if let Err(error) = write {
        tracing::debug!(%error, "the lock file has no pid");
    }
    Ok(file)
}

/// Keeps writers away while a directory is read. `None` if it has no lock file (a copy, a read-only medium).
pub fn shared(dir: &Path) -> Result<Option<File>, OpenError> {
    let path = dir.join(NAME);
    let Ok(mut file) = File::open(&path) else { return Ok(None) };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Err(OpenError::Locked { path: dir.to_owned(), pid: holder(&mut file) }),
        Err(error) => Err(io("locking", &path, error.into())),
    }
}
