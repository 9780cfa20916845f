//! dpkg's database (dpkg(1), deb-control(5)): `status` has the versions, `info/NAME[:ARCH].list` the paths. Images
//! without dpkg itself ("distroless") have a stanza and a list of checksums a package in `status.d`.

use std::collections::HashMap;

use event::Package;

use super::{
    index::{PathIndex, text},
    root::Root,
};
use crate::limits::{PACKAGE_FILE, PACKAGE_FILES, PACKAGE_TOTAL};

/// Changes whenever a package is installed, upgraded or removed.
pub const STATUS: &[u8] = b"/var/lib/dpkg/status";
/// Instead of it.
pub const STATUS_DIRECTORY: &[u8] = b"/var/lib/dpkg/status.d";
const INFO: &[u8] = b"/var/lib/dpkg/info";

/// Reads the database; what is longer than the limits is left out.
pub fn load(root: &Root) -> PathIndex {
    let mut index = PathIndex::default();
    let mut left = PACKAGE_TOTAL;
    if let Some(status) = root.read(STATUS, PACKAGE_FILE) {
        let numbers = versions(&status, &mut index);
        for name in root.names(INFO, PACKAGE_FILES).unwrap_or_default() {
            let number = name.strip_suffix(b".list").and_then(|name| numbers.get(name));
            let Some(number) = number else { continue };
            let list = root.read(&[INFO, b"/", &name].concat(), PACKAGE_FILE.min(left)).unwrap_or_default();
            left -= list.len() as u64;
            for path in lines(&list).filter(|path| path.starts_with(b"/")) {
                index.path(*number, path);
            }
        }
    }
    for name in root.names(STATUS_DIRECTORY, PACKAGE_FILES).unwrap_or_default() {
        if name.starts_with(b".") || name.ends_with(b".md5sums") {
            continue;
        }
        let file = [STATUS_DIRECTORY, b"/", &name].concat();
        let stanza = root.read(&file, PACKAGE_FILE.min(left)).unwrap_or_default();
        let Some(number) = Stanza::of(&stanza).package().and_then(|package| index.package(package)) else {
            continue;
        };
        let sums = root.read(&[&file, &b".md5sums"[..]].concat(), PACKAGE_FILE.min(left)).unwrap_or_default();
        left = left.saturating_sub((stanza.len() + sums.len()) as u64);
        // A sum, two spaces, and the path without its first slash.
        for line in lines(&sums) {
            let path = line.splitn(2, |byte| *byte == b' ').nth(1).unwrap_or_default().trim_ascii_start();
            index.path(number, &[b"/", path.strip_prefix(b"./").unwrap_or(path)].concat());
        }
    }
    index.finish()
}

/// Numbers of the packages by the names that their lists have.
pub fn versions(status: &[u8], index: &mut PathIndex) -> HashMap<Vec<u8>, u16> {
    let mut numbers = HashMap::new();
    let mut rest = status;
    while !rest.is_empty() {
        let end = rest.windows(2).position(|pair| pair == b"\n\n").map_or(rest.len(), |at| at + 2);
        let (stanza, after) = rest.split_at(end);
        rest = after;
        let stanza = Stanza::of(stanza);
        let Some(number) = stanza.package().and_then(|package| index.package(package)) else { continue };
        numbers.insert([stanza.name, b":", stanza.architecture].concat(), number);
        numbers.entry(stanza.name.to_vec()).or_insert(number);
    }
    numbers
}

/// Of a stanza what is asked for.
#[derive(Debug, Default)]
struct Stanza<'a> {
    name: &'a [u8],
    version: &'a [u8],
    architecture: &'a [u8],
}

impl<'a> Stanza<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let mut stanza = Self::default();
        for line in lines(bytes) {
            // A line that goes on from the one before begins with a space, and has no field's name.
            for (field, place) in [
                (&b"Package:"[..], &mut stanza.name),
                (b"Version:", &mut stanza.version),
                (b"Architecture:", &mut stanza.architecture),
            ] {
                if let Some(value) = line.strip_prefix(field) {
                    *place = value.trim_ascii();
                }
            }
        }
        stanza
    }

    fn package(&self) -> Option<Package> {
        Some(Package { name: text(self.name)?, version: text(self.version)? })
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_database_made_by_hand_is_read_removed_packages_and_other_architectures_too() {
        let dir = tempfile::tempdir().unwrap();
        let status = "Package: a\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n\
            Version: 1:2.0-3\nDescription: x\n Version: 9\n\nPackage: a\nStatus: install ok installed\n\
            Architecture: i386\nVersion: 1:2.0-3+b1\n\nPackage: gone\nStatus: deinstall ok config-files\n\
            Architecture: all\n\nPackage: b\nVersion: 7\nArchitecture: all\n";
        write(dir.path(), "var/lib/dpkg/status", status);
        write(dir.path(), "var/lib/dpkg/info/a:amd64.list", "/.\n/usr\n/usr/bin\n/usr/bin/a\n");
        write(dir.path(), "var/lib/dpkg/info/a:i386.list", "/usr/lib/a32\n");
        write(dir.path(), "var/lib/dpkg/info/b.list", "/usr/bin/b\n");
        write(dir.path(), "var/lib/dpkg/info/gone.list", "/usr/bin/gone\n");
        let index = load(&Root::at(dir.path()));
        let version = |path: &str| index.get(path.as_bytes()).map(|p| (p.name.as_str(), p.version.as_str()));
        assert_eq!(version("/usr/bin/a"), Some(("a", "1:2.0-3")));
        assert_eq!(version("/usr/lib/a32"), Some(("a", "1:2.0-3+b1")));
        assert_eq!(version("/usr/bin/b"), Some(("b", "7")));
        assert_eq!(version("/usr/bin/gone"), None);
    }

    #[test]
    fn an_image_without_dpkg_is_read_by_its_stanzas() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4\n");
        write(dir.path(), "var/lib/dpkg/status.d/base.md5sums", "d41d8cd98f00  usr/bin/tool\n");
        let index = load(&Root::at(dir.path()));
        assert_eq!(index.get(b"/usr/bin/tool").unwrap().version, "12.4");
    }

    proptest! {
        #[test]
        fn no_database_makes_it_panic(status in "(Package: ?|Version:|\n| |[a-z\u{e4}]){0,60}") {
            versions(status.as_bytes(), &mut PathIndex::default());
        }
    }
}
