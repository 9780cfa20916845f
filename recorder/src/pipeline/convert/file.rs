//! File calls.

use abi::{PartTag, facts_flags};
use event::{Event, Kind};

use super::{
    Converter, event,
    parts::{facts_of, named, walk},
};
use crate::{
    decode::Record,
    enrich::{FileCall, View},
    process::{Identity, Output},
};

impl Converter {
    pub(super) fn file(
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
