//! One record into one event, with whatever contexts it begins.

use abi::{Handler, PartTag, RecordKind, exec_flags, facts_flags, header_flags, part_flags};
use event::{Credentials, Detail, Event, FileFacts, Image, Kind};

use crate::{
    clock::Clock,
    decode::{Body, Record},
    enrich::{FileCall, FileEnricher, Named, View, Walk, file_of_walk, join, socket_address},
    process::{ExecFacts, ForkFacts, Identity, Output, ProcessTable, arguments, display, environment},
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
}

impl Converter {
    /// Converts a record.
    ///
    /// # Errors
    /// If the record is of a kind that is not known or lacks its body: it is then counted as lost.
    pub fn convert(
        &mut self,
        record: &Record<'_>,
        clock: Clock,
        out: &mut Output,
    ) -> Result<Event, ConvertError> {
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
            (RecordKind::Fork, Body::Fork(body)) => {
                let facts = ForkFacts {
                    creator: (body.creator_tgid, body.creator_start),
                    comm: text(record, PartTag::Comm),
                    credentials: credentials(record),
                };
                let id = Identity { ppid: body.parent_tgid, ..id };
                Ok(event(id, Kind::Fork, self.table.fork(id, facts, out)))
            }
            (RecordKind::Exec, Body::Exec(_)) => Ok(self.exec(record, id, out)),
            (RecordKind::Exit, Body::Exit(body)) => {
                let context = self.table.exit(id, body.status, out);
                Ok(Event { detail: Detail::Exit { status: body.status }, ..event(id, Kind::Exit, context) })
            }
            (_, Body::Syscall(body)) => {
                let syscall = abi::SYSCALLS.iter().find(|syscall| syscall.nr == header.nr).ok_or(unknown)?;
                let kind = Kind::from_name(syscall.event).ok_or(unknown)?;
                let mut event = match syscall.handler {
                    Handler::Credentials => self.credentials(record, id, kind, out),
                    Handler::Socket => {
                        let (context, _) = self.table.acting(id, out);
                        let (address, _) = record.part(PartTag::Sockaddr).unwrap_or_default();
                        let address = socket_address(address, record.socket().as_ref());
                        Event { detail: Detail::Socket(address), ..event(id, kind, context) }
                    }
                    Handler::File(_) => self.file(record, id, kind, syscall.name, body.args, out),
                };
                event.retval = header.ret;
                Ok(event)
            }
            _ => Err(ConvertError::Incomplete),
        }
    }

    fn credentials(&mut self, record: &Record<'_>, id: Identity, kind: Kind, out: &mut Output) -> Event {
        let mut after = credentials(record).unwrap_or_default();
        let context = self.table.credentials(id, &mut after, out);
        Event { detail: Detail::Credentials(Box::new(after)), ..event(id, kind, context) }
    }

    fn exec(&mut self, record: &Record<'_>, id: Identity, out: &mut Output) -> Event {
        let Body::Exec(body) = &record.body else { return event(id, Kind::Exec, 0) };
        let filename = record.part(PartTag::Filename).map(|(bytes, _)| bytes).unwrap_or_default();
        let walked = record.path(PartTag::Path).map(|walked| walk(&walked));
        let facts = record.facts();
        let namespace = facts.map_or(0, |facts| facts.mount_namespace);
        let file = walked.map(|walk| {
            let mut file = file_of_walk(&walk.path, walk.truncated, walk.detached, walk.deleted);
            if let Some(facts) = &facts {
                file.facts = Some(facts_of(facts));
                file.flags |= event::file_flags::FROM_KERNEL;
            }
            file
        });
        let file = file.unwrap_or_default();
        let (executable, interpreter) = if body.flags & exec_flags::INTERPRETED == 0 {
            (file, None)
        } else {
            // The kernel keeps the interpreter only; the script is what the caller named.
            let base = record.path(PartTag::Base).map(|walked| walk(&walked)).unwrap_or_default();
            let (_, foreign) = self.table.acting(id, out);
            let view = foreign.map_or(View::Own, |namespace| View::Foreign { pid: id.tgid, namespace });
            (
                self.files.script(view, &join(&base.path, filename), body.flags & exec_flags::FDPATH != 0),
                Some(file),
            )
        };
        let (bytes, flags) = record.part(PartTag::Args).unwrap_or_default();
        let cut = |flags: u8| flags & (part_flags::TRUNCATED | part_flags::FAULT) != 0;
        let arguments = arguments(bytes, cut(flags));
        let (bytes, flags) = record.part(PartTag::Envs).unwrap_or_default();
        let (envs, envs_truncated) = environment(bytes, cut(flags));
        let facts = ExecFacts {
            image: Image {
                executable,
                interpreter,
                argv0: arguments.argv0,
                args: arguments.args,
                args_truncated: arguments.truncated || record.header.flags & header_flags::TRUNCATED != 0,
                envs,
                envs_truncated,
            },
            comm: text(record, PartTag::Comm),
            tty: text(record, PartTag::Tty),
            credentials: credentials(record),
            cgroup: record.path(PartTag::Cgroup).map(|walked| display(&walked.path)),
            mount_namespace: namespace,
        };
        let context = self.table.exec(id, facts, out);
        Event { detail: Detail::Exec { path: display(filename) }, ..event(id, Kind::Exec, context) }
    }

    fn file(
        &mut self,
        record: &Record<'_>,
        id: Identity,
        kind: Kind,
        syscall: &'static str,
        args: [u64; 6],
        out: &mut Output,
    ) -> Event {
        const AT_REMOVEDIR: u64 = 0x200;
        let kind = if syscall == "unlinkat" && args[2] & AT_REMOVEDIR != 0 { Kind::Rmdir } else { kind };
        let (context, foreign) = self.table.acting(id, out);
        let facts = record.facts();
        let created = facts.is_some_and(|facts| facts.flags & facts_flags::CREATED != 0);
        // An object's own mount namespace is what the task is in now; it may have moved since its exec.
        let call = FileCall {
            kind,
            syscall,
            args,
            ret: record.header.ret,
            caller: (id.tgid, id.tid),
            seen: record
                .path(PartTag::Path)
                .map(|walked| (walk(&walked), facts.as_ref().map(facts_of), created)),
            first: named(record, PartTag::Base, PartTag::Arg),
            second: named(record, PartTag::Base2, PartTag::Arg2),
            view: foreign.map_or(View::Own, |namespace| View::Foreign { pid: id.tgid, namespace }),
        };
        let enriched = self.files.enrich(&call);
        Event {
            file: Some(enriched.file),
            destination: enriched.destination,
            detail: enriched.detail,
            ..event(id, kind, context)
        }
    }
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

