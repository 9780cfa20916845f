//! Which package a path belongs to, in 8 bytes a path: a sorted list of keyed hashes. A list of all paths as text would
//! take ten times that.

use std::hash::{BuildHasher as _, RandomState};

use event::Package;

use crate::limits::PACKAGE_PATHS;

/// The low bits of a key number the package; the others are of the path's hash. A path that is in no list is taken for
/// one that is once in about 2^48 / paths; the key is a fresh one each time, so nobody can aim at that.
const PACKAGE_BITS: u32 = 16;
const PACKAGE_MASK: u64 = (1 << PACKAGE_BITS) - 1;

/// See the module. Built by adding packages; then frozen by [`PathIndex::finish`].
#[derive(Debug, Default)]
pub struct PathIndex {
    keys: Vec<u64>,
    packages: Vec<Package>,
    hasher: RandomState,
    cut: bool,
}

impl PathIndex {
    /// Adds a package; `None` if there are too many.
    pub fn package(&mut self, package: Package) -> Option<u16> {
        let number = u16::try_from(self.packages.len()).ok();
        match number {
            Some(_) => self.packages.push(package),
            None => self.cut = true,
        }
        number
    }

    /// Adds a path of a package. Above [`PACKAGE_PATHS`] it is left out, and the index says that it is cut.
    pub fn path(&mut self, package: u16, path: &[u8]) {
        if self.keys.len() < PACKAGE_PATHS {
            self.keys.push(self.key(path) | u64::from(package));
        } else {
            self.cut = true;
        }
    }

    /// Makes it ready to be asked.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.keys.shrink_to_fit();
        self
    }

    /// Whether something was left out.
    #[must_use]
    pub const fn cut(&self) -> bool {
        self.cut
    }

    /// The package of a path. Where `/bin` is a link to `/usr/bin` and so on, either name is the file's.
    #[must_use]
    pub fn get(&self, path: &[u8]) -> Option<&Package> {
        self.exact(path).or_else(|| self.exact(&alias(path)?))
    }

    fn exact(&self, path: &[u8]) -> Option<&Package> {
        let key = self.key(path);
        let at = self.keys.partition_point(|other| *other < key);
        let found = self.keys.get(at).filter(|found| *found & !PACKAGE_MASK == key)?;
        self.packages.get(usize::try_from(found & PACKAGE_MASK).ok()?)
    }

    fn key(&self, path: &[u8]) -> u64 {
        self.hasher.hash_one(path) & !PACKAGE_MASK
    }
}

/// The directories that became links into /usr (hier(7), "merged /usr").
const MERGED: [&[u8]; 6] = [b"/bin/", b"/sbin/", b"/lib/", b"/lib32/", b"/lib64/", b"/libx32/"];

/// The same path before, or after, directories moved into /usr.
fn alias(path: &[u8]) -> Option<Vec<u8>> {
    let merged = |path: &[u8]| MERGED.iter().any(|directory| path.starts_with(directory));
    match path.strip_prefix(b"/usr") {
        Some(rest) => merged(rest).then(|| rest.to_vec()),
        None => merged(path).then(|| [b"/usr", path].concat()),
    }
}

/// A name or version; `None` if it is none that a package can have.
#[must_use]
pub fn text(bytes: &[u8]) -> Option<String> {
    const LONGEST: usize = 255;
    let text = std::str::from_utf8(bytes).ok()?;
    let clean = !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control);
    clean.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Package {
        Package { name: name.to_owned(), version: "1".to_owned() }
    }

    #[test]
    fn a_path_belongs_to_its_package_under_either_name() {
        let mut index = PathIndex::default();
        let core = index.package(package("core")).unwrap();
        let other = index.package(package("other")).unwrap();
        for number in 0..1000 {
            index.path(other, format!("/opt/{number}").as_bytes());
        }
        index.path(core, b"/bin/true");
        index.path(core, b"/usr/sbin/run");
        let index = index.finish();
        for path in ["/bin/true", "/usr/bin/true", "/usr/sbin/run", "/sbin/run"] {
            assert_eq!(index.get(path.as_bytes()), Some(&package("core")), "{path}");
        }
        assert_eq!(index.get(b"/opt/999"), Some(&package("other")));
        for path in ["/bin/false", "/usr/opt/1", "/opt", "", "/usr", "/opt/1000"] {
            assert_eq!(index.get(path.as_bytes()), None, "{path}");
        }
        assert!(!index.cut());
    }

    #[test]
    fn too_many_paths_are_left_out_and_said_to_be() {
        let mut index = PathIndex::default();
        let number = index.package(package("large")).unwrap();
        for path in 0..=PACKAGE_PATHS {
            index.path(number, &path.to_le_bytes());
        }
        let index = index.finish();
        assert!(index.cut());
        assert!(index.get(&0_usize.to_le_bytes()).is_some());
        assert!(index.get(&PACKAGE_PATHS.to_le_bytes()).is_none());
    }
}
