//! A disk that fails: it sees each operation on a store's files, refuses some of them, does some by half, forgets at a
//! power cut what was not synced, sector by sector, and sometimes what it failed to sync although it was asked again.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use store::faults::{Operation, Watch};

use crate::scenario::Random;

/// Bytes of a page of the system's cache: what is written back, or not, at once.
const PAGE: u64 = 4096;
/// Bytes that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// How often what goes wrong, in so many of 10,000 operations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A write or a new length is refused.
    pub write: u64,
    /// A sync is refused.
    pub sync: u64,
    /// A name is not changed.
    pub name: u64,
    /// No room: nothing grows, and no new page is written.
    pub full: bool,
}

/// The disk.
#[derive(Debug)]
pub struct Disk {
    state: Mutex<State>,
    /// Whether the background thread may work. It works alone, so that the same happens each time.
    gate: (Mutex<bool>, Condvar),
}

#[derive(Debug)]
struct State {
    random: Random,
    faults: Faults,
    /// Operations until the process dies in the midst of one.
    kill_in: Option<u64>,
    dead: bool,
    /// What is on the disk of each file where that is not what the file says.
    files: BTreeMap<PathBuf, Floating>,
    /// Changes of names since the directory was synced, with what is needed to undo them.
    names: Vec<Change>,
    /// Names that open files have got since they were made.
    renamed: BTreeMap<PathBuf, PathBuf>,
    /// Where files are kept whose removal may be undone.
    attic: tempfile::TempDir,
    kept: u64,
    /// Operations refused.
    refused: u64,
    trace: bool,
}

/// A file's contents on the disk, as far as they differ.
#[derive(Debug, Default)]
struct Floating {
    len: u64,
    pages: BTreeMap<u64, Page>,
}

#[derive(Debug)]
struct Page {
    on_disk: Vec<u8>,
    /// Still to be written at the next sync. A failed sync may leave a page clean that never came to the disk.
    dirty: bool,
}

#[derive(Debug)]
enum Change {
    Made(PathBuf),
    Renamed { from: PathBuf, to: PathBuf, replaced: Option<(PathBuf, Floating)> },
    Removed { path: PathBuf, kept: PathBuf, floating: Floating },
}

fn error(kind: io::ErrorKind) -> io::Result<()> {
    Err(kind.into())
}

/// EIO.
fn broken() -> io::Result<()> {
    Err(io::Error::from_raw_os_error(5))
}

impl Disk {
    pub fn new(seed: u64, trace: bool) -> Self {
        let state = Mutex::new(State {
            random: Random(seed),
            faults: Faults::default(),
            kill_in: None,
            dead: false,
            files: BTreeMap::new(),
            names: Vec::new(),
            renamed: BTreeMap::new(),
            attic: crate::scenario::dir(),
            kept: 0,
            refused: 0,
            trace,
        });
        Self { state, gate: (Mutex::new(true), Condvar::new()) }
    }

