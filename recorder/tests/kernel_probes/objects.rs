//! The kernel's own objects: what a scenario through the whole binary cannot bring about on this kernel.

use std::{
    fs::{self, File, OpenOptions},
    io::{IoSlice, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use abi::{PartTag, RecordKind};
use recorder::{decode::Body, kernel::ProbeConfig};

use crate::harness::{directory, loaded_as, path_of, record, record_as, text};

/// One test at a time has such files: probes see what all of the host does, another test of this program too.
static ONE: Mutex<()> = Mutex::new(());

/// A tmpfs, taken for selinuxfs.
struct Mounted(std::path::PathBuf, #[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Mounted {
    fn new(at: &Path) -> Self {
        let only = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let done = Command::new("mount").args(["-t", "tmpfs", "tachograph-test"]).arg(at).status().unwrap();
        assert!(done.success());
        fs::create_dir(at.join("booleans")).unwrap();
        for name in ["enforce", "commit_pending_bools", "booleans/httpd_x", "access"] {
            File::create(at.join(name)).unwrap();
        }
        Self(at.to_owned(), only)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn config() -> ProbeConfig {
    ProbeConfig { selinux_fs: "tmpfs", selinux_quiet: Duration::ZERO, own_tgid: 0, ..ProbeConfig::default() }
}

#[test]
fn writes_are_told_of_the_files_that_change_selinux_and_of_no_others() {
    let (_dir, path) = directory();
    let mounted = Mounted::new(&path);
    let open = |name: &str| OpenOptions::new().write(true).open(mounted.0.join(name)).unwrap();
    let recorded = record_as(config(), || {
        open("access").write_all(b"before").unwrap();
        open("enforce").write_all(b"0\n").unwrap();
        open("access").write_all(b"while watched").unwrap();
        let parts = [IoSlice::new(b"1"), IoSlice::new(b"\n")];
        assert_eq!(open("booleans/httpd_x").write_vectored(&parts).unwrap(), 2);
        assert_eq!(open("commit_pending_bools").write_at(&[b'1'; 100], 0).unwrap(), 100);
    });
    let Some(recorded) = recorded else { return };
    for (nr, name, value, ret) in [
        (1, "enforce", b"0\n".to_vec(), 2),
        (20, "booleans/httpd_x", b"1".to_vec(), 2),
        (18, "commit_pending_bools", vec![b'1'; abi::SELINUX_VALUE], 100),
    ] {
        let [call] = &recorded.calls(nr)[..] else { panic!("{nr}: {:?}", recorded.calls(nr)) };
        assert_eq!(path_of(call, PartTag::Path), path.join(name));
        assert_eq!((text(call, PartTag::Memory), call.header.ret), (value, ret));
    }
}

#[test]
fn writes_are_watched_only_while_a_file_that_matters_may_be_open() {
    let (_dir, path) = directory();
    let mounted = Mounted::new(&path);
    let open = |name: &str| OpenOptions::new().write(true).open(mounted.0.join(name)).unwrap();
    loaded_as(&config(), |recording| {
        assert!(!recording.probes.watches_writes());
        drop(open("access"));
        drop(File::open(mounted.0.join("enforce")).unwrap());
        assert!(!recording.probes.watches_writes());
        let file = open("enforce");
        assert!(recording.probes.watches_writes());
        recording.probes.refresh();
        assert!(recording.probes.watches_writes(), "it is still open");
        drop(file);
        recording.probes.refresh();
        assert!(!recording.probes.watches_writes());
        drop(open("booleans/httpd_x"));
        assert!(recording.probes.watches_writes(), "it begins anew");
    });
}

#[test]
fn a_read_of_a_kernel_parameter_is_told_once_with_its_value_where_no_rule_leaves_it_out() {
    let Some(recorded) = record(|| {
        assert_eq!(fs::read_to_string("/proc/sys/kernel/ostype").unwrap(), "Linux\n");
    }) else {
        return;
    };
    let own: Vec<_> =
        recorded.kind(RecordKind::Sysctl).filter(|record| record.header.tid == recorded.tid).collect();
    let [read] = &own[..] else { panic!("{own:?}") };
    let Body::Sysctl(body) = read.body else { panic!("{:?}", read.body) };
    assert_eq!((body.write, body.value, body.old), (0, 6, 0));
    assert!(text(read, PartTag::Text).starts_with(b"kernel/ostype\0"));
    assert!(text(read, PartTag::Memory).starts_with(b"Linux\n\0"));
}

#[test]
fn a_module_that_loads_is_told_by_the_name_that_the_kernel_read() {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let module = format!("/lib/modules/{}/kernel/drivers/net/dummy.ko", release.trim());
    if !fs::exists("/proc/modules").unwrap() || !fs::exists(&module).unwrap() {
        eprintln!("skipped: no kernel with modules, or without the file {module}");
        return;
    }
    let Some(recorded) = record(|| {
        let run = |program: &str, args: &[&str]| {
            assert!(Command::new(program).args(args).status().unwrap().success());
        };
        run("insmod", &[&module, "numdummies=0"]);
        run("rmmod", &["dummy"]);
    }) else {
        return;
    };
    let calls: Vec<_> = recorded.kind(RecordKind::Call).filter(|record| record.header.ret == 0).collect();
    let load = calls.iter().find(|record| [175, 313].contains(&record.header.nr)).unwrap();
    assert!(text(load, PartTag::ModuleName).starts_with(b"dummy\0"));
    // Some programs put a blank behind each.
    assert_eq!(text(load, PartTag::Text).trim_ascii(), b"numdummies=0");
    if load.header.nr == 313 {
        assert_eq!(path_of(load, PartTag::Path), Path::new(&module));
    }
    let unload = calls.iter().find(|record| record.header.nr == 176).unwrap();
    assert_eq!(text(unload, PartTag::Text), b"dummy");
}

#[test]
fn a_move_to_a_cgroup_is_told_with_its_path() {
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(2) == Some("cgroup2"));
    let Some(root) = root.and_then(|line| line.split(' ').nth(1)) else {
        eprintln!("skipped: no cgroup v2 hierarchy is mounted");
        return;
    };
    let name = format!("tachograph-test-{}", std::process::id());
    let group = Path::new(root).join(&name);
    fs::create_dir(&group).unwrap();
    let mut child = Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
    let recorded = record(|| fs::write(group.join("cgroup.procs"), child.id().to_string()).unwrap());
    drop(child.stdin.take());
    child.wait().unwrap();
    fs::remove_dir(&group).unwrap();
    let Some(recorded) = recorded else { return };
    let own: Vec<_> =
        recorded.kind(RecordKind::Cgroup).filter(|record| record.header.tid == recorded.tid).collect();
    let [moved] = &own[..] else { panic!("{own:?}") };
    let Body::Cgroup(body) = moved.body else { panic!("{:?}", moved.body) };
    assert_eq!((body.tgid, body.tid, body.hierarchy, body.whole), (child.id(), child.id(), 0, 1));
    assert_eq!(text(moved, PartTag::Text), format!("/{name}").as_bytes());
}
