//! Rules as the probes judge them.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use abi::{NO_ARG, RULE_PATH, RULES, rule_flags};
use event::Kind;

use super::{Condition, Filter, Rule, RuleError};

/// Bytes that a prefix may have, turned round: one byte is compared for the component's end.
const MOST: usize = RULE_PATH - 1;

/// Which uses of kernel parameters are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parameters {
    /// Reads and writes.
    #[default]
    All,
    /// Writes.
    Writes,
    /// None: the probe is not attached.
    None,
}

/// What the probes are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// Entries of the kernel's table.
    pub table: Vec<abi::Rule>,
    /// The rule of each entry, by its place in the filter.
    pub origin: Vec<usize>,
    /// Executables and the entries that ask for them.
    pub executables: Vec<(std::path::PathBuf, u32)>,
    /// What is told of kernel parameters.
    pub sysctl: Parameters,
    asked: Vec<(Kind, u32)>,
}

impl Compiled {
    /// Bit n: entry n is asked for calls of this kind.
    #[must_use]
    pub fn asked(&self, kind: Kind) -> u32 {
        self.asked.iter().filter(|(of, _)| *of == kind).fold(0, |all, (_, bits)| all | bits)
    }
}

/// Turns rules into entries: one each, but for lists of values, which need one a value.
///
/// # Errors
/// If there are too many, or a prefix is too long.
pub fn compile(filter: &Filter) -> Result<Compiled, RuleError> {
    let sysctl = match (filter.drops(Kind::Sysctl), filter.drops_reads(Kind::Sysctl)) {
        (true, _) => Parameters::None,
        (false, true) => Parameters::Writes,
        (false, false) => Parameters::All,
    };
    let mut compiled = Compiled { sysctl, ..Compiled::default() };
    for (place, rule) in filter.rules.iter().enumerate() {
        // These come from no syscall: their probes are told by themselves.
        let kinds: Vec<_> =
            rule.kinds.iter().filter(|kind| !matches!(kind, Kind::Sysctl | Kind::Syscalls)).collect();
        if kinds.is_empty() {
            continue;
        }
        for entry in entries(rule)? {
            let needed = compiled.table.len() + 1;
            if needed > RULES {
                return Err(RuleError::TooMany(needed));
            }
            let bit = 1_u32 << compiled.table.len();
            compiled.asked.extend(kinds.iter().map(|kind| (**kind, bit)));
            for condition in &rule.conditions {
                if let Condition::Executable(path) = condition {
                    compiled.executables.push((path.clone(), bit));
                }
            }
            compiled.table.push(entry);
            compiled.origin.push(place);
        }
    }
    Ok(compiled)
}

/// `O_ACCMODE`, `O_CREAT` and `O_TRUNC` (asm-generic/fcntl.h).
const WRITES: u64 = 0o1103;
/// `PROT_EXEC` (asm-generic/mman-common.h).
const PROT_EXEC: u64 = 4;

fn entries(rule: &Rule) -> Result<Vec<abi::Rule>, RuleError> {
    let mut entries = vec![abi::Rule::default()];
    for condition in &rule.conditions {
        let each = |entries: &mut Vec<abi::Rule>, change: &dyn Fn(&mut abi::Rule)| {
            entries.iter_mut().for_each(change);
        };
        match condition {
            Condition::Success => each(&mut entries, &|entry| entry.flags |= rule_flags::SUCCESS),
            Condition::Executable(_) => each(&mut entries, &|entry| entry.flags |= rule_flags::EXECUTABLE),
            Condition::Read => each(&mut entries, &|entry| compare(entry, u32::from(NO_ARG), WRITES, 0)),
            Condition::NoExec => each(&mut entries, &|entry| compare(entry, u32::from(NO_ARG), PROT_EXEC, 0)),
            Condition::Argument { index, values } => {
                entries = entries
                    .iter()
                    .flat_map(|entry| {
                        values.iter().map(|value| {
                            let mut entry = *entry;
                            compare(&mut entry, u32::from(*index), u64::MAX, *value);
                            entry
                        })
                    })
                    .collect();
            }
            Condition::Path(path) => {
                let (bytes, mask) = path_words(path)?;
                each(&mut entries, &|entry| {
                    entry.flags |= rule_flags::PATH;
                    (entry.path, entry.path_mask) = (bytes, mask);
                });
            }
        }
    }
    Ok(entries)
}

fn compare(entry: &mut abi::Rule, argument: u32, mask: u64, value: u64) {
    entry.flags |= rule_flags::ARGUMENT;
    (entry.argument, entry.mask, entry.value) = (argument, mask, value);
}

type Words = [u64; RULE_PATH / 8];

/// The prefix leaf first, as it ends a record's path, and which bytes count.
fn path_words(path: &str) -> Result<(Words, Words), RuleError> {
    let mut bytes = vec![0];
    for component in path.split('/').filter(|component| !component.is_empty()).rev() {
        bytes.extend_from_slice(component.as_bytes());
        bytes.push(0);
    }
    if bytes.len() > RULE_PATH {
        return Err(RuleError::TooLong { path: path.to_owned(), most: MOST - 1 });
    }
    let begin = RULE_PATH - bytes.len();
    let mut value = [0; RULE_PATH];
    let mut mask = [0; RULE_PATH];
    value[begin..].copy_from_slice(&bytes);
    mask[begin..].fill(u8::MAX);
    let words = |bytes: [u8; RULE_PATH]| zerocopy::transmute!(bytes);
    Ok((words(value), words(mask)))
}

/// How the probes name a file: device in the kernel's form, inode. `None` if it is not there.
#[must_use]
pub fn device_and_inode(path: &Path) -> Option<[u64; 2]> {
    let metadata = fs::metadata(path).ok()?;
    let device = metadata.dev();
    let (major, minor) = (u64::from(rustix::fs::major(device)), u64::from(rustix::fs::minor(device)));
    Some([major << 20 | minor, metadata.ino()])
}

#[cfg(test)]
mod tests {
    use zerocopy::IntoBytes as _;

    use super::*;

    fn filter(rules: &[&str]) -> Filter {
        Filter { rules: rules.iter().map(|text| text.parse().unwrap()).collect() }
    }

    #[test]
    fn a_prefix_stands_leaf_first_at_the_end() {
        let compiled = compile(&filter(&["open path=/usr/lib"])).unwrap();
        let entry = compiled.table[0];
        assert!(entry.path.as_bytes().ends_with(b"\0\0lib\0usr\0"));
        assert_eq!(entry.path_mask.as_bytes().iter().filter(|byte| **byte != 0).count(), 9);
        let long = format!("open path=/{}", "x".repeat(RULE_PATH));
        assert!(matches!(compile(&filter(&[&long])), Err(RuleError::TooLong { .. })));
    }

    #[test]
    fn a_list_of_values_is_an_entry_each_and_all_are_asked() {
        let compiled = compile(&filter(&["syscalls", "ptrace,bpf arg1=1,2", "open exe=/bin/sh"])).unwrap();
        assert_eq!(compiled.table.iter().map(|entry| entry.value).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(compiled.origin, [1, 1, 2]);
        assert_eq!((compiled.asked(Kind::Bpf), compiled.asked(Kind::Open)), (0b11, 0b100));
        assert_eq!(compiled.executables, [("/bin/sh".into(), 0b100)]);
    }

    #[test]
    fn more_than_the_kernel_holds_is_refused() {
        let values: Vec<_> = (0..40).map(|value| value.to_string()).collect();
        let text = format!("bpf arg1={}", values.join(","));
        assert!(matches!(compile(&filter(&[&text])), Err(RuleError::TooMany(_))));
    }
}