    /// The background thread may work from now on, or begins nothing more.
    pub fn let_background(&self, work: bool) {
        *self.gate.0.lock().unwrap_or_else(PoisonError::into_inner) = work;
        self.gate.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// The process dies after so many operations.
    pub fn kill_in(&self, operations: u64) {
        self.state().kill_in = Some(operations);
    }

    /// From now on nothing reaches the files: the process is dead.
    pub fn kill(&self) {
        self.state().dead = true;
    }

    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// How much was refused so far.
    pub fn refused(&self) -> u64 {
        self.state().refused
    }

    /// Whether the disk has all that the files and their names say.
    pub fn is_settled(&self) -> bool {
        let state = self.state();
        let same =
            |(path, floating): (&PathBuf, &Floating)| floating.pages.is_empty() && floating.len == len(path);
        state.names.is_empty() && state.files.iter().all(same)
    }

    /// Another process begins, over a disk that works. (What a dead process left in doubt is taken to be written back:
    /// the next one cannot know of it.)
    pub fn revive(&self) {
        let mut state = self.state();
        for page in state.files.values_mut().flat_map(|floating| floating.pages.values_mut()) {
            page.dirty = true;
        }
        state.dead = false;
        state.kill_in = None;
        state.faults = Faults::default();
    }

    /// The power fails: of what was not synced, some of the names and some of the sectors are there.
    pub fn cut(&self) {
        self.state().cut();
    }
}

impl Watch for Disk {
    fn before(&self, path: &Path, operation: Operation<'_>) -> io::Result<()> {
        let mut state = self.state();
        let contents = matches!(operation, Operation::Write(..) | Operation::SetLen(_) | Operation::Sync);
        let renamed = state.renamed.get(path).filter(|_| contents).cloned();
        let path = renamed.as_deref().unwrap_or(path);
        let result = state.before(path, operation);
        if result.is_err() {
            state.refused += 1;
        }
        if state.trace {
            let name = path.file_name().unwrap_or_default().display();
            match operation {
                Operation::Write(at, bytes) => eprintln!("  {name}: write {at} +{}: {result:?}", bytes.len()),
                other => eprintln!("  {name}: {other:?}: {result:?}"),
            }
        }
        result
    }

