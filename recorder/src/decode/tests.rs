//! Records made by hand, and damaged.

use abi::{
    Credentials, ExitBody, FileFacts, Header, PartHeader, PartTag, RecordKind, SyscallBody, limits,
    part_flags,
};
use proptest::prelude::*;
use zerocopy::IntoBytes as _;

use super::{Body, ParseError, parse};

fn record(kind: u16, body: &[u8], parts: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let header = Header { kind, tgid: 7, seq: 9, ..Header::default() };
    let mut bytes = [header.as_bytes(), body].concat();
    for (tag, flags, part) in parts {
        let len = u16::try_from(part.len()).unwrap();
        bytes.extend_from_slice(PartHeader { tag: *tag, flags: *flags, len, reserved: 0 }.as_bytes());
        bytes.extend_from_slice(part);
        bytes.resize(bytes.len().next_multiple_of(abi::ALIGN), 0);
    }
    bytes
}

fn file(parts: &[(u8, u8, &[u8])]) -> Vec<u8> {
    let body = SyscallBody { args: [1, 2, 3, 4, 5, 6] };
    record(RecordKind::File as u16, body.as_bytes(), parts)
}

#[test]
fn a_path_is_turned_the_right_way_round() {
    for (walked, flags, path, told) in [
        (&b"c\0b\0a\0"[..], 0, &b"/a/b/c"[..], 0),
        (b"", 0, b"/", 0),
        (b"\xff \n\0", part_flags::DELETED, b"/\xff \n", part_flags::DELETED),
        // An object without a name, such as a pipe.
        (b"\0", part_flags::DETACHED, b"/", part_flags::DETACHED),
        // Cut within a name.
        (b"c\0b\0aa", 0, b"/aa/b/c", part_flags::TRUNCATED),
    ] {
        let bytes = file(&[(PartTag::Path as u8, flags, walked)]);
        let found = parse(&bytes).unwrap().path(PartTag::Path).unwrap();
        assert_eq!((&found.path[..], found.flags), (path, told));
    }
}

#[test]
fn parts_are_found_by_tag_and_unknown_ones_passed_over() {
    let facts = FileFacts { inode: 5, ..FileFacts::default() };
    let parts = [
        (200, 0, &b"from later probes"[..]),
        (PartTag::Arg as u8, part_flags::TRUNCATED, b"name"),
        (PartTag::Facts as u8, 0, facts.as_bytes()),
        (PartTag::Arg as u8, 0, b"another"),
    ];
    let bytes = file(&parts);
    let found = parse(&bytes).unwrap();
    assert_eq!(found.body, Body::Syscall(SyscallBody { args: [1, 2, 3, 4, 5, 6] }));
    assert_eq!((found.header.tgid, found.header.seq), (7, 9));
    assert_eq!(found.part(PartTag::Arg), Some((&b"name"[..], part_flags::TRUNCATED)));
    assert_eq!(found.facts(), Some(facts));
    assert_eq!(found.part(PartTag::Tty), None);
    assert_eq!(found.path(PartTag::Base), None);
}

#[test]
fn structures_of_another_size_and_faults_are_no_structures() {
    let short = &Credentials::default().as_bytes()[..79].to_vec();
    let whole = Credentials::default();
    for (flags, bytes, expected) in [
        (0, short.as_slice(), None),
        (part_flags::FAULT, whole.as_bytes(), None),
        (0, whole.as_bytes(), Some(whole)),
    ] {
        let bytes = file(&[(PartTag::Credentials as u8, flags, bytes)]);
        assert_eq!(parse(&bytes).unwrap().credentials(), expected);
    }
}

#[test]
fn what_is_no_record_is_refused_with_the_reason() {
    assert_eq!(parse(b"").unwrap_err(), ParseError::Short { len: 0 });
    let exit = record(RecordKind::Exit as u16, ExitBody::default().as_bytes(), &[]);
    assert!(parse(&exit).is_ok());
    assert_eq!(parse(&exit[..71]).unwrap_err(), ParseError::Short { len: 71 });
    assert_eq!(parse(&record(99, &[0; 48], &[])).unwrap_err(), ParseError::UnknownKind { kind: 99 });
    let mut long = file(&[(PartTag::Arg as u8, 0, b"name")]);
    let at = long.len() - 16 + 2;
    long[at..at + 2].copy_from_slice(&100u16.to_ne_bytes());
    let error = ParseError::PartTooLong { index: 0, len: long.len() };
    assert_eq!(parse(&long).unwrap_err(), error);
}

fn parts() -> impl Strategy<Value = Vec<(u8, u8, Vec<u8>)>> {
    prop::collection::vec((1u8..20, any::<u8>(), prop::collection::vec(any::<u8>(), 0..100)), 0..8)
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(parts in parts()) {
        let borrowed: Vec<_> = parts.iter().map(|(tag, flags, bytes)| (*tag, *flags, &bytes[..])).collect();
        let bytes = file(&borrowed);
        prop_assert!(bytes.len() <= limits::RECORD);
        let found = parse(&bytes).unwrap();
        for tag in (1..=16).filter_map(PartTag::from_number) {
            let expected = borrowed.iter().find(|part| part.0 == tag as u8).map(|part| (part.2, part.1));
            prop_assert_eq!(found.part(tag), expected);
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_read_without_a_panic(
        parts in parts(), length in 0usize..1200, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let borrowed: Vec<_> = parts.iter().map(|(tag, flags, bytes)| (*tag, *flags, &bytes[..])).collect();
        let mut bytes = file(&borrowed);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate(length);
        if let Ok(found) = parse(&bytes) {
            for tag in (1..=16).filter_map(PartTag::from_number) {
                let _ = (found.part(tag), found.path(tag));
            }
            let _ = (found.facts(), found.credentials(), found.socket());
        }
    }
}
