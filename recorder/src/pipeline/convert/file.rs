//! File calls.

use abi::{PartTag, facts_flags};
use event::{Event, Kind, file_flags};

use super::{
    Converter, event,
    parts::{facts_of, named, text, walk},
};
use crate::{
    decode::Record,
    enrich::{FileCall, NewMount, Seen, View},
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
        let (context, mut foreign) = self.table.acting(id, out);
        let facts = record.facts();
        if let Some(facts) = facts.filter(|facts| facts.mount_namespace != 0) {
            // The namespace that the task is in now: it may have moved since its exec.
            foreign = self.table.moved(id, facts.mount_namespace);
        }
        let new_mount = record.path(PartTag::MountRoot).map(|root| NewMount {
            root: walk(&root),
            device: facts.map_or(0, |facts| facts.device),
            covered: record.covered().as_ref().map(facts_of),
        });
        let call = FileCall {
            kind,
            syscall,
            args,
            ret: record.header.ret,
            caller: (id.tgid, id.tid),
            time: id.time,
            seen: record.path(PartTag::Path).map(|walked| Seen {
                walk: walk(&walked),
                facts: facts.as_ref().map(facts_of),
                flags: facts.map_or(0, |facts| file_flags_of(facts.flags)),
            }),
            first: named(record, PartTag::Base, PartTag::Arg),
            second: named(record, PartTag::Base2, PartTag::Arg2),
            mount: new_mount,
            text: text(record, PartTag::Text),
            text2: text(record, PartTag::Text2),
            memory: record.part(PartTag::Memory).map(|(bytes, _)| bytes.to_vec()).unwrap_or_default(),
            view: foreign.map_or(View::Own, |namespace| View::Foreign { pid: id.tgid, namespace }),
        };
        let enriched = self.files.enrich(&call);
        Event {
            file: Some(enriched.file),
            destination: enriched.destination.map(Box::new),
            detail: enriched.detail,
            ..event(id, kind, context)
        }
    }
}

/// What the probe says of an object, in the model's words.
fn file_flags_of(seen: u32) -> u32 {
    [
        (facts_flags::CREATED, file_flags::CREATED),
        (facts_flags::UPPER, file_flags::UPPER_LAYER),
        (facts_flags::LOWER, file_flags::LOWER_LAYER),
    ]
    .into_iter()
    .filter(|(bit, _)| seen & bit != 0)
    .fold(0, |flags, (_, flag)| flags | flag)
}
