//! A segment as readers see it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use event::EventId;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use crate::block::{Hash, Zone};
use crate::segment::file::{self, FileError, Handle, guarded};
use crate::segment::meta::{Closed, Head, PACKED, THINNED, Totals};
use crate::segment::tables::{META, ZONES};
use crate::{OpenError, SegmentState};

/// Tells segments' files apart in caches, also when one takes the place of another.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A segment.
#[derive(Debug)]
pub struct Segment {
    /// Never used twice.
    pub uid: u64,
    /// Its number.
    pub number: u64,
    /// Its file.
    pub path: PathBuf,
    /// What it began with; `None` if it cannot be read.
    pub head: Option<Head>,
    /// Version of its format; that of this release if it cannot be read.
    pub format: u32,
    state: RwLock<State>,
    database: Mutex<Option<Arc<Handle>>>,
    /// Of a packed segment, once it was asked for.
    length: OnceLock<u64>,
    /// There may be a file in which it is being written anew.
    rewritten: AtomicBool,
}

#[derive(Clone, Debug)]
struct State {
    form: SegmentState,
    totals: Totals,
    digest: Option<Hash>,
    origin: Option<Hash>,
}

impl Segment {
    /// Looks at a file.
    ///
    /// # Errors
    /// Only if a newer release wrote it; a file that cannot be read becomes a damaged segment.
    pub fn look(number: u64, path: &Path) -> Result<Self, migrations::Newer> {
        match Self::try_look(number, path) {
            Ok(segment) => Ok(segment),
            Err(FileError::Newer(newer)) => Err(newer),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "a segment cannot be read; its events are missing");
                Ok(Self::new(number, path, None, SegmentState::Damaged, Totals::default(), None, None))
            }
        }
    }

    /// Looks at all files of a store.
    ///
    /// # Errors
    /// If a newer release wrote one of them.
    pub fn look_all(files: Vec<(u64, PathBuf)>) -> Result<Vec<Arc<Self>>, OpenError> {
        let mut segments = Vec::new();
        for (number, path) in files {
            let segment = Self::look(number, &path).map_err(|newer| OpenError::Newer {
                found: newer.found,
                supported: newer.supported,
                path,
            })?;
            segments.push(Arc::new(segment));
        }
        Ok(segments)
    }

    fn try_look(number: u64, path: &Path) -> Result<Self, FileError> {
        let handle = Handle::new(file::readable(path)?);
        let database = handle.database()?;
        let (format, head, closed) = file::facts(database)?;
        let state = match closed {
            Some(Closed { totals, digest }) => {
                let (form, origin) = guarded(|| {
                    let read = database.begin_read()?;
                    let table = read.open_table(META)?;
                    let form = match table.get(PACKED)? {
                        None => SegmentState::Closed,
                        Some(mark) if mark.value() == THINNED => SegmentState::Thinned,
                        Some(_) => SegmentState::Packed,
                    };
                    Ok((form, file::origin(&read)?))
                })?;
                State { form, totals, digest: Some(digest), origin }
            }
            None => State { form: SegmentState::Open, totals: count(database)?, digest: None, origin: None },
        };
        let new = Self::new(number, path, Some(head), state.form, state.totals.clone(), None, None);
        Ok(Self { format, state: RwLock::new(state), ..new })
    }

    /// The same segment under another name.
    pub fn renamed(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// A segment of which everything is known, of the format of this release.
    pub fn new(
        number: u64,
        path: &Path,
        head: Option<Head>,
        form: SegmentState,
        totals: Totals,
        digest: Option<Hash>,
        database: Option<Arc<Handle>>,
    ) -> Self {
        Self {
            uid: NEXT.fetch_add(1, Ordering::Relaxed),
            number,
            path: path.to_owned(),
            head,
            format: migrations::CURRENT,
            state: RwLock::new(State { form, totals, digest, origin: None }),
            database: Mutex::new(database),
            length: OnceLock::new(),
            rewritten: AtomicBool::new(true),
        }
    }

    /// Name of its file.
    pub fn file_name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What it is.
    pub fn form(&self) -> SegmentState {
        self.state.read().unwrap_or_else(PoisonError::into_inner).form
    }

    /// What is in it.
    pub fn totals(&self) -> Totals {
        self.state.read().unwrap_or_else(PoisonError::into_inner).totals.clone()
    }

    /// First event id after it; `None` if it cannot be read.
    pub fn end(&self) -> Option<EventId> {
        let head = self.head.as_ref()?;
        Some(self.totals().next_event(head.first_event))
    }

    /// Its digest, once closed.
    pub fn digest(&self) -> Option<Hash> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).digest
    }

    /// What the next segment's head names: the digest that it had when it was closed, also if it was written anew since.
    pub fn link(&self) -> Option<Hash> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.origin.or(state.digest)
    }

    /// A commit added to it.
    pub fn grow(&self, totals: Totals) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).totals = totals;
    }

    /// It was closed; from now on it is read through a handle that does not write.
    pub fn closed(&self, closed: Closed) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State {
            form: SegmentState::Closed,
            totals: closed.totals,
            digest: Some(closed.digest),
            origin: None,
        };
        self.set_database(None);
    }

    /// Nothing can be read from it any more.
    pub fn broken(&self) {
        self.state.write().unwrap_or_else(PoisonError::into_inner).form = SegmentState::Damaged;
        self.set_database(None);
    }

    /// Changes the handle that readers share.
    pub fn set_database(&self, database: Option<Arc<Handle>>) {
        // The old one is let go after the lock.
        let _old =
            std::mem::replace(&mut *self.database.lock().unwrap_or_else(PoisonError::into_inner), database);
    }

    /// Closes the file if nobody is using it just now.
    pub fn let_go(&self) {
        if self.form() != SegmentState::Open {
            self.set_database(None);
        }
    }

    /// A consistent view of it.
    pub fn read(&self) -> Result<View, FileError> {
        let database = {
            let mut held = self.database.lock().unwrap_or_else(PoisonError::into_inner);
            match &*held {
                Some(database) => Arc::clone(database),
                None => {
                    let opened = Arc::new(Handle::new(file::readable(&self.path)?));
                    *held = Some(Arc::clone(&opened));
                    opened
                }
            }
        };
        let transaction = guarded(|| Ok(database.database()?.begin_read()?))?;
        Ok(View { transaction, format: self.format, _database: database })
    }

    /// Tells the system that all of the file will be read soon; nothing if it will not hear.
    pub fn read_ahead(&self) {
        if let Ok(file) = std::fs::File::open(&self.path) {
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::WillNeed);
        }
    }

    /// Bytes of its file. That of a packed segment is never changed but for another one's, which has its own length.
    pub fn bytes(&self) -> u64 {
        if let Some(length) = self.length.get() {
            return *length;
        }
        let Ok(metadata) = std::fs::metadata(&self.path) else { return 0 };
        if matches!(self.form(), SegmentState::Packed | SegmentState::Thinned) {
            let _ = self.length.set(metadata.len());
        }
        metadata.len()
    }

    /// There may be a file from now on in which it is being written anew.
    pub fn may_be_rewritten(&self) {
        self.rewritten.store(true, Ordering::Relaxed);
    }

    /// Bytes of the file in which it is being written anew, or of what was left of that. It is looked for only if there may
    /// be one; `now` while that is under way.
    pub fn unfinished_bytes(&self, now: bool) -> u64 {
        // Taken down first: who says so meanwhile is heard the next time.
        if !self.rewritten.swap(false, Ordering::Relaxed) && !now {
            return 0;
        }
        let Ok(metadata) = std::fs::metadata(crate::writer::unfinished(&self.path)) else { return 0 };
        self.may_be_rewritten();
        metadata.len()
    }
}