    fn before_background(&self) {
        let open = self.gate.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.gate.1.wait_while(open, |open| !*open).unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    fn chance(&mut self, of_10_000: u64) -> bool {
        of_10_000 > 0 && self.random.below(10_000) < of_10_000
    }

    fn before(&mut self, path: &Path, operation: Operation<'_>) -> io::Result<()> {
        if self.dead {
            return broken();
        }
        let dies = match &mut self.kill_in {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if dies {
            self.dead = true;
        }
        match operation {
            Operation::Write(at, bytes) => {
                let end = at + bytes.len() as u64;
                let grows = self.faults.full && end > len(path);
                let fails = dies || grows || self.chance(self.faults.write);
                if fails {
                    // A part of it may have come through.
                    let part = self.random.below(bytes.len() as u64 + 1);
                    if self.random.below(2) == 0 && !grows {
                        self.touch(path, at, at + part)?;
                        let file = OpenOptions::new().write(true).open(path)?;
                        file.write_all_at(&bytes[..part as usize], at)?;
                    }
                    return if grows { error(io::ErrorKind::StorageFull) } else { broken() };
                }
                self.touch(path, at, end)
            }
            Operation::SetLen(to) => {
                let now = len(path);
                if self.faults.full && to > now {
                    return error(io::ErrorKind::StorageFull);
                }
                if dies || self.chance(self.faults.write) {
                    return broken();
                }
                // What is cut off is still on the disk.
                if to < now { self.touch(path, to, now) } else { self.touch(path, 0, 0) }
            }
            Operation::Sync => {
                let fails = dies || self.chance(self.faults.sync);
                self.sync(path, fails);
                if fails { broken() } else { Ok(()) }
            }
            Operation::Create | Operation::Rename(_) | Operation::Remove | Operation::SyncDirectory => {
                if dies || self.chance(self.faults.name) {
                    return broken();
                }
                if self.faults.full && matches!(operation, Operation::Create) {
                    return error(io::ErrorKind::StorageFull);
                }
                self.name(path, operation)
            }
            _ => Ok(()),
        }
    }

    /// Remembers what is on the disk of some bytes that will change.
    fn touch(&mut self, path: &Path, from: u64, to: u64) -> io::Result<()> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let floating = self
            .files
            .entry(path.to_owned())
            .or_insert_with(|| Floating { len: length, pages: BTreeMap::new() });
        for page in from / PAGE..to.div_ceil(PAGE) {
            if let Some(known) = floating.pages.get_mut(&page) {
                known.dirty = true;
                continue;
            }
            let mut on_disk = vec![0; PAGE as usize];
            let there = length.saturating_sub(page * PAGE).min(PAGE) as usize;
            file.read_exact_at(&mut on_disk[..there], page * PAGE)?;
            floating.pages.insert(page, Page { on_disk, dirty: true });
        }
        Ok(())
    }

    fn sync(&mut self, path: &Path, fails: bool) {
        let Some(floating) = self.files.get_mut(path) else { return };
        if !fails {
            floating.len = len(path);
            floating.pages.retain(|_, page| !page.dirty);
            return;
        }
        // After a failed sync the system may take pages for clean that are not on the disk, and not try again.
        let forgets = self.random.below(2) == 0;
        for page in floating.pages.values_mut() {
            page.dirty = page.dirty && !(forgets && self.random.below(4) > 0);
        }
    }

    fn keep(&mut self, path: &Path) -> io::Result<PathBuf> {
        self.kept += 1;
        let kept = self.attic.path().join(self.kept.to_string());
        std::fs::hard_link(path, &kept)?;
        Ok(kept)
    }

    fn name(&mut self, path: &Path, operation: Operation<'_>) -> io::Result<()> {
        match operation {
            Operation::Create => {
                self.renamed.remove(path);
                self.names.push(Change::Made(path.to_owned()));
            }
            Operation::Rename(to) => {
                let replaced = if to.exists() {
                    Some((self.keep(to)?, self.files.remove(to).unwrap_or_else(|| on_disk(to))))
                } else {
                    None
                };
                let floating = self.files.remove(path).unwrap_or_else(|| on_disk(path));
                self.files.insert(to.to_owned(), floating);
                self.renamed.insert(path.to_owned(), to.to_owned());
                self.names.push(Change::Renamed { from: path.to_owned(), to: to.to_owned(), replaced });
            }
            Operation::Remove if path.exists() => {
                let kept = self.keep(path)?;
                let floating = self.files.remove(path).unwrap_or_else(|| on_disk(path));
                self.names.push(Change::Removed { path: path.to_owned(), kept, floating });
            }
            Operation::SyncDirectory => {
                for change in std::mem::take(&mut self.names) {
                    if let Change::Renamed { replaced: Some((kept, _)), .. } | Change::Removed { kept, .. } =
                        change
                    {
                        std::fs::remove_file(kept)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn cut(&mut self) {
        // Names are journalled: what is undone is a tail of the changes.
        let stays = self.random.below(self.names.len() as u64 + 1) as usize;
        for change in self.names.drain(..).skip(stays).rev().collect::<Vec<_>>() {
            match change {
                Change::Made(path) => {
                    let _ = std::fs::remove_file(&path);
                    self.files.remove(&path);
                }
                Change::Renamed { from, to, replaced } => {
                    std::fs::rename(&to, &from).unwrap();
                    let floating = self.files.remove(&to).unwrap_or_default();
                    self.files.insert(from, floating);
                    if let Some((kept, floating)) = replaced {
                        std::fs::rename(kept, &to).unwrap();
                        self.files.insert(to, floating);
                    }
                }
                Change::Removed { path, kept, floating } => {
                    std::fs::rename(kept, &path).unwrap();
                    self.files.insert(path, floating);
                }
            }
        }
        for (path, floating) in std::mem::take(&mut self.files) {
            let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else { continue };
            let keeps_len = self.random.below(2) == 0;
            let length = if keeps_len { len(&path) } else { floating.len };
            // Each in its way: all, nothing, or any part.
            let mood = self.random.below(4);
            for (number, page) in floating.pages {
                for (place, sector) in page.on_disk.chunks(SECTOR).enumerate() {
                    let lost = !page.dirty || mood == 0 || (mood > 1 && self.random.below(2) == 0);
                    if lost {
                        file.write_all_at(sector, number * PAGE + (place * SECTOR) as u64).unwrap();
                    }
                }
            }
            file.set_len(length).unwrap();
        }
    }
}

fn len(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// A file of which everything is on the disk.
fn on_disk(path: &Path) -> Floating {
    Floating { len: len(path), pages: BTreeMap::new() }
}
