//! Installed packages: which one a file belongs to, by the databases of dpkg and rpm in the file's own root. Read when
//! first asked for, and again when they change.

mod dpkg;
mod header;
mod index;
pub mod root;
mod rpm;
mod sqlite;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use event::Package;

use self::{
    index::PathIndex,
    root::{Root, facts},
};
use crate::{limits::PACKAGE_ROOTS, process::MountNamespace, stats::Count};

/// A database that changed is read again after this time at the earliest: an installer changes it many times. Until
/// then its packages are unknown, not what they were.
const RELOAD: Duration = Duration::from_secs(5);

/// The parsers of what may come out of a container, for the fuzzer.
#[doc(hidden)]
pub mod parsers {
    use super::{dpkg, index::PathIndex, rpm};

    /// dpkg's `status`.
    pub fn dpkg_status(bytes: &[u8]) {
        dpkg::versions(bytes, &mut PathIndex::default());
    }

    /// A header as rpm keeps it.
    pub fn rpm_header(bytes: &[u8]) {
        rpm::add(bytes, &mut PathIndex::default());
    }

    /// `rpmdb.sqlite`.
    pub fn rpm_database(file: std::fs::File) {
        // What is damaged is an error, not a panic.
        let _ = rpm::read(file, &mut PathIndex::default());
    }
}

/// What tells that a database changed: inode, time of change and size of its file.
type Stamp = Option<(u64, i64, u32, u64)>;

/// What is counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// Databases read, again included.
    pub loaded: Count,
    /// Databases in a form that cannot be read.
    pub unsupported: Count,
    /// Databases with more than what is kept.
    pub cut: Count,
}

/// The databases of one root.
#[derive(Debug)]
struct Databases {
    namespace: MountNamespace,
    stamps: Vec<Stamp>,
    indexes: Vec<PathIndex>,
    loaded: Instant,
}

/// The databases of the roots that were asked for last.
#[derive(Debug, Default)]
pub struct Packages {
    /// Last used last.
    roots: VecDeque<Databases>,
}

/// The files that the stamps are of.
fn watched() -> impl Iterator<Item = &'static [u8]> {
    [dpkg::STATUS, dpkg::STATUS_DIRECTORY].into_iter().chain(rpm::DATABASES)
}

fn stamps(root: &Root) -> Vec<Stamp> {
    let stamp = |path| {
        let facts = facts(&root.look(path)?)?;
        Some((facts.stx_ino, facts.stx_mtime.tv_sec, facts.stx_mtime.tv_nsec, facts.stx_size))
    };
    watched().map(stamp).collect()
}

impl Packages {
    /// The package that a path of a root belongs to.
    pub fn of(&mut self, root: &Root, path: &[u8], counts: &Counts) -> Option<Package> {
        let stamps = stamps(root);
        let at = self.roots.iter().position(|known| known.namespace == root.namespace);
        let databases = match at.and_then(|at| self.roots.remove(at)) {
            Some(known) if known.stamps == stamps => known,
            Some(known) if known.loaded.elapsed() < RELOAD => {
                self.roots.push_back(known);
                return None;
            }
            _ => Databases::load(root, stamps, counts),
        };
        let found = databases.indexes.iter().find_map(|index| index.get(path)).cloned();
        if self.roots.len() >= PACKAGE_ROOTS {
            self.roots.pop_front();
        }
        self.roots.push_back(databases);
        found
    }
}

impl Databases {
    fn load(root: &Root, stamps: Vec<Stamp>, counts: &Counts) -> Self {
        let there = |path: &[u8]| root.look(path).is_some();
        let mut indexes = Vec::new();
        if there(dpkg::STATUS) || there(dpkg::STATUS_DIRECTORY) {
            indexes.push(dpkg::load(root));
        }
        let databases = rpm::DATABASES.into_iter().filter(|path| there(path));
        indexes.extend(databases.map(|path| rpm::load(root, path)).take(1));
        if indexes.is_empty()
            && let Some(path) = rpm::UNSUPPORTED.into_iter().find(|path| there(path))
        {
            let file = String::from_utf8_lossy(path);
            tracing::warn!(%file, "packages are not told: this form of rpm's database is not read, only rpmdb.sqlite");
            counts.unsupported.add(1);
        }
        counts.loaded.add(indexes.len() as u64);
        counts.cut.add(indexes.iter().filter(|index| index.cut()).count() as u64);
        Self { namespace: root.namespace, stamps, indexes, loaded: Instant::now() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_changed_database_is_never_taken_for_what_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let info = dir.path().join("var/lib/dpkg/info");
        fs::create_dir_all(&info).unwrap();
        let status = dir.path().join("var/lib/dpkg/status");
        fs::write(&status, "Package: a\nVersion: 1\n").unwrap();
        fs::write(info.join("a.list"), "/bin/a\n").unwrap();
        let (mut packages, counts) = (Packages::default(), Counts::default());
        let root = Root::at(dir.path());
        assert_eq!(packages.of(&root, b"/bin/a", &counts).unwrap().version, "1");
        assert_eq!(packages.of(&root, b"/usr/bin/a", &counts).unwrap().version, "1");
        assert_eq!(counts.loaded.get(), 1, "once for all");
        fs::write(&status, "Package: a\nVersion: 2.0\n").unwrap();
        assert_eq!(packages.of(&root, b"/bin/a", &counts), None, "unknown for now");
        packages.roots[0].loaded -= RELOAD;
        assert_eq!(packages.of(&root, b"/bin/a", &counts).unwrap().version, "2.0");
    }

    #[test]
    fn a_database_that_cannot_be_read_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("var/lib/rpm")).unwrap();
        fs::write(dir.path().join("var/lib/rpm/Packages"), "").unwrap();
        let counts = Counts::default();
        assert_eq!(Packages::default().of(&Root::at(dir.path()), b"/bin/a", &counts), None);
        assert_eq!((counts.unsupported.get(), counts.loaded.get()), (1, 0));
    }

    #[test]
    fn the_roots_kept_are_few() {
        let dir = tempfile::tempdir().unwrap();
        let (mut packages, counts) = (Packages::default(), Counts::default());
        for namespace in 2..100 {
            let mut root = Root::at(dir.path());
            root.namespace = MountNamespace(namespace);
            packages.of(&root, b"/bin/a", &counts);
            assert!(packages.roots.len() <= PACKAGE_ROOTS);
        }
    }
}
