//! Files of a block to be: each path once, each state of it once, and nothing of where they came from.
//!
//! All paths are one text, and all states are of one size: who goes through them in another order than the one in which
//! they came still finds them near each other. What they were added from may be let go of at once.

use event::File;

use super::build::number;
use super::intern::{Interned, Table, hash, hash_numbers};
use super::run::Renumbered;
use crate::bytes::room;
use crate::limits::KEPT_PATHS;

/// A path with all that is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Number of the path.
    pub path: u32,
    pub flags: u32,
    /// Number of what is odd, counted from 1; 0 if nothing is.
    pub odd: u32,
    /// Whether facts are known; else the others are 0.
    pub known: bool,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub inode: u64,
    pub mtime: i64,
    pub ctime: i64,
    pub mount_id: u32,
    /// Number of the file system's name.
    pub filesystem: u32,
    /// Number of the mount's path.
    pub mount_path: u32,
}

impl State {
    /// The path and these tell nearly all apart.
    fn hash(&self) -> u64 {
        let times = self.mtime.cast_unsigned().rotate_left(32) ^ self.ctime.cast_unsigned();
        let path = u64::from(self.path) << 32 | u64::from(self.flags);
        hash_numbers(&[path, self.inode, times ^ u64::from(self.mode)])
    }
}

/// A path: where it is in the text.
#[derive(Clone, Copy, Debug)]
struct Path {
    start: usize,
    end: usize,
    /// Number of its directory.
    directory: u32,
    /// Number of the state that was added last.
    latest: u32,
    /// Whether there was another one before, so that they are in the table of states.
    several: bool,
}

/// A directory with its slash: so many bytes of a path that is in it.
#[derive(Clone, Copy, Debug)]
struct Directory {
    path: u32,
    length: usize,
}

/// Distinct files with their paths.
#[derive(Debug, Default)]
pub struct Files {
    pub states: Vec<State>,
    pub filesystems: Interned,
    pub mount_paths: Interned,
    /// As `MessagePack`: the raw path and the error.
    pub odd: Interned,
    /// What was odd last, with its number; before there was any, nothing is.
    latest_odd: ((Option<Vec<u8>>, Option<String>), u32),
    text: Vec<u8>,
    paths: Vec<Path>,
    directories: Vec<Directory>,
    path_table: Table,
    directory_table: Table,
    state_table: Table,
}

impl Files {
    /// With room for so many.
    pub fn new(files: usize) -> Self {
        Self { path_table: Table::new(files), ..Self::default() }
    }

    /// Bytes of a path.
    pub fn path(&self, path: u32) -> &[u8] {
        text_of(&self.text, &self.paths, path)
    }

    /// Lets go of all of them; the memory is used again.
    pub fn clear(&mut self) {
        self.states.clear();
        self.text.clear();
        self.text.shrink_to(KEPT_PATHS);
        self.paths.clear();
        self.directories.clear();
        for names in [&mut self.filesystems, &mut self.mount_paths, &mut self.odd] {
            names.clear();
        }
        self.latest_odd = Default::default();
        for table in [&mut self.path_table, &mut self.directory_table, &mut self.state_table] {
            table.clear();
        }
    }

    /// Has the memory fetched in which a path will be looked for; `hash` is that of the path.
    pub fn fetch(&self, hash: u64) {
        self.path_table.fetch(hash);
    }

    /// Number of a file, which is added if it is new; `hash` is that of its path.
    pub fn number(&mut self, file: &File, hash: u64) -> u32 {
        let path = self.path_number(file.path.as_bytes(), hash);
        let odd = if file.raw.is_some() || file.error.is_some() { self.odd_number(file) + 1 } else { 0 };
        let state = match &file.facts {
            Some(facts) => State {
                path,
                flags: file.flags,
                odd,
                known: true,
                mode: facts.mode,
                uid: facts.uid,
                gid: facts.gid,
                inode: facts.inode,
                mtime: facts.mtime,
                ctime: facts.ctime,
                mount_id: facts.mount_id,
                filesystem: self.filesystems.number(facts.filesystem.as_bytes()),
                mount_path: self.mount_paths.number(facts.mount_path.as_bytes()),
            },
            None => State { path, flags: file.flags, odd, ..State::default() },
        };
        let (states, path) = (&mut self.states, &mut self.paths[path as usize]);
        let next = number(states.len());
        // Nearly always it is as it was the last time, if there was one.
        match states.get(path.latest as usize) {
            None => {
                room(states, 1);
                states.push(state);
                path.latest = next;
                return next;
            }
            Some(latest) if *latest == state => return path.latest,
            Some(latest) if !path.several => {
                self.state_table.find(latest.hash(), path.latest, |_| false);
                path.several = true;
            }
            Some(_) => {}
        }
        let known = |index: u32| states.get(index as usize) == Some(&state);
        path.latest = self.state_table.find(state.hash(), next, known).unwrap_or_else(|| {
            room(states, 1);
            states.push(state);
            next
        });
        path.latest
    }

    /// Number of a file's raw path and error. They are mostly those that came last: there is no raw path, and few errors.
    fn odd_number(&mut self, file: &File) -> u32 {
        let (latest, number) = &mut self.latest_odd;
        if latest.0 != file.raw || latest.1 != file.error {
            let odd = rmp_serde::to_vec(&(&file.raw, &file.error)).unwrap_or_default();
            *number = self.odd.number(&odd);
            *latest = (file.raw.clone(), file.error.clone());
        }
        *number
    }

