//! Calls of the kernel class, by kind.

use abi::{Syscall, SyscallBody};
use event::{Event, Kind};

use super::{ConvertError, Converter};
use crate::{
    decode::Record,
    process::{Identity, Output},
};

/// A call with all that a kind needs to be made of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// Which.
    pub(super) syscall: &'static Syscall,
    /// Its parts.
    pub(super) record: &'a Record<'a>,
    /// Its arguments.
    pub(super) body: SyscallBody,
    /// Who.
    pub(super) id: Identity,
}

impl Converter {
    pub(super) fn call(
        &mut self,
        kind: Kind,
        call: Call<'_>,
        out: &mut Output,
    ) -> Result<Event, ConvertError> {
        match kind {
            Kind::Ptrace => Ok(self.ptrace(&call, out)),
            Kind::Setrlimit => Ok(self.setrlimit(&call, out)),
            Kind::Prctl => Ok(self.prctl(&call, out)),
            Kind::Mmap | Kind::Mprotect | Kind::Splice => Ok(self.memory(kind, &call, out)),
            _ => Err(ConvertError::Unknown { kind: call.record.header.kind, nr: call.record.header.nr }),
        }
    }
}
