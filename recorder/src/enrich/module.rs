//! The name of a kernel module, from its ELF file: where the kernel does not tell it, because the call failed before the
//! name was known, or because the kernel has no tracepoint for it.

use std::{
    fs::{self, File as Handle, OpenOptions},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use event::File;

use super::View;
use crate::{
    clock::TICK,
    limits,
    process::{Identity, display, procfs},
};

/// Section headers that are looked at.
const SECTIONS: usize = 512;
/// Bytes of the section names that are looked at.
const NAMES: usize = 64 << 10;
/// Bytes of `.modinfo` that are looked at.
const INFO: usize = 64 << 10;
/// `MODULE_NAME_LEN` of 64-bit kernels, with the NUL.
const NAME: usize = abi::MODULE_NAME;
/// `Elf64_Ehdr` and `Elf64_Shdr` (elf.h).
const HEADER: usize = 64;
/// `struct module`: state, then list, then the name (include/linux/module.h).
const NAME_IN_MODULE: usize = 24;

/// Finds names, so many a second.
#[derive(Debug)]
pub struct ModuleNames {
    left: u32,
}

impl Default for ModuleNames {
    fn default() -> Self {
        Self { left: limits::MODULE_READS }
    }
}

impl ModuleNames {
    /// Allows reads for another second.
    pub fn refill(&mut self) {
        self.left = limits::MODULE_READS;
    }

    /// Name of the module in a file, if it is still there and the same; else empty.
    pub fn of_file(&mut self, view: View, file: &File) -> String {
        self.allowed().then(|| open(view, file)).flatten().map_or_else(String::new, |handle| {
            module_name(|at, bytes| read_at(&handle, at, bytes)).unwrap_or_default()
        })
    }

    /// Name of the module in the memory of a process, if it still lives; else empty.
    pub fn of_memory(&mut self, id: Identity, address: u64, length: u64) -> String {
        let memory = || {
            let memory = Handle::open(format!("/proc/{}/mem", id.tgid)).ok()?;
            let same = procfs::ProcEntry::read(id.tgid)?.start_ticks == id.start / TICK;
            same.then_some(memory)
        };
        self.allowed().then(memory).flatten().map_or_else(String::new, |memory| {
            let read = |at: u64, bytes: &mut [u8]| {
                let left = usize::try_from(length.saturating_sub(at)).unwrap_or(usize::MAX);
                let most = bytes.len().min(left);
                let from = address.checked_add(at)?;
                read_at(&memory, from, bytes.get_mut(..most)?)
            };
            module_name(read).unwrap_or_default()
        })
    }

    fn allowed(&mut self) -> bool {
        let allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        allowed
    }
}

/// Reads as much as there is; returns how much.
fn read_at(file: &Handle, at: u64, bytes: &mut [u8]) -> Option<usize> {
    let mut done = 0;
    while done < bytes.len() {
        match file.read_at(bytes.get_mut(done..)?, at.checked_add(done as u64)?) {
            Ok(0) => break,
            Ok(count) => done += count,
            // Memory ends within the range.
            Err(_) if done > 0 => break,
            Err(_) => return None,
        }
    }
    Some(done)
}

fn open(view: View, file: &File) -> Option<Handle> {
    let facts = file.facts.as_ref()?;
    let path: PathBuf = match view {
        View::Own => Path::new(&file.path).to_owned(),
        View::Foreign { pid, .. } => {
            Path::new(&format!("/proc/{pid}/root")).join(file.path.trim_start_matches('/'))
        }
    };
    let same = |data: &fs::Metadata| data.is_file() && data.ino() == facts.inode;
    // Looked at before it is opened: opening some devices does something.
    fs::metadata(&path).ok().filter(same)?;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    let handle =
        OpenOptions::new().read(true).custom_flags(i32::try_from(flags.bits()).ok()?).open(path).ok()?;
    handle.metadata().ok().filter(same).map(|_| handle)
}

/// The name in a module's ELF image: `name=` in `.modinfo` (since 4.13), else that of the `struct module` in
/// `.gnu.linkonce.this_module`. `read` fills a buffer from an offset and says how much there was. `None` if the image is
/// none (compressed, say), of another machine's form, or larger where it must be read than the limits.
pub fn module_name(read: impl Fn(u64, &mut [u8]) -> Option<usize>) -> Option<String> {
    let bytes = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        let there = read(at, &mut bytes)?;
        bytes.truncate(there);
        Some(bytes)
    };
    let header = bytes(0, HEADER)?;
    // 64-bit, little-endian.
    header.starts_with(b"\x7fELF\x02\x01").then_some(())?;
    let (start, size) = (long(&header, 0x28)?, short(&header, 0x3a)?);
    let (count, names) = (short(&header, 0x3c)?, short(&header, 0x3e)?);
    (usize::from(size) == HEADER && usize::from(count) <= SECTIONS).then_some(())?;
    let sections = bytes(start, HEADER * usize::from(count))?;
    let section = |index: usize| sections.get(index.checked_mul(HEADER)?..)?.get(..HEADER);
    // sh_offset, sh_size
    let extent = |section: &[u8]| Some((long(section, 0x18)?, usize::try_from(long(section, 0x20)?).ok()?));
    let (names_at, names_size) = extent(section(usize::from(names))?)?;
    let names = bytes(names_at, names_size.min(NAMES))?;
    let find = |wanted: &[u8]| {
        let named = |section: &&[u8]| {
            let start = word(section, 0).and_then(|start| usize::try_from(start).ok());
            start
                .and_then(|start| names.get(start..))
                .is_some_and(|name| name.strip_prefix(wanted).is_some_and(|rest| rest.first() == Some(&0)))
        };
        (0..usize::from(count)).filter_map(section).find(named).and_then(extent)
    };
    let from_info = || {
        let (at, size) = find(b".modinfo")?;
        let info = bytes(at, size.min(INFO))?;
        let name = info.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"name="))?;
        plausible(name)
    };
    let from_structure = || {
        let (at, size) = find(b".gnu.linkonce.this_module")?;
        (size >= NAME_IN_MODULE + NAME).then_some(())?;
        let name = bytes(at.checked_add(NAME_IN_MODULE as u64)?, NAME)?;
        plausible(name.split(|byte| *byte == 0).next()?)
    };
    from_info().or_else(from_structure)
}

