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
    #[expect(clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "the kinds that come need them")]
    pub(super) fn call(
        &mut self,
        kind: Kind,
        call: Call<'_>,
        _out: &mut Output,
    ) -> Result<Event, ConvertError> {
        let _ = (call.syscall, call.body, call.id);
        match kind {
            _ => Err(ConvertError::Unknown { kind: call.record.header.kind, nr: call.record.header.nr }),
        }
    }
}
