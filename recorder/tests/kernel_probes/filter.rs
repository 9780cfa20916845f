//! What the rules leave out, and what they do not.

use std::{fs, path::Path, process::Command};

use abi::{Class, PartTag};

use crate::harness::{Recorded, directory, record_without, text};

const OPENAT: u32 = 257;

/// What was opened below a directory, by walked path or by what was asked for.
fn opened(recorded: &Recorded, below: &Path) -> Vec<String> {
    let below = below.to_str().unwrap();
    let name = |record: &abi::Header, walked: Option<Vec<u8>>, arg: Vec<u8>| {
        (record.nr == OPENAT).then_some(walked.unwrap_or(arg))
    };
    recorded
        .class(Class::File)
        .filter_map(|record| {
            let walked = record.path(PartTag::Path).map(|walked| walked.path);
            name(&record.header, walked, text(&record, PartTag::Arg))
        })
        .filter_map(|path| String::from_utf8(path).ok()?.strip_prefix(below).map(str::to_owned))
        .collect()
}

fn left_out(recorded: &Recorded, rule: usize) -> u64 {
    recorded.counters.iter().map(|cpu| cpu.left_out[rule]).sum()
}

#[test]
fn successful_reads_below_a_prefix_are_left_out_and_counted_and_nothing_else_is() {
    let (_dir, path) = directory();
    for name in ["lib", "lib/sub", "library"] {
        fs::create_dir(path.join(name)).unwrap();
        fs::write(path.join(name).join("file"), "").unwrap();
    }
    let rule = format!("open access=read path={} result=success", path.join("lib").display());
    let Some(recorded) = record_without(&["open path=/nowhere".to_owned(), rule], || {
        let open = |name: &str| drop(fs::File::open(path.join(name)));
        open("lib/file");
        open("lib/sub/file");
        open("library/file");
        open("lib/missing");
        drop(fs::File::options().write(true).open(path.join("lib/file")));
    }) else {
        return;
    };
    assert_eq!(opened(&recorded, &path), ["/library/file", "/lib/missing", "/lib/file"]);
    assert_eq!((left_out(&recorded, 0), left_out(&recorded, 1)), (0, 2));
    // What is left out has no number, so it leaves no hole.
    let mut last = std::collections::BTreeMap::new();
    for record in recorded.class(Class::File) {
        let before = last.insert(record.header.cpu, record.header.seq);
        assert_eq!(record.header.seq, before.unwrap_or(0) + 1);
    }
}

#[test]
fn a_rule_for_an_executable_is_for_that_executable_only() {
    let (_dir, path) = directory();
    fs::write(path.join("file"), "").unwrap();
    let (quiet, loud) = (path.join("quiet"), path.join("loud"));
    for program in [&quiet, &loud] {
        fs::copy("/bin/cat", program).unwrap();
    }
    let rule = format!("open exe={}", quiet.display());
    let Some(recorded) = record_without(&[rule], || {
        for program in [&quiet, &loud] {
            assert!(Command::new(program).arg(path.join("file")).status().unwrap().success());
        }
    }) else {
        return;
    };
    assert_eq!(opened(&recorded, &path), ["/file"]);
    assert!(left_out(&recorded, 0) >= 1);
}
