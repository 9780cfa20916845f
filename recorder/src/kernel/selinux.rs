//! When writes are watched for changes of SELinux: the probes begin by themselves when one of the files that matter is
//! opened for writing; this ends it once nobody has one open.

use std::{fs, os::unix::fs::MetadataExt as _, time::Duration};

use abi::{WRITE_PLACES, Watch, watch_flags};
use aya::{
    Ebpf,
    maps::{Array, MapData, MapError},
};

use super::{
    LoadError,
    load::{ProbeConfig, WATCH_WORDS, take},
};
use crate::clock;

/// `sel_fs_type.name` (security/selinux/selinuxfs.c).
pub(super) const SELINUX_FS: &str = "selinuxfs";
/// Writes go on being watched for this long after the last that mattered.
pub(super) const QUIET: Duration = Duration::from_secs(30);
/// Descriptors that are looked at to find out whether a file is still open; where there are more, writes go on being
/// watched.
const DESCRIPTORS: usize = 200_000;

type Row = [u64; WATCH_WORDS];

/// A name as the probes compare it.
pub(super) fn name(text: &str) -> [u64; 2] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().take(15).zip(text.bytes()) {
        *to = from;
    }
    zerocopy::transmute!(bytes)
}

/// See the module.
pub(super) struct SelinuxWatch {
    seen: Array<MapData, [u64; 2]>,
    watch: Array<MapData, Row>,
    quiet: Duration,
    /// The file system is mounted, so that a file may be open since before the probes.
    first: bool,
}

impl SelinuxWatch {
    /// Writes are watched from the start if a file may be open already.
    pub(super) fn begin(ebpf: &mut Ebpf, config: &ProbeConfig) -> Result<Self, LoadError> {
        let mounted = config.selinux_fs == SELINUX_FS
            && fs::read_to_string("/proc/self/mountinfo")
                .is_ok_and(|mounts| mounts.lines().any(|line| line.contains(" - selinuxfs ")));
        let mut this = Self {
            seen: take(ebpf, "SELINUX_SEEN")?,
            watch: take(ebpf, "WATCH")?,
            quiet: config.selinux_quiet,
            first: mounted,
        };
        if mounted {
            this.set(true);
        }
        Ok(this)
    }

    /// Ends the watch if it is time. Call it every half minute.
    pub(super) fn refresh(&mut self) {
        let Ok([at, device]) = self.seen.get(&0, 0) else { return };
        if at == 0 && !self.first {
            return;
        }
        let quiet = u64::try_from(self.quiet.as_nanos()).unwrap_or(u64::MAX);
        if clock::since_boot().saturating_sub(at) < quiet || !self.watched() {
            return;
        }
        let device = if at == 0 { None } else { Some(device) };
        let Some(device) = device.or_else(mounted_device) else { return };
        if open_somewhere(device) {
            return;
        }
        self.set(false);
        self.first = false;
        // One opened between the look and the end of the watch has begun it anew, or is begun for here.
        if self.seen.get(&0, 0).is_ok_and(|[now, _]| now != at) || open_somewhere(device) {
            self.set(true);
        }
    }

    pub(super) fn watched(&self) -> bool {
        let flags = |row: Row| zerocopy::transmute!(row);
        self.watch.get(&WRITE_PLACES[0], 0).is_ok_and(|row| {
            let row: Watch = flags(row);
            row.flags & watch_flags::NATIVE != 0
        })
    }

    fn set(&mut self, on: bool) {
        for place in WRITE_PLACES {
            if let Err(error) = self.set_one(place, on) {
                tracing::warn!(%error, place, "the watch of writes cannot be changed");
            }
        }
    }

    fn set_one(&mut self, place: u32, on: bool) -> Result<(), MapError> {
        let mut row: Watch = zerocopy::transmute!(self.watch.get(&place, 0)?);
        if on {
            row.flags |= watch_flags::NATIVE;
        } else {
            row.flags &= !watch_flags::NATIVE;
        }
        let row: Row = zerocopy::transmute!(row);
        self.watch.set(place, row, 0)
    }
}

/// Device of the mounted selinuxfs, in the kernel's form.
fn mounted_device() -> Option<u64> {
    fs::metadata("/sys/fs/selinux").ok().map(|data| device_of(data.dev()))
}

fn device_of(device: u64) -> u64 {
    u64::from(rustix::fs::major(device)) << 20 | u64::from(rustix::fs::minor(device))
}

/// Has any process a file of that device open? A descriptor on its way through a socket is not found.
fn open_somewhere(device: u64) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit());
    let descriptors = ids
        .flat_map(|entry| fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten())
        .take(DESCRIPTORS + 1);
    for (count, descriptor) in descriptors.enumerate() {
        let same = fs::metadata(descriptor.path()).is_ok_and(|data| device_of(data.dev()) == device);
        if same || count == DESCRIPTORS {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_file_is_found_by_its_device() {
        let dir = tempfile::tempdir().unwrap();
        let file = fs::File::create(dir.path().join("open")).unwrap();
        assert!(open_somewhere(device_of(file.metadata().unwrap().dev())));
        assert!(!open_somewhere(u64::MAX));
    }

    #[test]
    fn a_name_is_cut_so_that_it_ends() {
        let words: [u8; 16] = zerocopy::transmute!(name("a_very_long_name_of_a_file_system"));
        assert_eq!(&words, b"a_very_long_nam\0");
    }
}
