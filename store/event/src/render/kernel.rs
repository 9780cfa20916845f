//! `bpf`, `mmap`, `mprotect`, `module`, `splice`, `selinux`, `syscalls`.

use std::fmt;

use serde::{Serialize, Serializer};

use super::object::Object;
use super::{Hex, words};
use crate::{Bpf, BpfMap, BpfProgram, Detail, Kind, Selinux};

/// An address, `0x` and hexadecimal digits.
pub(super) struct Address(pub(super) u64);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// `bpf`.
pub(super) struct BpfJson<'a>(pub(super) &'a Bpf);

impl Serialize for BpfJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Bpf { command, map, program } = self.0;
        let mut object = Object::open(serializer)?;
        object.put("cmd", words::command(*command))?;
        object.some("map", map.as_ref().map(Map))?;
        object.some("program", program.as_ref().map(Program))?;
        object.end()
    }
}

struct Map<'a>(&'a BpfMap);

impl Serialize for Map<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.text("name", &self.0.name)?;
        object.text("map_type", words::map_type(self.0.kind))?;
        object.end()
    }
}

struct Program<'a>(&'a BpfProgram);

impl Serialize for Program<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let program = self.0;
        let mut object = Object::open(serializer)?;
        object.text("name", &program.name)?;
        // No program has this tag: it is one that was not loaded.
        object.some("tag", (program.tag != [0; 8]).then_some(Hex(&program.tag)))?;
        object.text("program_type", words::program_type(program.kind))?;
        object.text("attach_type", words::attach_type(program.attach, program.kind))?;
        let helpers: Vec<_> = program.helpers.iter().map(|helper| words::helper(*helper)).collect();
        object.list("helpers", &helpers)?;
        object.end()
    }
}

/// The objects that are little more than the numbers of a detail, in words.
pub(super) enum Plain<'a> {
    Mmap { address: u64, offset: u64, length: u64, protection: u32, flags: u32 },
    Mprotect { start: u64, end: u64, before: Option<u64>, requested: u64 },
    Splice { entry: Option<u32>, exit: Option<u32> },
    Module { name: &'a str, load: Option<(bool, &'a [String], bool)> },
    Selinux(&'a Selinux),
}

impl<'a> Plain<'a> {
    /// The member of the event, and what it holds.
    pub(super) fn of(kind: Kind, detail: &'a Detail) -> Option<(&'static str, Self)> {
        Some(match detail {
            Detail::Mmap { address, offset, length, protection, flags } => {
                let (address, offset, length) = (*address, *offset, *length);
                ("mmap", Self::Mmap { address, offset, length, protection: *protection, flags: *flags })
            }
            Detail::Mprotect { start, end, before, requested, area_start, area_end } => {
                // The schema means the area that the kernel found, not the part of it that was asked for.
                let (start, end) = if *area_end == 0 { (*start, *end) } else { (*area_start, *area_end) };
                ("mprotect", Self::Mprotect { start, end, before: *before, requested: *requested })
            }
            Detail::Splice { entry, exit, .. } => ("splice", Self::Splice { entry: *entry, exit: *exit }),
            Detail::Module { name, from_memory, args, args_truncated, .. } => {
                let load = (kind == Kind::LoadModule).then_some((*from_memory, &**args, *args_truncated));
                ("module", Self::Module { name, load })
            }
            Detail::Selinux(change) => ("selinux", Self::Selinux(change)),
            _ => return None,
        })
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        match self {
            Self::Mmap { address, offset, length, protection, flags } => {
                object.put("address", &Address(*address))?;
                object.put("offset", offset)?;
                object.put("length", length)?;
                object.put("protection", &words::protection(*protection))?;
                object.put("flags", &words::map_flags(*flags))?;
            }
            Self::Mprotect { start, end, before, requested } => {
                object.put("vm_start", &Address(*start))?;
                object.put("vm_end", &Address(*end))?;
                object.put("vm_protection", &before.map(words::vm_flags).unwrap_or_default())?;
                object.put("req_protection", &words::requested_vm_flags(*requested))?;
            }
            Self::Splice { entry, exit } => {
                object.put("pipe_entry_flag", &entry.map(words::pipe_flags).unwrap_or_default())?;
                object.put("pipe_exit_flag", &exit.map(words::pipe_flags).unwrap_or_default())?;
            }
            Self::Module { name, load } => {
                object.put("name", name)?;
                if let Some((from_memory, args, truncated)) = load {
                    object.put("loaded_from_memory", from_memory)?;
                    object.list("argv", args)?;
                    object.put("args_truncated", truncated)?;
                }
            }
            Self::Selinux(change) => match change {
                Selinux::Bool { name, on } => object.put("bool", &Bool { name, on: *on })?,
                Selinux::Enforce(Some(true)) => object.put("enforce", &Status("enforcing"))?,
                Selinux::Enforce(Some(false)) => object.put("enforce", &Status("permissive"))?,
                Selinux::Enforce(None) => object.put("enforce", &Status(""))?,
                Selinux::Disable => object.put("enforce", &Status("disabled"))?,
                Selinux::Commit(state) => object.put("bool_commit", &Commit { state: *state })?,
            },
        }
        object.end()
    }
}

struct Bool<'a> {
    name: &'a str,
    on: Option<bool>,
}

impl Serialize for Bool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.text("name", self.name)?;
        object.put(
            "state",
            match self.on {
                Some(true) => "on",
                Some(false) => "off",
                None => "error",
            },
        )?;
        object.end()
    }
}

struct Status(&'static str);

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.text("status", self.0)?;
        object.end()
    }
}

#[derive(Serialize)]
struct Commit {
    state: bool,
}

/// `syscalls`.
pub(super) struct Syscalls<'a>(pub(super) &'a [u32]);

impl<'a> Syscalls<'a> {
    pub(super) fn of(detail: &'a Detail) -> Option<Self> {
        match detail {
            Detail::Syscalls { numbers } => Some(Self(numbers)),
            _ => None,
        }
    }
}

impl Serialize for Syscalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(self.0.iter().map(|number| Syscall { name: words::syscall(*number), id: *number }))
    }
}

#[derive(Serialize)]
struct Syscall {
    name: std::borrow::Cow<'static, str>,
    id: u32,
}
