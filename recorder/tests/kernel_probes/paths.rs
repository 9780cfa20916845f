//! Paths as the kernel walks them.

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::Path,
};

use abi::{PartTag, facts_flags, limits, part_flags};
use rustix::{
    fs::{self as sys, CWD, Mode, OFlags},
    io::Errno,
    thread::UnshareFlags,
};

use crate::harness::{args, directory, path_of, record, text, walked};

const OPENAT: u32 = 257;
const CHDIR: u32 = 80;
const FCHDIR: u32 = 81;
const FCHMOD: u32 = 91;
const OPENAT2: u32 = 437;

/// A working directory, a root or mounts of this thread alone.
fn alone(flags: UnshareFlags) {
    #[expect(deprecated, reason = "its successor is unsafe for CLONE_FILES, which is not asked for")]
    rustix::thread::unshare(flags).unwrap();
}

fn create(path: impl rustix::path::Arg) {
    sys::openat(CWD, path, OFlags::CREATE | OFlags::WRONLY, Mode::from(0o640)).unwrap();
}

#[test]
fn an_open_tells_the_path_of_what_was_opened_whatever_it_was_relative_to() {
    let (_dir, path) = directory();
    let inside = path.join("sub");
    fs::create_dir(&inside).unwrap();
    let Some(recorded) = record(|| {
        alone(UnshareFlags::FS);
        let dirfd = sys::open(&inside, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).unwrap();
        sys::openat(&dirfd, "by-dirfd", OFlags::CREATE | OFlags::WRONLY, Mode::from(0o640)).unwrap();
        rustix::process::chdir(&inside).unwrap();
        create("./by-cwd");
        rustix::process::chdir("..").unwrap();
        create("sub/../by-dots");
        rustix::process::fchdir(&dirfd).unwrap();
        create(path.join("absolute"));
    }) else {
        return;
    };
    for (name, expected) in [
        ("by-dirfd", inside.join("by-dirfd")),
        ("by-cwd", inside.join("by-cwd")),
        ("by-dots", path.join("by-dots")),
        ("absolute", path.join("absolute")),
    ] {
        let open = recorded.call(OPENAT, name);
        assert_eq!(path_of(&open, PartTag::Path), expected);
        let facts = open.facts().unwrap();
        assert_eq!(facts.inode, sys::stat(&expected).unwrap().st_ino);
        assert_eq!(facts.flags & facts_flags::CREATED, facts_flags::CREATED);
        assert_eq!(facts.mode, 0o100_640);
        assert_eq!(args(&open)[2] & 0o101, 0o101);
    }
    let up = recorded.call(CHDIR, "..");
    assert_eq!(path_of(&up, PartTag::Path), path);
    assert_eq!(text(&up, PartTag::Arg), b"..");
    assert_eq!(path_of(&recorded.calls(FCHDIR)[0], PartTag::Path), inside);
}

