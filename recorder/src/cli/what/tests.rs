//! The words of each kind.

use serde_json::json;

use super::*;

fn told(cases: &[(Value, &str)]) {
    for (event, text) in cases {
        assert_eq!(what(event), *text, "{event}");
    }
}

#[test]
fn what_processes_do_is_told_in_a_few_words() {
    let target = json!({"pid": 80, "comm": "sleep"});
    told(&[
        (
            json!({"evt": {"name": "signal"}, "signal": {"type": "SIGKILL", "pid": 80, "target": target}}),
            "SIGKILL to 80 (sleep)",
        ),
        (
            json!({"evt": {"name": "signal"}, "signal": {"type": "", "pid": -5}, "tacho": {"detail": {"signal": 0}}}),
            "signal 0 to -5",
        ),
        (
            json!({"evt": {"name": "ptrace"}, "ptrace": {"request": "PTRACE_ATTACH", "tracee": target}}),
            "PTRACE_ATTACH of 80 (sleep)",
        ),
        (
            json!({"evt": {"name": "setrlimit"}, "tacho": {"detail":
                {"resource": "RLIMIT_CORE", "current": 0, "maximum": "unlimited", "pid": 7}}}),
            "RLIMIT_CORE 0:unlimited of 7",
        ),
        (
            json!({"evt": {"name": "prctl"}, "tacho": {"detail": {"option": "PR_SET_NAME", "text": "x\u{1b}"}}}),
            "PR_SET_NAME x\\x1b",
        ),
        (json!({"evt": {"name": "syscalls"}, "syscalls": [{"name": "read"}, {"name": "bpf"}]}), "read bpf"),
        (json!({"evt": {"name": "cgroup_write"}, "tacho": {"detail": {"pid": 7, "path": "/a"}}}), "7 to /a"),
        (
            json!({"evt": {"name": "capset"}, "process": {"credentials":
                {"cap_effective": ["CAP_BPF"], "cap_permitted": ["CAP_BPF"],
                 "destination": {"cap_effective": [], "cap_permitted": ["CAP_BPF"]}}}}),
            "-CAP_BPF",
        ),
    ]);
}

#[test]
fn files_and_sockets_are_told_in_a_few_words() {
    told(&[
        (
            json!({"evt": {"name": "mount"}, "mount": {"mountpoint.path": "/mnt", "fs_type": "ext4"},
                "tacho": {"detail": {"source": "/dev/sda1"}}}),
            "/dev/sda1 on /mnt (ext4)",
        ),
        (json!({"evt": {"name": "umount"}, "file": {"path": "/mnt"}}), "/mnt"),
        (
            json!({"evt": {"name": "setxattr"}, "file": {"path": "/a", "destination": {"attribute_name": "user.b"}}}),
            "/a user.b",
        ),
        (
            json!({"evt": {"name": "chown"}, "file": {"path": "/a", "destination": {"uid": 0, "gid": -1}}}),
            "/a to 0:",
        ),
        (json!({"evt": {"name": "splice"}, "tacho": {"detail": {"length": 9}}}), "between pipes 9 bytes"),
        (
            json!({"evt": {"name": "accept"}, "network": {"source": {"ip": "192.0.2.1", "port": 5}}}),
            "192.0.2.1:5",
        ),
        (
            json!({"evt": {"name": "accept"}, "tacho": {"detail": {"addr": {"family": "AF_UNIX", "ip": "<nil>"}}}}),
            "AF_UNIX",
        ),
        (
            json!({"evt": {"name": "setsockopt"}, "tacho": {"detail":
                {"level": "SOL_SOCKET", "option": "SO_MARK", "value": "01"}}}),
            "SOL_SOCKET SO_MARK 01",
        ),
        (
            json!({"evt": {"name": "dns"}, "dns": {"question": {"type": "AAAA", "name": "a.example"}},
                "network": {"destination": {"ip": "::1", "port": 53}}}),
            "AAAA a.example from [::1]:53",
        ),
        (
            json!({"evt": {"name": "imds"}, "imds": {"type": "request", "cloud_provider": "aws", "url": "/x"}}),
            "request aws /x",
        ),
    ]);
}

#[test]
fn the_kernels_own_objects_are_told_in_a_few_words() {
    told(&[
        (
            json!({"evt": {"name": "bpf"}, "bpf": {"cmd": "BPF_PROG_LOAD",
                "program": {"name": "p", "program_type": "BPF_PROG_TYPE_XDP"}}}),
            "BPF_PROG_LOAD BPF_PROG_TYPE_XDP p",
        ),
        (
            json!({"evt": {"name": "load_module"}, "module": {"name": "m", "argv": ["a=1"]}, "file": {"path": "/m.ko"}}),
            "m from /m.ko a=1",
        ),
        (json!({"evt": {"name": "unload_module"}, "module": {"name": "m"}}), "m"),
        (
            json!({"evt": {"name": "mmap"}, "mmap": {"protection": "PROT_EXEC | PROT_READ", "length": 9},
                "file": {"path": "/l"}}),
            "r-x 9 bytes /l",
        ),
        (
            json!({"evt": {"name": "mprotect"}, "mprotect": {"vm_start": "0x1", "vm_end": "0x2",
                "vm_protection": "VM_MAYEXEC | VM_READ | VM_WRITE", "req_protection": "VM_EXEC | VM_READ | VM_WRITE"}}),
            "0x1-0x2 rw- -> rwx",
        ),
        (json!({"evt": {"name": "selinux"}, "selinux": {"enforce": {"status": "permissive"}}}), "permissive"),
        (json!({"evt": {"name": "selinux"}, "selinux": {"bool": {"name": "b", "state": "on"}}}), "b on"),
        (
            json!({"evt": {"name": "sysctl"}, "tacho": {"detail":
                {"name": "a/b", "action": "write", "value": "1", "old_value": "0"}}}),
            "a/b = 1 (was 0)",
        ),
    ]);
}

#[test]
fn ends_are_told_in_words() {
    assert_eq!(exit(&json!("EXITED"), &json!(3)), "status 3");
    assert_eq!(exit(&json!("SIGNALED"), &json!(9)), "killed by SIGKILL");
    assert_eq!(exit(&json!("SIGNALED"), &json!(34)), "killed by signal 34");
}

#[test]
fn a_changed_user_shows_what_changed() {
    let event = json!({"evt": {"name": "setuid"}, "process": {"credentials":
        {"uid": 0, "euid": 0, "destination": {"uid": 0, "euid": 1000}}}});
    assert_eq!(what(&event), "euid 0 -> 1000");
}

#[test]
fn a_kind_without_its_object_is_still_told() {
    for kind in event::Kind::ALL {
        assert!(!what(&json!({"evt": {"name": kind.name()}})).is_empty(), "{}", kind.name());
    }
}
