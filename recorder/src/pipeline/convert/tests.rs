//! Events of records made by hand: what this kernel cannot do.

use abi::{
    ALIGN, BpfFacts, CgroupBody, FileFacts, Header, PartHeader, PartTag, RecordKind, SyscallBody, SysctlBody,
};
use event::{Detail, Event, Kind, Outcome, Selinux, event_flags, file_flags};
use zerocopy::IntoBytes as _;

use super::Converter;
use crate::{
    clock::Clock,
    decode,
    process::{Output, ProcessTable},
};

/// Nobody has this pid.
const NOBODY: u32 = u32::MAX - 7;

fn convert(header: Header, body: &[u8], parts: &[(PartTag, &[u8])]) -> Event {
    let header = Header { time: 5, start: 3, tgid: NOBODY, tid: NOBODY, ..header };
    let mut bytes = [header.as_bytes(), body].concat();
    for (tag, part) in parts {
        let len = u16::try_from(part.len()).unwrap();
        bytes.extend(PartHeader { tag: *tag as u8, flags: 0, len, reserved: 0 }.as_bytes());
        bytes.extend(*part);
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
    }
    let mut converter = Converter::new(ProcessTable::new(1, 1));
    let record = decode::parse(&bytes).unwrap();
    converter.convert(&record, Clock::now(), &mut Output::default()).unwrap().unwrap()
}

fn call(nr: u32, ret: i64, args: [u64; 6], parts: &[(PartTag, &[u8])]) -> Event {
    let header = Header { kind: RecordKind::Call as u16, nr, ret, ..Header::default() };
    convert(header, SyscallBody { args }.as_bytes(), parts)
}

/// A name as the kernel keeps it.
fn padded<const N: usize>(name: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..name.len()].copy_from_slice(name);
    bytes
}

#[test]
fn a_module_that_was_loaded_has_the_name_that_the_kernel_read() {
    let facts = FileFacts { inode: 12, mode: 0o100_644, filesystem: padded(b"ext4"), ..FileFacts::default() };
    let name: [u8; abi::MODULE_NAME] = padded(b"dummy");
    let event = call(
        313,
        0,
        [3, 0, 2, 0, 0, 0],
        &[
            (PartTag::Path, b"dummy.ko\0lib\0"),
            (PartTag::Facts, facts.as_bytes()),
            (PartTag::Text, b"numdummies=2 mode=a"),
            (PartTag::ModuleName, &name),
        ],
    );
    assert_eq!((event.kind, event.outcome()), (Kind::LoadModule, Outcome::Success));
    let file = event.file.unwrap();
    assert_eq!((file.path.as_str(), file.flags), ("/lib/dummy.ko", file_flags::FROM_KERNEL));
    assert_eq!(file.facts.unwrap().inode, 12);
    assert_eq!(
        event.detail,
        Detail::Module {
            name: "dummy".to_owned(),
            from_memory: false,
            args: vec!["numdummies=2".to_owned(), "mode=a".to_owned()],
            args_truncated: false,
            flags: 2
        }
    );
    let event = call(175, 0, [0x1000, 64, 0, 0, 0, 0], &[(PartTag::Text, b""), (PartTag::ModuleName, &name)]);
    let Detail::Module { name, from_memory: true, args, .. } = &event.detail else {
        panic!("{:?}", event.detail)
    };
    assert_eq!((name.as_str(), args.len(), event.file.is_none()), ("dummy", 0, true));
}

#[test]
fn a_module_that_was_unloaded_has_the_name_that_was_passed() {
    let event = call(176, 0, [0x1000, 0o4000, 0, 0, 0, 0], &[(PartTag::Text, b"dummy")]);
    assert_eq!(event.kind, Kind::UnloadModule);
    let Detail::Module { name, flags: 0o4000, .. } = &event.detail else { panic!("{:?}", event.detail) };
    assert_eq!(name, "dummy");
}

