//! The groups of a block's files: where they are, which of them can have a path, and all of them together.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::facts::Names;
use super::group::Group;
use super::paths::Paths;
use super::place;
use super::tables::{Source, Tables, lazy};
use crate::bytes::{Damaged, Input};

/// A block's groups, in order.
#[derive(Debug)]
pub(super) struct Groups {
    pub list: Vec<Place>,
    /// The first path of each, in the order of [`Paths`]; none if there is but one group.
    pub keys: Paths,
}

/// A group's place in its block.
#[derive(Debug)]
pub(super) struct Place {
    /// Of the block's files those that are in it.
    files: Range<usize>,
    /// Likewise of its paths.
    paths: Range<usize>,
    /// Once it is asked for, of a block that was read as a whole.
    group: OnceLock<Arc<Group>>,
}

impl Place {
    /// Of a group that has all files of a block.
    pub(super) fn ready(group: Group) -> Self {
        Self {
            files: group.files.clone(),
            paths: group.paths.clone(),
            group: OnceLock::from(Arc::new(group)),
        }
    }
}

const MISSING: Damaged = Damaged("a group is missing");

impl Tables {
    fn groups(&self) -> Result<&Groups, Damaged> {
        let decode = || {
            let Source::Columns { tables, group_count, .. } = &self.source else {
                return Err(Damaged("a column is missing"));
            };
            let files = tables.numbers(place::GROUP_FILES, *group_count)?;
            let paths = tables.numbers(place::GROUP_PATHS, *group_count)?;
            let (mut file, mut path) = (0, 0);
            let mut list = Vec::with_capacity(*group_count);
            for (files, paths) in files.into_iter().zip(paths) {
                let next = |from: usize, count: u64, most: usize| {
                    let end = usize::try_from(count).ok().and_then(|count| from.checked_add(count));
                    end.filter(|end| *end <= most).ok_or(Damaged("a group has too many files"))
                };
                let (last_file, last_path) =
                    (next(file, files, self.file_count)?, next(path, paths, self.path_count)?);
                list.push(Place { files: file..last_file, paths: path..last_path, group: OnceLock::new() });
                (file, path) = (last_file, last_path);
            }
            if (file, path) != (self.file_count, self.path_count) {
                return Err(Damaged("files are in no group"));
            }
            let mut keys = Paths::default();
            let bytes = if list.len() > 1 { tables.bytes(place::GROUP_KEYS)? } else { Vec::new() };
            let mut input = Input(&bytes);
            for _ in list.iter().skip_while(|_| bytes.is_empty()) {
                let key = std::str::from_utf8(input.bytes()?);
                keys.push(key.map_err(|_| Damaged("a path is not UTF-8"))?);
            }
            Ok(Groups { list, keys })
        };
        lazy(&self.groups, decode)
    }

    /// Number of groups.
    pub fn group_count(&self) -> Result<usize, Damaged> {
        Ok(self.groups()?.list.len())
    }

    /// The groups of files that can have paths that start with some text, or if it is `exact`, this path.
    pub fn groups_with(&self, prefix: &str, exact: bool) -> Result<Vec<usize>, Damaged> {
        let groups = self.groups()?;
        Ok(match groups.list.len() {
            count @ 0..=1 => (0..count).collect(),
            _ => groups.keys.groups(prefix, exact).collect(),
        })
    }

    /// The group of a file, by the file's index.
    pub(super) fn group_of(&self, file: usize) -> Result<usize, Damaged> {
        Ok(self.groups()?.list.partition_point(|group| group.files.end <= file))
    }

    /// Where in the value a group's columns are.
    pub fn group_range(&self, group: usize) -> Range<usize> {
        match &self.source {
            Source::Columns { groups, .. } => groups.range(group * place::GROUP..(group + 1) * place::GROUP),
            Source::Version1 { .. } => 0..0,
        }
    }

    /// A group of files; `value` has the bytes of [`Self::group_range`], from `base` on, and may have more.
    pub fn group_in(&self, group: usize, value: Arc<Vec<u8>>, base: usize) -> Result<Group, Damaged> {
        let Source::Columns { groups, .. } = &self.source else { return Err(MISSING) };
        let place = self.groups()?.list.get(group).ok_or(MISSING)?;
        let stored = groups.part(group * place::GROUP..(group + 1) * place::GROUP, value, base);
        Ok(Group::new(self.format, stored, place.files.clone(), place.paths.clone()))
    }

    /// A group of files of a block that was read as a whole.
    pub fn group(&self, group: usize) -> Result<&Arc<Group>, Damaged> {
        let place = self.groups()?.list.get(group).ok_or(MISSING)?;
        if let Some(known) = place.group.get() {
            return Ok(known);
        }
        let made = Arc::new(self.group_in(group, self.value(), 0)?);
        Ok(place.group.get_or_init(|| made))
    }

    /// All of them, of a block that was read as a whole.
    fn all(&self) -> Result<Vec<&Arc<Group>>, Damaged> {
        (0..self.group_count()?).map(|group| self.group(group)).collect()
    }

    /// Which pages have a path of a group, by its index there, as file or destination, a bit each.
    pub fn pages_of_path(&self, group: &Group, path: usize) -> Result<u64, Damaged> {
        if self.page_count() <= 1 {
            return Ok(u64::MAX);
        }
        group.pages()?.get(path).ok_or(Damaged("a path is missing"))
    }

    /// Which pages have each path, a bit each.
    pub fn path_pages(&self) -> Result<Vec<u64>, Damaged> {
        if self.page_count() <= 1 {
            return Ok(vec![1; self.path_count]);
        }
        let mut all = Vec::with_capacity(self.path_count);
        for group in self.all()? {
            all.extend(group.pages()?.iter());
        }
        Ok(all)
    }

    /// Names that files refer to.
    pub(super) fn names(&self) -> Result<&Names, Damaged> {
        lazy(&self.names, || Names::decode(self.stored()?))
    }

    /// Distinct paths, in an order of their own: see [`Paths`]; of a block that was read as a whole.
    pub fn paths(&self) -> Result<&Paths, Damaged> {
        if let [group] = self.all()?.as_slice() {
            return group.list();
        }
        lazy(&self.paths, || {
            let mut paths = Paths::default();
            for group in self.all()? {
                paths.append(group.list()?);
            }
            Ok(paths)
        })
    }

    /// Number of distinct paths.
    pub const fn path_count(&self) -> usize {
        self.path_count
    }

    /// Number of distinct files.
    pub const fn file_count(&self) -> usize {
        self.file_count
    }

    /// Path of each distinct file: index into [`Self::paths`], always in range; it never falls. Of a block that was read as a
    /// whole.
    pub fn file_paths(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let mut all = Vec::with_capacity(self.file_count);
            for group in self.all()? {
                let before = u32::try_from(group.paths.start).unwrap_or(u32::MAX);
                all.extend(group.file_paths()?.iter().map(|path| path + before));
            }
            Ok(all)
        };
        lazy(&self.file_paths, decode).map(Vec::as_slice)
    }
}