/// A consistent view of a segment.
pub struct View {
    /// To read by.
    pub transaction: ReadTransaction,
    /// Version of the segment's format.
    pub format: u32,
    /// Outlives the transaction.
    _database: Arc<Handle>,
}

/// Counts what is in a segment that was not closed.
pub fn count(database: &Database) -> Result<Totals, FileError> {
    guarded(|| {
        let read = database.begin_read()?;
        let format = file::version(&read)?;
        let mut totals = Totals::default();
        let zones = read.open_table(ZONES)?;
        for row in zones.iter()? {
            let (key, value) = row?;
            totals.add_zone(&Zone::decode(format, u64::from_be_bytes(*key.value()), value.value())?);
        }
        Ok(totals)
    })
}

#[cfg(test)]
mod tests {
    use super::{Segment, SegmentState, Totals};
    use crate::writer::unfinished;

    #[test]
    fn room_is_asked_for_where_it_may_have_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("000000000001.redb");
        let of = |form| Segment::new(1, &path, None, form, Totals::default(), None, None);
        let (closed, packed) = (of(SegmentState::Closed), of(SegmentState::Packed));
        assert_eq!(packed.bytes(), 0, "it is not there yet");
        for length in [10, 20] {
            std::fs::write(&path, vec![0; length]).unwrap();
            assert_eq!((closed.bytes(), packed.bytes()), (length as u64, 10));
        }

        // What an earlier run may have left is looked for once, and what is there as long as it is.
        let left = unfinished(&path);
        std::fs::write(&left, [0; 30]).unwrap();
        assert_eq!((packed.unfinished_bytes(false), packed.unfinished_bytes(false)), (30, 30));
        std::fs::remove_file(&left).unwrap();
        assert_eq!(packed.unfinished_bytes(false), 0);
        // Then while it is under way, and after.
        assert_eq!(packed.unfinished_bytes(true), 0);
        std::fs::write(&left, [0; 40]).unwrap();
        assert_eq!(packed.unfinished_bytes(true), 40);
        assert_eq!(packed.unfinished_bytes(false), 40);
        std::fs::remove_file(&left).unwrap();
        assert_eq!(packed.unfinished_bytes(false), 0);
        packed.may_be_rewritten();
        std::fs::write(&left, [0; 50]).unwrap();
        assert_eq!(packed.unfinished_bytes(false), 50);
    }
}
