//! Beginnings, images, ends, and changes of credentials.

use abi::{PartTag, exec_flags, header_flags, part_flags};
use event::{Detail, Event, Image, Kind};

use super::{
    Converter,
    cgroup::settled,
    event,
    parts::{credentials, file_seen, text, walk},
};
use crate::{
    decode::{Body, Record},
    enrich::{View, join},
    process::{ExecFacts, ForkFacts, Identity, Output, arguments, display, environment},
};

impl Converter {
    pub(super) fn fork(
        &mut self,
        record: &Record<'_>,
        body: &abi::ForkBody,
        id: Identity,
        out: &mut Output,
    ) -> Event {
        let facts = ForkFacts {
            creator: (body.creator_tgid, body.creator_start),
            comm: text(record, PartTag::Comm),
            credentials: credentials(record),
            cgroup: record.path(PartTag::Cgroup).map(|walked| settled(id.tgid, 0, &display(&walked.path))),
        };
        let id = Identity { ppid: body.parent_tgid, ..id };
        event(id, Kind::Fork, self.table.fork(id, facts, out))
    }

    pub(super) fn exit(&mut self, status: u32, id: Identity, out: &mut Output) -> Event {
        let context = self.table.exit(id, status, out);
        Event { detail: Detail::Exit { status }, ..event(id, Kind::Exit, context) }
    }

    pub(super) fn credentials(
        &mut self,
        record: &Record<'_>,
        id: Identity,
        kind: Kind,
        out: &mut Output,
    ) -> Event {
        let mut after = credentials(record).unwrap_or_default();
        let context = self.table.credentials(id, &mut after, out);
        Event { detail: Detail::Credentials(Box::new(after)), ..event(id, kind, context) }
    }

    pub(super) fn exec(&mut self, record: &Record<'_>, id: Identity, out: &mut Output) -> Event {
        let Body::Exec(body) = &record.body else { return event(id, Kind::Exec, 0) };
        let filename = record.part(PartTag::Filename).map(|(bytes, _)| bytes).unwrap_or_default();
        let facts = record.facts();
        let namespace = facts.map_or(0, |facts| facts.mount_namespace);
        let foreign = self.table.moved(id, namespace);
        let view = foreign.map_or(View::Own, |namespace| View::Foreign { pid: id.tgid, namespace });
        let mut file = file_seen(record).unwrap_or_default();
        self.files.place(view, &mut file);
        let (executable, interpreter) = if body.flags & exec_flags::INTERPRETED == 0 {
            (file, None)
        } else {
            // The kernel keeps the interpreter only; the script is what the caller named.
            let base = record.path(PartTag::Base).map(|walked| walk(&walked)).unwrap_or_default();
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
}
