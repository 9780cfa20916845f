//! One record into one event, with whatever contexts it begins.

mod bpf;
mod call;
mod cgroup;
mod file;
mod memory;
mod module;
mod packet;
mod parts;
mod process;
mod selinux;
mod signal;
mod socket;
mod sysctl;
mod task;
#[cfg(test)]
mod tests;
mod uses;

use abi::{Handler, PartTag, RecordKind, header_flags};
use event::{Detail, Event, Kind, event_flags};

use self::{call::Call, packet::Origin, parts::text, uses::Uses};
use crate::{
    clock::Clock,
    decode::{Body, Record},
    enrich::{FileEnricher, ModuleNames, Watched},
    process::{Identity, Output, PidNamespaces, ProcessTable},
};

/// Why a record did not become an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// A syscall or kind that this release does not know.
    #[error("unknown record kind {kind} or syscall {nr}")]
    Unknown {
        /// Of the header.
        kind: u16,
        /// Of the header.
        nr: u32,
    },
    /// The body does not fit the kind.
    #[error("the record lacks what its kind needs")]
    Incomplete,
}

/// Everything that turns records into events.
#[derive(Debug)]
pub struct Converter {
    /// Who is who.
    pub table: ProcessTable,
    /// What is known of files.
    pub files: FileEnricher,
    /// Names of modules, where the kernel does not tell them.
    pub modules: ModuleNames,
    /// Packets of which more is to come.
    pub packets: Watched<Origin>,
    uses: Uses,
    pids: PidNamespaces,
}

impl Converter {
    /// One that knows no more than the table.
    #[must_use]
    pub fn new(table: ProcessTable) -> Self {
        Self {
            table,
            files: FileEnricher::default(),
            modules: ModuleNames::default(),
            packets: Watched::default(),
            uses: Uses::default(),
            pids: PidNamespaces::default(),
        }
    }

    /// What is done once a second: budgets are filled again, and what was put together is told.
    pub fn every_second(&mut self, out: &mut Output) {
        self.uses.flush(out);
        self.pids.refill();
    }

    /// Converts a record; `None` if it told only who is who.
    ///
    /// # Errors
    /// If the record is of a kind that is not known or lacks its body: it is then counted as lost.
    pub fn convert(
        &mut self,
        record: &Record<'_>,
        clock: Clock,
        out: &mut Output,
    ) -> Result<Option<Event>, ConvertError> {
        let header = record.header;
        let id = Identity {
            tgid: header.tgid,
            tid: header.tid,
            start: header.start,
            ppid: header.ppid,
            time: clock.wall_of(header.time),
        };
        let unknown = ConvertError::Unknown { kind: header.kind, nr: header.nr };
        let kind = RecordKind::from_number(header.kind).ok_or(unknown)?;
        match (kind, &record.body) {
            (RecordKind::Fork, Body::Fork(body)) => Ok(Some(self.fork(record, body, id, out))),
            (RecordKind::Exec, Body::Exec(_)) => {
                self.uses.tell(id.tgid, out);
                Ok(Some(self.exec(record, id, out)))
            }
            (RecordKind::Exit, Body::Exit(body)) => {
                self.uses.tell(id.tgid, out);
                Ok(Some(self.exit(body.status, id, out)))
            }
            (RecordKind::Rename, Body::Rename) => {
                self.table.rename(id, &text(record, PartTag::Comm), out);
                Ok(None)
            }
            (RecordKind::FirstUse, Body::FirstUse(number)) => {
                let (context, _) = self.table.acting(id, out);
                self.uses.add(id, context, *number, out);
                Ok(None)
            }
            (RecordKind::Signal, Body::Signal(body)) => {
                let mut event = self.signal(body, header, id, out);
                event.retval = header.ret;
                event.flags |= flags(header.flags);
                Ok(Some(event))
            }
            (RecordKind::Sysctl, Body::Sysctl(body)) => Ok(Some(self.sysctl(record, *body, id, out))),
            (RecordKind::Cgroup, Body::Cgroup(body)) => Ok(Some(self.cgroup(record, *body, id, out))),
            (_, Body::Syscall(body)) => {
                let syscall = abi::syscall(header.nr).ok_or(unknown)?;
                let kind = Kind::from_name(syscall.event).ok_or(unknown)?;
                let mut event = match syscall.handler {
                    Handler::Credentials => self.credentials(record, id, kind, out),
                    Handler::Socket => self.socket(record, id, kind, syscall, out),
                    Handler::File | Handler::Mount => {
                        self.file(record, id, kind, syscall.name, body.args, out)
                    }
                    Handler::Bpf => self.bpf(Call { syscall, record, body: *body, id }, out),
                    Handler::Module => self.module(kind, Call { syscall, record, body: *body, id }, out),
                    Handler::Selinux => self.selinux(Call { syscall, record, body: *body, id }, out)?,
                    Handler::Call | Handler::Memory => {
                        self.call(kind, Call { syscall, record, body: *body, id }, out)?
                    }
                    // Its records are of another kind.
                    Handler::Signal => return Err(ConvertError::Incomplete),
                };
                event.retval = header.ret;
                event.flags |= flags(header.flags);
                Ok(Some(event))
            }
            _ => Err(ConvertError::Incomplete),
        }
    }
}

/// [`event_flags`] of [`header_flags`].
const fn flags(header: u32) -> u32 {
    let compat = if header & header_flags::COMPAT != 0 { event_flags::COMPAT } else { 0 };
    let asynchronous = if header & header_flags::ASYNC != 0 { event_flags::ASYNC } else { 0 };
    compat | asynchronous
}

fn event(id: Identity, kind: Kind, context: event::ContextId) -> Event {
    Event {
        time: id.time,
        kind,
        context,
        tid: id.tid,
        retval: 0,
        flags: 0,
        file: None,
        destination: None,
        detail: Detail::None,
    }
}