fn plausible(name: &[u8]) -> Option<String> {
    (!name.is_empty() && name.len() < NAME).then(|| display(name))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A module with the given `.modinfo` and the name in its `struct module`.
    fn image(info: &[u8], name: &[u8]) -> Vec<u8> {
        let names = b"\0.modinfo\0.gnu.linkonce.this_module\0.shstrtab\0";
        let at = |text: &[u8]| {
            u32::try_from(names.windows(text.len()).position(|part| part == text).unwrap()).unwrap()
        };
        let mut module = vec![0; NAME_IN_MODULE + NAME];
        module[NAME_IN_MODULE..NAME_IN_MODULE + name.len()].copy_from_slice(name);
        let mut image = vec![0; HEADER];
        image[..6].copy_from_slice(b"\x7fELF\x02\x01");
        let mut headers = vec![0; HEADER];
        let parts: [(&[u8], &[u8]); 3] =
            [(b".modinfo\0", info), (b".gnu.linkonce.this_module\0", &module), (b".shstrtab\0", names)];
        for (section, bytes) in parts {
            let mut header = [0; HEADER];
            header[..4].copy_from_slice(&at(section).to_le_bytes());
            header[0x18..0x20].copy_from_slice(&(image.len() as u64).to_le_bytes());
            header[0x20..0x28].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
            headers.extend(header);
            image.extend(bytes);
        }
        let start = image.len() as u64;
        image[0x28..0x30].copy_from_slice(&start.to_le_bytes());
        image[0x3a..0x40].copy_from_slice(&[64, 0, 4, 0, 3, 0]);
        [image, headers].concat()
    }

    fn name_of(image: &[u8]) -> Option<String> {
        module_name(|at, bytes| {
            let from = image.get(usize::try_from(at).ok()?..).unwrap_or_default();
            let count = from.len().min(bytes.len());
            bytes[..count].copy_from_slice(&from[..count]);
            Some(count)
        })
    }

    #[test]
    fn the_name_is_that_of_the_information_or_else_of_the_structure() {
        assert_eq!(name_of(&image(b"license=GPL\0name=dummy\0", b"other")).unwrap(), "dummy");
        assert_eq!(name_of(&image(b"license=GPL\0", b"nf_tables")).unwrap(), "nf_tables");
        assert_eq!(name_of(&image(b"name=\0", b"")), None);
        assert_eq!(name_of(b"\xfd7zXZ\0"), None);
        let long = [b"name=".as_slice(), &[b'a'; 60]].concat();
        assert_eq!(name_of(&image(&long, b"short")).unwrap(), "short");
    }

    #[test]
    fn the_name_is_read_from_the_memory_of_a_process_that_still_lives() {
        let image = image(b"name=in_memory\0", b"");
        let own = procfs::ProcEntry::read(std::process::id()).unwrap();
        let id = Identity { tgid: own.pid, tid: own.pid, start: own.start_ticks * TICK, ppid: 0, time: 0 };
        let (address, length) = (image.as_ptr() as u64, image.len() as u64);
        let mut names = ModuleNames::default();
        assert_eq!(names.of_memory(id, address, length), "in_memory");
        assert_eq!(names.of_memory(id, address, 60), "", "cut");
        assert_eq!(names.of_memory(id, 16, length), "", "not mapped");
        assert_eq!(names.of_memory(Identity { start: 5, ..id }, address, length), "", "another of that pid");
        names.left = 0;
        assert_eq!(names.of_memory(id, address, length), "", "too many in this second");
        names.refill();
        assert_eq!(names.of_memory(id, address, length), "in_memory");
    }

    proptest! {
        #[test]
        fn a_damaged_image_is_read_without_a_panic(
            changes in proptest::collection::vec((0usize..700, any::<u8>()), 0..8), length in 0usize..700,
        ) {
            let mut image = image(b"license=GPL\0name=dummy\0", b"dummy");
            for (position, value) in changes {
                let position = position % image.len();
                image[position] = value;
            }
            image.truncate(length);
            let _ = name_of(&image);
        }
    }
}
