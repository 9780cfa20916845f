//! Where a segment's bytes go: redb's storage over a file, or over a file that must not be touched.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use redb::StorageBackend;

use super::guard::Guard;

/// What is done to a segment's file, or to its name. Tests watch these and make them fail.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// The file is made, empty.
    Create,
    /// Bytes at an offset.
    Write(u64, &'a [u8]),
    /// A new length.
    SetLen(u64),
    /// Everything so far must be on the disk.
    Sync,
    /// The file takes another name, in place of what had it.
    Rename(&'a Path),
    /// The file is removed.
    Remove,
    /// All changes of names in this directory so far must be on the disk.
    SyncDirectory,
}

/// Sees each operation before it is done, and may refuse it.
pub trait Watch: Send + Sync + fmt::Debug {
    /// `path` is the file's, or the directory's.
    ///
    /// # Errors
    /// Given back as the operation's own.
    fn before(&self, path: &Path, operation: Operation<'_>) -> io::Result<()>;

    /// The background thread is about to begin something: it may be kept waiting here.
    fn before_background(&self) {}
}

fn before(watch: Option<&Arc<dyn Watch>>, path: &Path, operation: Operation<'_>) -> io::Result<()> {
    watch.map_or(Ok(()), |watch| watch.before(path, operation))
}

/// Gives a file another name, in place of what had it.
pub fn rename(watch: Option<&Arc<dyn Watch>>, from: &Path, to: &Path) -> io::Result<()> {
    before(watch, from, Operation::Rename(to))?;
    std::fs::rename(from, to)
}

/// Removes a file.
pub fn remove(watch: Option<&Arc<dyn Watch>>, path: &Path) -> io::Result<()> {
    before(watch, path, Operation::Remove)?;
    std::fs::remove_file(path)
}

/// Makes a directory's names as durable as what they name.
pub fn sync_directory(watch: Option<&Arc<dyn Watch>>, dir: &Path) -> io::Result<()> {
    before(watch, dir, Operation::SyncDirectory)?;
    File::open(dir)?.sync_all()
}

/// Writes a small file, durably but for its name. What had the name before, left by a crash, goes.
pub fn write_new(watch: Option<&Arc<dyn Watch>>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    match remove(watch, path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = Direct::open(path, true, watch.cloned())?;
    file.write(0, bytes)?;
    file.sync_data()
}

/// A file written in place. The directory's lock sees to it that there is one writer.
#[derive(Debug)]
pub struct Direct {
    file: File,
    path: PathBuf,
    watch: Option<Arc<dyn Watch>>,
    guard: Guard,
}

impl Direct {
    pub fn open(path: &Path, create: bool, watch: Option<Arc<dyn Watch>>) -> io::Result<Self> {
        if create {
            before(watch.as_ref(), path, Operation::Create)?;
        }
        let file = OpenOptions::new().read(true).write(true).create_new(create).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned(), watch, guard: Guard::default() })
    }

    fn before(&self, operation: Operation<'_>) -> io::Result<()> {
        before(self.watch.as_ref(), &self.path, operation)
    }
}

/// Bytes read and written at once by [`refresh`].
const CHUNK: usize = 1 << 20;

/// Writes a file's bytes once more. After a failed sync the system may take pages for written that are not on the disk,
/// and will not try again by itself: only then may what the file says be built on.
pub fn refresh(path: &Path, watch: Option<Arc<dyn Watch>>) -> io::Result<()> {
    let file = Direct::open(path, false, watch)?;
    let (len, mut at, mut chunk) = (file.len()?, 0, vec![0; CHUNK]);
    while at < len {
        let size = chunk.len().min(usize::try_from(len - at).unwrap_or(CHUNK));
        // Not as redb reads: a chunk need not begin with a page.
        file.file.read_exact_at(&mut chunk[..size], at)?;
        file.write(at, &chunk[..size])?;
        at += size as u64;
    }
    file.sync_data()
}

impl StorageBackend for Direct {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)?;
        self.guard.look(offset, out);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.before(Operation::SetLen(len))?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.before(Operation::Sync)?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.before(Operation::Write(offset, data))?;
        self.guard.changed(offset);
        self.file.write_all_at(data, offset)
    }
}

/// Page of the overlay in bytes (redb's own).
const PAGE: u64 = 4096;

/// A file that is only read: what redb writes to it (the mark of an open file, the repair of one that was not closed)
/// stays in memory. So evidence is never changed, and a read-only medium will do.
#[derive(Debug)]
pub struct Overlay {
    file: File,
    /// Read by several threads of a question at a time.
    state: RwLock<Written>,
    guard: Guard,
}

#[derive(Debug)]
struct Written {
    len: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let state = RwLock::new(Written { len, pages: BTreeMap::new() });
        Ok(Self { file, state, guard: Guard::default() })
    }

    fn fill(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < out.len() {
            match self.file.read_at(&mut out[done..], offset + done as u64)? {
                0 => break,
                read => done += read,
            }
        }
        out[done..].fill(0);
        Ok(())
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.read().unwrap_or_else(PoisonError::into_inner).len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let end = offset.saturating_add(out.len() as u64);
        if end > state.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.fill(offset, out)?;
        for (page, bytes) in state.pages.range(offset / PAGE..end.div_ceil(PAGE)) {
            let start = page * PAGE;
            let (from, to) = (start.max(offset), (start + PAGE).min(end));
            if from < to {
                out[index(from - offset)..index(to - offset)]
                    .copy_from_slice(&bytes[index(from - start)..index(to - start)]);
            }
        }
        drop(state);
        self.guard.look(offset, out);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.state.write().unwrap_or_else(PoisonError::into_inner).len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.guard.changed(offset);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let end = offset + data.len() as u64;
        for page in offset / PAGE..end.div_ceil(PAGE) {
            let start = page * PAGE;
            let bytes = match state.pages.entry(page) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let mut bytes = vec![0; index(PAGE)];
                    self.fill(start, &mut bytes)?;
                    entry.insert(bytes.into())
                }
            };
            let (from, to) = (start.max(offset), (start + PAGE).min(end));
            if from < to {
                bytes[index(from - start)..index(to - start)]
                    .copy_from_slice(&data[index(from - offset)..index(to - offset)]);
            }
        }
        state.len = state.len.max(end);
        Ok(())
    }
}

/// Within a page or a caller's slice, so it fits.
fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
