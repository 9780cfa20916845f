//! A package's header as rpm keeps it in its database (rpm's manual, "RPM file format": header): two counts, an index of
//! 16-byte entries and the data that they point into, all numbers big-endian. There is no magic number in the database.

use event::Package;

use super::index::text;

/// Tags of rpm's `rpmtag.h`.
const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const DIRINDEXES: u32 = 1116;
const BASENAMES: u32 = 1117;
const DIRNAMES: u32 = 1118;
const INT32: u32 = 4;
const ENTRY: usize = 16;

/// A header, not checked yet: every read is.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

impl<'a> Header<'a> {
    /// Splits a header; `None` if it is cut.
    #[must_use]
    pub fn parse(blob: &'a [u8]) -> Option<Self> {
        let entries = usize::try_from(number(blob, 0)?).ok()?.checked_mul(ENTRY)?;
        let length = usize::try_from(number(blob, 4)?).ok()?;
        let (index, rest) = blob.get(8..)?.split_at_checked(entries)?;
        Some(Self { index, data: rest.get(..length)? })
    }

    /// Type, data from its place on, and count.
    fn entry(self, tag: u32) -> Option<(u32, &'a [u8], usize)> {
        let entry = self.index.chunks_exact(ENTRY).find(|entry| number(entry, 0) == Some(tag))?;
        let offset = usize::try_from(number(entry, 8)?).ok()?;
        Some((number(entry, 4)?, self.data.get(offset..)?, usize::try_from(number(entry, 12)?).ok()?))
    }

    /// Strings, each ended by a zero byte; those that are not whole are left out.
    fn strings(self, tag: u32) -> Vec<&'a [u8]> {
        let Some((_, mut data, count)) = self.entry(tag) else { return Vec::new() };
        let mut strings = Vec::new();
        while strings.len() < count
            && let Some(end) = data.iter().position(|byte| *byte == 0)
        {
            strings.push(&data[..end]);
            data = &data[end + 1..];
        }
        strings
    }

    fn numbers(self, tag: u32) -> impl Iterator<Item = u32> {
        let (data, count) = match self.entry(tag) {
            Some((INT32, data, count)) => (data, count),
            _ => (&[][..], 0),
        };
        data.chunks_exact(4).take(count).filter_map(|bytes| number(bytes, 0))
    }

    /// Name, and version as `[epoch:]version-release`.
    #[must_use]
    pub fn package(self) -> Option<Package> {
        let one = |tag| text(self.strings(tag).first()?);
        let (name, version, release) = (one(NAME)?, one(VERSION)?, one(RELEASE)?);
        let epoch = self.numbers(EPOCH).next().map(|epoch| format!("{epoch}:")).unwrap_or_default();
        Some(Package { name, version: format!("{epoch}{version}-{release}") })
    }

    /// Calls `each` with every path.
    pub fn paths(self, mut each: impl FnMut(&[u8])) {
        let directories = self.strings(DIRNAMES);
        let mut path = Vec::new();
        for (name, directory) in self.strings(BASENAMES).iter().zip(self.numbers(DIRINDEXES)) {
            let directory = usize::try_from(directory).ok().and_then(|at| directories.get(at));
            if let Some(directory) = directory {
                path.clear();
                path.extend_from_slice(directory);
                path.extend_from_slice(name);
                each(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A header of entries (tag, type, count, data).
    fn header(entries: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, kind, count, bytes) in entries {
            for value in [*tag, *kind, u32::try_from(data.len()).unwrap(), *count] {
                index.extend(value.to_be_bytes());
            }
            data.extend_from_slice(bytes);
        }
        let counts = [entries.len(), data.len()].map(|count| u32::try_from(count).unwrap().to_be_bytes());
        [counts.as_flattened(), &index, &data].concat()
    }

    fn made() -> Vec<u8> {
        header(&[
            (NAME, 6, 1, b"tiny\0"),
            (VERSION, 6, 1, b"1.2\0"),
            (RELEASE, 6, 1, b"3\0"),
            (EPOCH, INT32, 1, &[0, 0, 0, 4]),
            (BASENAMES, 8, 2, b"tool\0data\0"),
            (DIRNAMES, 8, 2, b"/usr/bin/\0/opt/\0"),
            (DIRINDEXES, INT32, 2, &[0, 0, 0, 0, 0, 0, 0, 1]),
        ])
    }

    fn paths(blob: &[u8]) -> Vec<String> {
        let mut paths = Vec::new();
        if let Some(header) = Header::parse(blob) {
            header.paths(|path| paths.push(String::from_utf8_lossy(path).into_owned()));
        }
        paths
    }

    #[test]
    fn name_version_and_paths_are_read() {
        let blob = made();
        let package = Header::parse(&blob).unwrap().package().unwrap();
        assert_eq!((package.name.as_str(), package.version.as_str()), ("tiny", "4:1.2-3"));
        assert_eq!(paths(&blob), ["/usr/bin/tool", "/opt/data"]);
    }

    #[test]
    fn a_header_cut_anywhere_is_none_or_less() {
        let blob = made();
        for end in 0..blob.len() {
            assert!(Header::parse(&blob[..end]).is_none(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(at in 0..400_usize, byte: u8, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut blob = made();
            let length = blob.len();
            blob[at % length] = byte;
            for blob in [&blob, &bytes] {
                paths(blob);
                let _ = Header::parse(blob).and_then(Header::package);
            }
        }
    }
}
