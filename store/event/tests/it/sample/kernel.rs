//! Memory, BPF, modules, `SELinux`, kernel parameters, cgroups.

use event::{Bpf, BpfMap, BpfProgram, Detail, Kind, Selinux};

use super::{Case, case, file, service};

fn bpf(name: &'static str, command: u32, map: Option<BpfMap>, program: Option<BpfProgram>) -> Case {
    case(name, Kind::Bpf, Detail::Bpf(Box::new(Bpf { command, map, program })))
}

fn bpf_cases() -> Vec<Case> {
    let map = BpfMap { id: 12, name: "events".to_owned(), kind: 27 };
    let program = BpfProgram {
        id: 33,
        name: "on_enter".to_owned(),
        tag: [0, 0x1f, 0xa2, 3, 4, 5, 6, 0xff],
        kind: 26,
        attach: 24,
        helpers: vec![1, 14, 113, 900],
        helpers_truncated: true,
    };
    let refused = BpfProgram { kind: 2, ..BpfProgram::default() };
    vec![
        bpf("bpf_map_create", 0, Some(map), None).returning(4),
        bpf("bpf_prog_load", 5, None, Some(program)).returning(5),
        bpf("bpf_prog_load_refused", 5, None, Some(refused)).returning(-1),
        bpf("bpf_unknown_command", 99, None, None).returning(-22),
    ]
}

fn memory_cases() -> Vec<Case> {
    let mmap = |protection, flags| Detail::Mmap {
        address: 0x7f00_dead_b000,
        offset: 4096,
        length: 8192,
        protection,
        flags,
    };
    let mprotect = |before, requested| Detail::Mprotect {
        start: 0x40_0000,
        end: 0x40_3000,
        before,
        requested,
        area_start: 0,
        area_end: 0,
    };
    vec![
        case("mmap", Kind::Mmap, mmap(5, 0x802))
            .on(file("/usr/lib/libc.so.6", 51))
            .returning(0x7f00_dead_b000),
        // The descriptor that came with it means nothing.
        case("mmap_anonymous", Kind::Mmap, mmap(0, 0x22)).on(file("/tmp/a", 22)),
        case("mmap_huge", Kind::Mmap, mmap(3, 0x4_0021 | 21 << 26)).returning(-12),
        case("mprotect", Kind::Mprotect, mprotect(Some(0x0800_0073), 7)),
        case("mprotect_unseen", Kind::Mprotect, mprotect(None, 0x0100_0000)).returning(-13),
    ]
}

fn module_cases() -> Vec<Case> {
    let module = |name: &str, from_memory, args: &[&str], flags| Detail::Module {
        name: name.to_owned(),
        from_memory,
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        args_truncated: args.len() > 1,
        flags,
    };
    vec![
        case("load_module", Kind::LoadModule, module("dummy", false, &["numdummies=2", "x"], 4))
            .on(file("/lib/modules/dummy.ko.xz", 61)),
        case("load_module_from_memory", Kind::LoadModule, module("", true, &[], 0)).returning(-8),
        case("unload_module", Kind::UnloadModule, module("dummy", false, &[], 0x800)).returning(-11),
    ]
}

fn selinux_cases() -> Vec<Case> {
    let selinux =
        |name, change, path: &str| case(name, Kind::Selinux, Detail::Selinux(change)).on(file(path, 81));
    let boolean = |on| Selinux::Bool { name: "httpd_can_network_connect".to_owned(), on };
    let path = "/sys/fs/selinux/booleans/httpd_can_network_connect";
    vec![
        selinux("selinux_bool", boolean(Some(true)), path),
        selinux("selinux_bool_odd", boolean(None), path).returning(-22),
        selinux("selinux_enforce", Selinux::Enforce(Some(false)), "/sys/fs/selinux/enforce"),
        selinux("selinux_enforce_odd", Selinux::Enforce(None), "/sys/fs/selinux/enforce").returning(-22),
        selinux("selinux_disable", Selinux::Disable, "/sys/fs/selinux/disable"),
        selinux("selinux_commit", Selinux::Commit(true), "/sys/fs/selinux/commit_pending_bools"),
        selinux("selinux_no_commit", Selinux::Commit(false), "/sys/fs/selinux/commit_pending_bools"),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let sysctl = |write, value: &str, old: &str| Detail::Sysctl {
        name: "kernel/core_pattern".to_owned(),
        write,
        value: value.to_owned(),
        old_value: old.to_owned(),
        truncated: write,
    };
    let moved = Detail::CgroupWrite { path: "/user.slice/x".to_owned(), pid: 80, target: None, whole: true };
    let mut cases = vec![
        case("sysctl_write", Kind::Sysctl, sysctl(true, "|/tmp/x %p", "core")),
        case("sysctl_read", Kind::Sysctl, sysctl(false, "core", "")).returning(5),
        case("cgroup_write", Kind::CgroupWrite, moved.clone()).about(service()),
        case("cgroup_write_refused", Kind::CgroupWrite, moved).returning(-13),
    ];
    cases.extend(bpf_cases());
    cases.extend(memory_cases());
    cases.extend(module_cases());
    cases.extend(selinux_cases());
    cases
}