    fn path_number(&mut self, path: &[u8], path_hash: u64) -> u32 {
        let (text, paths) = (&mut self.text, &mut self.paths);
        let next = number(paths.len());
        let known = |index| text_of(text, paths, index) == path;
        if let Some(known) = self.path_table.find(path_hash, next, known) {
            return known;
        }
        let start = text.len();
        room(text, path.len());
        text.extend_from_slice(path);
        let directory = split(path).0;
        // What comes one after the other is often in one directory.
        let last = paths.last().map(|last| last.directory);
        paths.push(Path { start, end: text.len(), directory: 0, latest: u32::MAX, several: false });
        let directories = &mut self.directories;
        let new = number(directories.len());
        let known = |place: u32| {
            let known = directories.get(place as usize);
            known.is_some_and(|known| text_of(text, paths, known.path).get(..known.length) == Some(directory))
        };
        let known = last
            .filter(|last| known(*last))
            .or_else(|| self.directory_table.find(hash(directory), new, known));
        let place = known.unwrap_or_else(|| {
            directories.push(Directory { path: next, length: directory.len() });
            new
        });
        if let Some(path) = paths.last_mut() {
            path.directory = place;
        }
        next
    }

    /// Some of the files, numbered anew in the order given. No more are to be added to them.
    pub fn some(&self, files: &[u32]) -> Self {
        let mut some = Self {
            filesystems: self.filesystems.list(),
            mount_paths: self.mount_paths.list(),
            ..Self::default()
        };
        let (mut paths, mut directories) =
            (Renumbered::new(self.paths.len()), Renumbered::new(self.directories.len()));
        for file in files {
            let mut state = self.states[*file as usize];
            state.path = paths.number(state.path);
            if let Some(odd) = state.odd.checked_sub(1) {
                state.odd = some.odd.number(&self.odd[odd as usize]) + 1;
            }
            some.states.push(state);
        }
        for path in &paths.there {
            let start = some.text.len();
            some.text.extend_from_slice(self.path(*path));
            let directory = directories.number(self.paths[*path as usize].directory);
            if directory as usize == some.directories.len() {
                let there = self.directories[directories.there[directory as usize] as usize];
                some.directories.push(Directory { path: number(some.paths.len()), ..there });
            }
            some.paths.push(Path {
                start,
                end: some.text.len(),
                directory,
                latest: u32::MAX,
                several: false,
            });
        }
        some
    }

    fn directory(&self, directory: u32) -> &[u8] {
        let directory = self.directories[directory as usize];
        &self.path(directory.path)[..directory.length]
    }

    /// The order of the files so far.
    pub fn order(&self) -> Order {
        let mut directories: Vec<u32> = (0..number(self.directories.len())).collect();
        directories.sort_unstable_by_key(|directory| self.directory(*directory));
        let mut rank = vec![0; directories.len()];
        for (place, directory) in directories.iter().enumerate() {
            rank[*directory as usize] = place;
        }
        let of_path = self.paths.iter().map(|path| rank[path.directory as usize]);
        let (mut paths, ends) = gathered(of_path, directories.len());
        // The first bytes of the names nearly always tell two of them apart.
        let mut names: Vec<(u64, u32)> = Vec::new();
        let mut start = 0;
        for end in ends {
            let paths = &mut paths[std::mem::replace(&mut start, end)..end];
            names.clear();
            names.extend(paths.iter().map(|path| (self.name_start(*path), *path)));
            names.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.path(a.1).cmp(self.path(b.1))));
            for (path, name) in paths.iter_mut().zip(&names) {
                *path = name.1;
            }
        }
        let mut rank = vec![0; paths.len()];
        for (place, path) in paths.iter().enumerate() {
            rank[*path as usize] = place;
        }
        let (files, _) = gathered(self.states.iter().map(|state| rank[state.path as usize]), paths.len());
        let mut rank = vec![0; files.len()];
        for (place, file) in (0..).zip(&files) {
            rank[*file as usize] = place;
        }
        Order { directories, paths, files, rank }
    }

    /// First bytes of a path's name, as a number of the same order.
    fn name_start(&self, path: u32) -> u64 {
        let directory = self.paths[path as usize].directory;
        let name = &self.path(path)[self.directories[directory as usize].length..];
        let mut start = [0; 8];
        let length = name.len().min(8);
        start[..length].copy_from_slice(&name[..length]);
        u64::from_be_bytes(start)
    }

    /// Directories with their slash, ascending.
    pub fn directories(&self, order: &Order) -> impl Iterator<Item = &[u8]> {
        order.directories.iter().map(|directory| self.directory(*directory))
    }
}

fn text_of<'a>(text: &'a [u8], paths: &[Path], path: u32) -> &'a [u8] {
    paths.get(path as usize).and_then(|path| text.get(path.start..path.end)).unwrap_or_default()
}

/// Files of a builder in order of directory, then name, then appearance: their numbers in the builder.
#[derive(Debug)]
pub struct Order {
    directories: Vec<u32>,
    /// The paths.
    pub paths: Vec<u32>,
    pub files: Vec<u32>,
    /// The place of each file in that order.
    pub rank: Vec<u32>,
}

/// Numbers of things gathered by the class of each, those of a class in order; and where each class ends.
pub fn gathered(of: impl Iterator<Item = usize> + Clone, classes: usize) -> (Vec<u32>, Vec<usize>) {
    let mut ends = vec![0; classes];
    let mut count = 0;
    for class in of.clone() {
        ends[class] += 1;
        count += 1;
    }
    let mut before = 0;
    for end in &mut ends {
        before += std::mem::replace(end, before);
    }
    let mut list = vec![0; count];
    for (thing, class) in (0..).zip(of) {
        list[ends[class]] = thing;
        ends[class] += 1;
    }
    (list, ends)
}

/// Directory with its slash, and name.
pub fn split(path: &(impl AsRef<[u8]> + ?Sized)) -> (&[u8], &[u8]) {
    let path = path.as_ref();
    path.split_at(path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1))
}
