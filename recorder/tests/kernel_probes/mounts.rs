//! What the probe sees of a new mount, and the layers of an overlay.

use abi::{PartTag, facts_flags};
use rustix::{
    fs::{self as sys, CWD, Mode, OFlags},
    mount::{self, MountFlags, MountPropagationFlags, UnmountFlags},
    thread::UnshareFlags,
};

use crate::harness::{directory, path_of, record, text};

const MOUNT: u32 = 165;
const OPENAT: u32 = 257;

/// Mounts of this thread alone.
fn alone() {
    #[expect(deprecated, reason = "its successor is unsafe for CLONE_FILES, which is not asked for")]
    rustix::thread::unshare(UnshareFlags::FS | UnshareFlags::NEWNS).unwrap();
    mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
}

#[test]
fn a_new_mount_is_seen_even_if_it_is_gone_before_anybody_can_look() {
    let (_dir, path) = directory();
    let place = path.join("place");
    std::fs::create_dir_all(path.join("source/inner")).unwrap();
    std::fs::create_dir(&place).unwrap();
    let beneath = sys::stat(&place).unwrap();
    let Some(recorded) = record(|| {
        alone();
        mount::mount("a-name", &place, "tmpfs", MountFlags::empty(), None).unwrap();
        mount::unmount(&place, UnmountFlags::empty()).unwrap();
        mount::mount_bind(path.join("source/inner"), &place).unwrap();
    }) else {
        return;
    };
    let calls: Vec<_> = recorded
        .calls(MOUNT)
        .into_iter()
        .filter(|call| text(call, PartTag::Arg).ends_with(b"place"))
        .collect();
    let [tmpfs, bind] = &calls[..] else { panic!("{} calls", calls.len()) };
    for call in [tmpfs, bind] {
        let (root, covered) = (call.facts().unwrap(), call.covered().unwrap());
        assert_eq!(path_of(call, PartTag::Path), place);
        assert_eq!((covered.inode, covered.mode), (beneath.st_ino, beneath.st_mode));
        assert_ne!(root.mount_id, covered.mount_id);
    }
    assert!(tmpfs.facts().unwrap().filesystem.starts_with(b"tmpfs\0"));
    assert_eq!(path_of(tmpfs, PartTag::MountRoot), std::path::Path::new("/"));
    assert_eq!(
        (text(tmpfs, PartTag::Text), text(tmpfs, PartTag::Text2)),
        (b"a-name".into(), b"tmpfs".into())
    );
    assert_eq!(bind.facts().unwrap().inode, sys::stat(path.join("source/inner")).unwrap().st_ino);
    assert!(path_of(bind, PartTag::MountRoot).ends_with("source/inner"));
}

#[test]
fn the_layer_of_a_file_is_seen_in_its_inode() {
    let (_dir, path) = directory();
    for name in ["lower", "upper", "work", "merged"] {
        std::fs::create_dir(path.join(name)).unwrap();
    }
    std::fs::write(path.join("lower/low"), "").unwrap();
    let merged = path.join("merged");
    let mut made = false;
    let Some(recorded) = record(|| {
        alone();
        let options = format!("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work", path.display());
        let options = std::ffi::CString::new(options).unwrap();
        made = mount::mount("overlay", &merged, "overlay", MountFlags::empty(), Some(options.as_c_str()))
            .is_ok();
        if made {
            sys::openat(CWD, merged.join("low"), OFlags::RDONLY, Mode::empty()).unwrap();
            let flags = OFlags::CREATE | OFlags::WRONLY;
            sys::openat(CWD, merged.join("high"), flags, Mode::from(0o600)).unwrap();
        }
    }) else {
        return;
    };
    if !made {
        eprintln!("skipped: no overlay can be made here");
        return;
    }
    let layer = |name: &str| {
        let flags = recorded.call(OPENAT, name).facts().unwrap().flags;
        flags & (facts_flags::UPPER | facts_flags::LOWER)
    };
    assert_eq!(layer("merged/low"), facts_flags::LOWER);
    assert_eq!(layer("merged/high"), facts_flags::UPPER);
}
