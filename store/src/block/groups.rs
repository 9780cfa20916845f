//! The groups of a block's files: which of them can have a path, and all of them together.

use event::File;

use super::group::{Group, Names};
use super::paths::Paths;
use super::place;
use super::tables::{Source, Tables, lazy};
use crate::bytes::{Damaged, Input};

/// Files of a block, and the first path of each group, in the order of [`Paths`]; none if there is but one group.
#[derive(Debug)]
pub(super) struct Groups {
    pub list: Vec<Group>,
    pub keys: Paths,
}

impl Tables {
    fn groups(&self) -> Result<&Groups, Damaged> {
        let decode = || {
            let Source::Columns { tables, groups, group_count, .. } = &self.source else {
                return Err(Damaged("a column is missing"));
            };
            let files = tables.numbers(place::GROUP_FILES, *group_count)?;
            let paths = tables.numbers(place::GROUP_PATHS, *group_count)?;
            let (mut file, mut path) = (0, 0);
            let mut list = Vec::with_capacity(*group_count);
            for (place, (files, paths)) in files.into_iter().zip(paths).enumerate() {
                let next = |from: usize, count: u64, most: usize| {
                    let end = usize::try_from(count).ok().and_then(|count| from.checked_add(count));
                    end.filter(|end| *end <= most).ok_or(Damaged("a group has too many files"))
                };
                let (last_file, last_path) =
                    (next(file, files, self.file_count)?, next(path, paths, self.path_count)?);
                let columns = place * place::GROUP..(place + 1) * place::GROUP;
                let stored = groups.with_constants(columns, &[]);
                // Format 2 has no number of groups.
                let odd_by_place = tables.count(place::GROUP_COUNT) == 0;
                list.push(Group::new(stored, file..last_file, path..last_path, odd_by_place));
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

    /// The groups of files that can have paths that start with some text, or if it is `exact`, this path.
    pub fn groups_with(&self, prefix: &str, exact: bool) -> Result<Vec<usize>, Damaged> {
        let groups = self.groups()?;
        Ok(match groups.list.len() {
            count @ 0..=1 => (0..count).collect(),
            _ => groups.keys.groups(prefix, exact).collect(),
        })
    }

    /// A group of files.
    pub fn group(&self, group: usize) -> Result<&Group, Damaged> {
        self.groups()?.list.get(group).ok_or(Damaged("a group is missing"))
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
        for group in &self.groups()?.list {
            all.extend(group.pages()?.iter());
        }
        Ok(all)
    }

    /// A distinct file, by its index.
    pub(super) fn file(&self, index: usize) -> Result<File, Damaged> {
        let groups = self.groups()?;
        let group = groups.list.partition_point(|group| group.files.end <= index);
        let names = lazy(&self.names, || Names::decode(self.stored()?))?;
        groups.list.get(group).ok_or(Damaged("an event is incomplete"))?.file(index, names)
    }

    /// Distinct paths, in an order of their own: see [`Paths`]. All groups are unpacked.
    pub fn paths(&self) -> Result<&Paths, Damaged> {
        if let [group] = self.groups()?.list.as_slice() {
            return group.list();
        }
        lazy(&self.paths, || {
            let mut paths = Paths::default();
            for group in &self.groups()?.list {
                paths.append(group.list()?);
            }
            Ok(paths)
        })
    }

    /// Number of distinct files.
    pub const fn file_count(&self) -> usize {
        self.file_count
    }

    /// Path of each distinct file: index into [`Self::paths`], always in range. It never falls. All groups are unpacked.
    pub fn file_paths(&self) -> Result<&[u32], Damaged> {
        let decode = || {
            let mut all = Vec::with_capacity(self.file_count);
            for group in &self.groups()?.list {
                let before = u32::try_from(group.paths.start).unwrap_or(u32::MAX);
                all.extend(group.file_paths()?.iter().map(|path| path + before));
            }
            Ok(all)
        };
        lazy(&self.file_paths, decode).map(Vec::as_slice)
    }
}
