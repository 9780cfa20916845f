//! What redb would follow, looked at before it does: redb (4.5, `TransactionalMemory::get_page`) makes room for a page as
//! large as its number says, up to 4 GiB, and fills it, before it reads the page and finds that the file is shorter. So a
//! flipped bit, or a file that somebody made for it, would cost more memory than the machine has.
//!
//! What names such a page is given to redb without its mark, and does not pass its checksum either. It is not refused: after
//! a power cut there may be pages that were written in part, and redb goes by what was there before.
//!
//! The layouts are those of redb's file format 3: `header.rs`, `btree_base.rs` and `table_tree_base.rs`.

use std::sync::RwLock;

/// Largest page that is read, as a power of two of the smallest one's 4096 bytes: 16 MiB. Values are cut into pieces of at
/// most 256 KiB.
const LARGEST_ORDER: u8 = 12;
/// Bytes of redb's header, and what it begins with.
const HEADER: usize = 320;
const MAGIC: &[u8] = b"redb";
/// Where the header has the number of pages before those of data.
const HEADER_PAGES: usize = 16;
/// Where each of the two commits has the user's and the system's root: whether it has one, and the page's number.
const ROOTS: [(usize, usize); 4] = [(65, 72), (66, 104), (193, 200), (194, 232)];
/// Smallest page.
const PAGE: u64 = 4096;
const LEAF: u8 = 1;
const BRANCH: u8 = 2;
/// Where the definition of a table has whether it has a root, and the page's number.
const TABLE_ROOT: (usize, usize) = (9, 10);

/// The number of a page, as it is stored.
#[derive(Clone, Copy)]
struct PageNumber(u64);

impl PageNumber {
    /// At a place, if there are so many bytes.
    fn at(bytes: &[u8], place: usize) -> Option<Self> {
        bytes.get(place..)?.first_chunk().map(|number| Self(u64::from_le_bytes(*number)))
    }

    const fn order(self) -> u8 {
        (self.0 >> 59).to_le_bytes()[0]
    }

    const fn is_too_large(self) -> bool {
        self.order() > LARGEST_ORDER
    }

    /// Where the page is; of the first region, which has 4 GiB.
    const fn offset(self, header_pages: u64) -> u64 {
        let index = self.0 & 0xf_ffff >> self.order();
        PAGE * (1 + header_pages + (index << self.order()))
    }
}

/// Sees the bytes of a file as they are read.
#[derive(Debug, Default)]
pub struct Guard {
    /// Where the pages are that name the tables, as far as the header told.
    roots: RwLock<Vec<u64>>,
}

impl Guard {
    /// Takes the mark from what names a page that is too large: from a page its sort, from a commit that it has a root.
    pub fn look(&self, offset: u64, bytes: &mut [u8]) {
        if offset == 0 {
            return self.header(bytes);
        }
        let too_large = match bytes.first() {
            Some(&BRANCH) if offset.is_multiple_of(PAGE) => any_too_large(bytes, children(bytes)),
            Some(&LEAF) if self.is_root(offset) => any_too_large(bytes, tables(bytes)),
            _ => false,
        };
        if too_large && let Some(sort) = bytes.first_mut() {
            *sort = 0;
        }
    }

    /// The file is changed: what the header told holds no longer. Who changes it, wrote what is read from now on.
    pub fn changed(&self, offset: u64) {
        if offset > 0
            && let Ok(mut roots) = self.roots.write()
        {
            roots.clear();
        }
    }

    fn is_root(&self, offset: u64) -> bool {
        self.roots.read().is_ok_and(|roots| roots.contains(&offset))
    }

    fn header(&self, bytes: &mut [u8]) {
        let Some(header) = bytes.get_mut(..HEADER).filter(|header| header.starts_with(MAGIC)) else { return };
        let pages = PageNumber::at(header, HEADER_PAGES).map_or(0, |number| number.0 & u64::from(u32::MAX));
        let mut offsets = Vec::new();
        for (there, place) in ROOTS {
            match PageNumber::at(header, place) {
                Some(root) if header[there] != 0 && root.is_too_large() => header[there] = 0,
                Some(root) if header[there] != 0 => offsets.push(root.offset(pages)),
                _ => {}
            }
        }
        if let Ok(mut roots) = self.roots.write() {
            *roots = offsets;
        }
    }
}