#[test]
fn a_write_to_selinuxfs_is_the_change_that_it_makes() {
    let write = |path: &[u8], value: &[u8], ret| {
        call(1, ret, [4, 0, 2, 0, 0, 0], &[(PartTag::Path, path), (PartTag::Memory, value)])
    };
    let event = write(b"enforce\0selinux\0fs\0sys\0", b"0", 1);
    assert_eq!((event.kind, event.outcome()), (Kind::Selinux, Outcome::Success));
    assert_eq!(event.detail, Detail::Selinux(Selinux::Enforce(Some(false))));
    assert_eq!(event.file.unwrap().path, "/sys/fs/selinux/enforce");
    let event = write(b"httpd_x\0booleans\0selinux\0fs\0sys\0", b"1\n", -13);
    assert_eq!(event.outcome(), Outcome::Refused);
    assert_eq!(event.detail, Detail::Selinux(Selinux::Bool { name: "httpd_x".to_owned(), on: Some(true) }));
    let event = write(b"commit_pending_bools\0selinux\0fs\0sys\0", b"1", 1);
    assert_eq!(event.detail, Detail::Selinux(Selinux::Commit(true)));
    let header = Header {
        kind: RecordKind::Call as u16,
        nr: 20,
        ret: 1,
        flags: abi::header_flags::COMPAT,
        ..Header::default()
    };
    let parts: [(PartTag, &[u8]); 2] =
        [(PartTag::Path, b"disable\0selinux\0fs\0sys\0"), (PartTag::Memory, b"1")];
    let event = convert(header, SyscallBody::default().as_bytes(), &parts);
    assert_eq!((event.detail, event.flags), (Detail::Selinux(Selinux::Disable), event_flags::COMPAT));
}

#[test]
fn a_program_of_another_kernel_is_told_with_what_it_had() {
    let facts = BpfFacts {
        id: 7,
        kind: 26,
        attach: 24,
        tag: *b"\x001234567",
        name: padded(b"probe"),
        ..BpfFacts::default()
    };
    let event = call(
        321,
        9,
        [5, 0, 72, 0, 0, 0],
        &[(PartTag::BpfProgram, facts.as_bytes()), (PartTag::Instructions, &[0x85, 0, 0, 0, 14, 0, 0, 0])],
    );
    let Detail::Bpf(bpf) = event.detail else { panic!("{:?}", event.detail) };
    let program = bpf.program.unwrap();
    assert_eq!((program.id, program.kind, program.attach, program.name.as_str()), (7, 26, 24, "probe"));
    assert_eq!((program.tag, program.helpers, bpf.map), (*b"\x001234567", vec![14], None));
}

#[test]
fn a_parameter_and_a_move_are_told_of_whoever_is_not_known() {
    let header = |kind: RecordKind| Header { kind: kind as u16, nr: u32::MAX, ..Header::default() };
    let event = convert(
        header(RecordKind::Sysctl),
        SysctlBody { write: 1, name: 14, value: 3, old: 5 }.as_bytes(),
        &[(PartTag::Text, b"kernel/sysrq\0x"), (PartTag::Memory, b"16\n\0"), (PartTag::OldValue, b"438\n\0")],
    );
    let parameter = |name: &str, value: &str, old: &str| Detail::Sysctl {
        name: name.to_owned(),
        write: true,
        value: value.to_owned(),
        old_value: old.to_owned(),
        truncated: false,
    };
    assert_eq!(event.detail, parameter("kernel/sysrq", "16", "438"));
    let body = CgroupBody { start: 1, tgid: NOBODY - 1, tid: NOBODY - 1, hierarchy: 0, whole: 1 };
    let event = convert(header(RecordKind::Cgroup), body.as_bytes(), &[(PartTag::Text, b"/user.slice")]);
    assert_eq!(
        event.detail,
        Detail::CgroupWrite { path: "/user.slice".to_owned(), pid: NOBODY - 1, target: None, whole: true }
    );
}