#[test]
fn a_failed_open_tells_what_was_asked_for_and_from_where() {
    let (_dir, path) = directory();
    fs::write(path.join("secret"), "").unwrap();
    fs::set_permissions(path.join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let Some(recorded) = record(|| {
        alone(UnshareFlags::FS);
        rustix::process::chdir(&path).unwrap();
        assert_eq!(
            sys::openat(CWD, "nothing/here", OFlags::RDONLY, Mode::empty()).unwrap_err(),
            Errno::NOENT
        );
        let dirfd = sys::open("/", OFlags::PATH, Mode::empty()).unwrap();
        assert_eq!(sys::openat(&dirfd, "no-such", OFlags::RDONLY, Mode::empty()).unwrap_err(), Errno::NOENT);
        assert_eq!(
            sys::openat(CWD, "/no/absolute", OFlags::RDONLY, Mode::empty()).unwrap_err(),
            Errno::NOENT
        );
        let nobody = rustix::fs::Uid::from_raw(65534);
        rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        sys::openat(CWD, "secret", OFlags::RDONLY, Mode::empty()).unwrap_err();
    }) else {
        return;
    };
    for (name, base, error) in [
        ("nothing/here", path.as_path(), 2),
        ("no-such", Path::new("/"), 2),
        ("/no/absolute", Path::new("/"), 2),
        ("secret", &path, 13),
    ] {
        let open = recorded.call(OPENAT, name);
        assert_eq!(open.header.ret, -error, "{name}");
        assert_eq!(text(&open, PartTag::Arg), name.as_bytes());
        assert_eq!(path_of(&open, PartTag::Base), base);
        assert!(open.path(PartTag::Path).is_none());
    }
}

#[test]
fn paths_in_a_chroot_and_behind_mounts_are_those_of_the_mount_namespace() {
    let (_dir, path) = directory();
    for name in ["root/etc", "bound", "tmpfs", "lower", "upper", "work", "merged"] {
        fs::create_dir_all(path.join(name)).unwrap();
    }
    fs::write(path.join("lower/below"), "").unwrap();
    let Some(recorded) = record(|| {
        use rustix::mount::{self, MountFlags, MountPropagationFlags};
        alone(UnshareFlags::FS | UnshareFlags::NEWNS);
        mount::mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
        mount::mount_bind(path.join("root"), path.join("bound")).unwrap();
        create(path.join("bound/etc/in-bind"));
        mount::mount("tmpfs", path.join("tmpfs"), "tmpfs", MountFlags::empty(), None).unwrap();
        create(path.join("tmpfs/in-tmpfs"));
        let options = format!("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work", path.display());
        let options = std::ffi::CString::new(options).unwrap();
        if mount::mount(
            "overlay",
            path.join("merged"),
            "overlay",
            MountFlags::empty(),
            Some(options.as_c_str()),
        )
        .is_ok()
        {
            create(path.join("merged/in-overlay"));
        }
        rustix::process::chdir(path.join("root")).unwrap();
        rustix::process::chroot(".").unwrap();
        create("/etc/in-chroot");
        sys::openat(CWD, "/not-there", OFlags::RDONLY, Mode::empty()).unwrap_err();
    }) else {
        return;
    };
    for (name, expected, filesystem) in [
        ("in-bind", "bound/etc/in-bind", None),
        ("in-tmpfs", "tmpfs/in-tmpfs", Some("tmpfs")),
        ("in-chroot", "root/etc/in-chroot", None),
        ("in-overlay", "merged/in-overlay", Some("overlay")),
    ] {
        if name == "in-overlay" && !path.join("upper/in-overlay").exists() {
            eprintln!("this kernel has no overlay file system: left out");
            continue;
        }
        let open = recorded.call(OPENAT, name);
        assert_eq!(path_of(&open, PartTag::Path), path.join(expected));
        assert_eq!(walked(&open, PartTag::Path).flags, 0);
        if let Some(filesystem) = filesystem {
            assert!(open.facts().unwrap().filesystem.starts_with(filesystem.as_bytes()));
        }
    }
    assert_eq!(path_of(&recorded.call(OPENAT, "/not-there"), PartTag::Base), path.join("root"));
}

#[test]
fn deep_paths_are_whole_up_to_the_limit_and_names_need_not_be_text() {
    let (_dir, path) = directory();
    let name = OsStr::from_bytes(b"n\xff\xfe \n\"");
    let deep: std::path::PathBuf = path.join((0..120).map(|n| format!("d{n}")).collect::<Vec<_>>().join("/"));
    fs::create_dir_all(&deep).unwrap();
    // Deeper than a path may be long: reached step by step.
    let long = "x".repeat(limits::NAME);
    let Some(recorded) = record(|| {
        alone(UnshareFlags::FS);
        create(deep.join("deep"));
        create(path.join(name));
        rustix::process::chdir(&path).unwrap();
        for _ in 0..20 {
            sys::mkdir(&long, Mode::from(0o700)).unwrap();
            rustix::process::chdir(&long).unwrap();
        }
        create("bottom");
    }) else {
        return;
    };
    assert_eq!(path_of(&recorded.call(OPENAT, "deep"), PartTag::Path), deep.join("deep"));
    let odd = recorded
        .calls(OPENAT)
        .into_iter()
        .find(|open| open.path(PartTag::Path).is_some_and(|walked| walked.path.ends_with(name.as_bytes())));
    assert_eq!(path_of(&odd.unwrap(), PartTag::Path), path.join(name));
    let bottom = walked(&recorded.call(OPENAT, "bottom"), PartTag::Path);
    assert_eq!(bottom.flags, part_flags::TRUNCATED);
    assert!(bottom.path.len() > 3500 && bottom.path.len() <= limits::PATH + limits::NAME + 2);
    assert!(bottom.path.ends_with(format!("/{long}/bottom").as_bytes()));
}

#[test]
fn what_hangs_from_no_tree_and_what_was_unlinked_is_marked() {
    let (_dir, path) = directory();
    let Some(recorded) = record(|| {
        let memory = sys::memfd_create("scratch", sys::MemfdFlags::empty()).unwrap();
        sys::fchmod(&memory, Mode::from(0o700)).unwrap();
        let file = fs::File::create(path.join("gone")).unwrap();
        fs::remove_file(path.join("gone")).unwrap();
        sys::fchmod(&file, Mode::from(0o711)).unwrap();
        let (pipe, _other) = rustix::pipe::pipe().unwrap();
        sys::fchmod(&pipe, Mode::from(0o600)).unwrap();
    }) else {
        return;
    };
    let calls = recorded.calls(FCHMOD);
    let paths: Vec<_> = calls.iter().map(|call| walked(call, PartTag::Path)).collect();
    assert_eq!(paths[0].path, b"/memfd:scratch");
    assert_eq!(paths[0].flags & part_flags::DETACHED, part_flags::DETACHED);
    assert_eq!(paths[1].path, path.join("gone").as_os_str().as_bytes());
    assert_eq!(paths[1].flags, part_flags::DELETED);
    assert_eq!(paths[2].flags & part_flags::DETACHED, part_flags::DETACHED);
    assert_eq!(calls[0].facts().unwrap().mode & 0o777, 0o700);
    assert_eq!(calls[1].facts().unwrap().nlink, 0);
}

#[test]
fn openat2_tells_flags_and_mode_in_place_of_a_pointer() {
    let (_dir, path) = directory();
    let flags = OFlags::CREATE | OFlags::WRONLY;
    let Some(recorded) = record(|| {
        sys::openat2(CWD, path.join("how"), flags, Mode::from(0o604), sys::ResolveFlags::empty()).unwrap();
    }) else {
        return;
    };
    let open = recorded.call(OPENAT2, "how");
    assert_eq!(path_of(&open, PartTag::Path), path.join("how"));
    assert_eq!(args(&open)[2] & 0o101, u64::from(flags.bits()) & 0o101);
    assert_eq!(args(&open)[3], 0o604);
}