/// Whether one of the page numbers at some places is too large.
fn any_too_large(page: &[u8], places: impl Iterator<Item = usize>) -> bool {
    places.filter_map(|place| PageNumber::at(page, place)).any(PageNumber::is_too_large)
}

/// Entries of a page.
fn count(page: &[u8]) -> usize {
    page.get(2..).and_then(<[u8]>::first_chunk).map_or(0, |count| usize::from(u16::from_le_bytes(*count)))
}

/// Where a branch has the numbers of its children: behind a checksum each.
fn children(page: &[u8]) -> impl Iterator<Item = usize> {
    let children = count(page) + 1;
    (0..children).map(move |child| 8 + 16 * children + 8 * child)
}

/// Where a leaf whose values define tables has the numbers of their roots. Before the keys come the ends of all keys, and of
/// all values.
fn tables(page: &[u8]) -> impl Iterator<Item = usize> {
    let count = count(page);
    let end = move |entry: usize| -> Option<usize> {
        let end = page.get(4 + 4 * entry..)?.first_chunk().map(|end| u32::from_le_bytes(*end))?;
        usize::try_from(end).ok()
    };
    (0..count).filter_map(move |table| {
        // The first value begins where the last key ends.
        let value = end(count + table - 1)?;
        let there = *page.get(value.checked_add(TABLE_ROOT.0)?)? != 0;
        there.then_some(value + TABLE_ROOT.1)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;
    use std::path::Path;

    use super::{BRANCH, Guard, HEADER, PAGE, ROOTS, children, tables};
    use crate::segment::file::writable;
    use crate::segment::tables::{BLOCKS, META, ZONES, put};

    /// With many rows, so that there are branches.
    fn file(path: &Path) {
        let database = writable(path, true, 1 << 20, None).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(META).unwrap().insert("format", [5_u8].as_slice()).unwrap();
        for row in 0..2000_u64 {
            write.open_table(ZONES).unwrap().insert(&row.to_be_bytes(), [7; 40].as_slice()).unwrap();
        }
        put(&mut write.open_table(BLOCKS).unwrap(), 1, &vec![9; 300_000]).unwrap();
        write.commit().unwrap();
    }

    /// The file as redb is given it, page by page.
    fn seen(bytes: &[u8]) -> Vec<u8> {
        let (guard, mut bytes) = (Guard::default(), bytes.to_vec());
        for (offset, page) in (0..).step_by(4096).zip(bytes.chunks_mut(4096)) {
            guard.look(offset, page);
        }
        bytes
    }

    #[test]
    fn a_page_that_is_too_large_is_not_followed_wherever_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("000000000001.redb");
        file(&path);
        let whole = std::fs::read(&path).unwrap();
        assert!(seen(&whole) == whole, "what is as it should be stays as it is");
        let guard = Guard::default();
        guard.look(0, &mut whole[..4096].to_vec());
        // Each with the byte that is its mark.
        let mut places: Vec<(usize, usize)> =
            ROOTS.into_iter().filter(|(there, _)| whole[*there] != 0).collect();
        let (roots, mut of_tables, mut of_children) = (places.len(), 0, 0);
        for (start, page) in (0..).step_by(4096).zip(whole.chunks(4096)).skip(1) {
            if guard.is_root(start as u64) {
                places.extend(tables(page).map(|place| (start, start + place)));
                of_tables += tables(page).count();
            } else if page[0] == BRANCH {
                places.extend(children(page).map(|place| (start, start + place)));
                of_children += children(page).count();
            }
        }
        assert!(roots >= 2 && of_tables >= 3 && of_children > 10, "{roots} {of_tables} {of_children}");
        for (mark, place) in places {
            let mut bytes = whole.clone();
            // The order is in the highest bits: 2 GiB.
            bytes[place + 7] = 19 << 3;
            let seen = seen(&bytes);
            assert_eq!(seen[mark], 0, "{place}");
            bytes[mark] = 0;
            assert!(seen == bytes, "nothing else is changed");
        }
    }

    #[test]
    fn what_is_written_is_no_longer_taken_for_what_the_header_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("000000000001.redb");
        file(&path);
        let mut header = [0; HEADER];
        std::fs::File::open(&path).unwrap().read_exact_at(&mut header, 0).unwrap();
        let guard = Guard::default();
        guard.look(0, &mut header);
        let root = guard.roots.read().unwrap()[0];
        guard.changed(0);
        assert!(guard.is_root(root));
        guard.changed(PAGE);
        assert!(!guard.is_root(root));
    }
}