fn walk(walked: &crate::decode::WalkedPath) -> Walk {
    Walk {
        path: walked.path.clone(),
        truncated: walked.flags & (part_flags::TRUNCATED | part_flags::FAULT) != 0,
        detached: walked.flags & part_flags::DETACHED != 0,
        deleted: walked.flags & part_flags::DELETED != 0,
    }
}

fn named(record: &Record<'_>, base: PartTag, arg: PartTag) -> Option<Named> {
    let (bytes, flags) = record.part(arg)?;
    Some(Named {
        base: record.path(base).map(|walked| walk(&walked)).unwrap_or_default(),
        arg: bytes.to_vec(),
        fault: flags & (part_flags::FAULT | part_flags::TRUNCATED) != 0,
    })
}

fn text(record: &Record<'_>, tag: PartTag) -> String {
    record.part(tag).map(|(bytes, _)| display(bytes)).unwrap_or_default()
}

fn credentials(record: &Record<'_>) -> Option<Credentials> {
    let seen = record.credentials()?;
    Some(Credentials {
        uid: seen.uid,
        gid: seen.gid,
        euid: seen.euid,
        egid: seen.egid,
        fsuid: seen.fsuid,
        fsgid: seen.fsgid,
        cap_effective: seen.cap_effective,
        cap_permitted: seen.cap_permitted,
        auid: seen.auid,
        session: seen.session,
        ..Credentials::default()
    })
}

fn facts_of(seen: &abi::FileFacts) -> FileFacts {
    let name = seen.filesystem.split(|byte| *byte == 0).next().unwrap_or_default();
    FileFacts {
        inode: seen.inode,
        mode: seen.mode,
        uid: seen.uid,
        gid: seen.gid,
        mtime: seen.mtime,
        ctime: seen.ctime,
        mount_id: seen.mount_id,
        filesystem: display(name),
        ..FileFacts::default()
    }
}
