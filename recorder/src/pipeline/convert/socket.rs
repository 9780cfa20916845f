//! Socket calls.

use abi::{PartTag, Syscall, SyscallBody};
use event::{Detail, Event, Kind, SocketAddress};

use super::{Converter, event};
use crate::{
    decode::{Body, Record},
    enrich::{accepted, local_end, socket_address, unix_path},
    process::{Identity, Output},
};

impl Converter {
    pub(super) fn socket(
        &mut self,
        record: &Record<'_>,
        id: Identity,
        kind: Kind,
        _syscall: &'static Syscall,
        out: &mut Output,
    ) -> Event {
        let (context, _) = self.table.acting(id, out);
        Event { detail: detail(record, kind), ..event(id, kind, context) }
    }
}

fn detail(record: &Record<'_>, kind: Kind) -> Detail {
    let facts = record.socket();
    let name = |tag| record.part(tag).map(|(bytes, _)| bytes);
    let local_name = name(PartTag::LocalName);
    let mut address = match kind {
        Kind::Setsockopt => local_end(local_name, facts.as_ref()),
        Kind::Accept => accepted(name(PartTag::PeerName), facts.as_ref(), record.header.ret < 0),
        _ => socket_address(name(PartTag::Sockaddr).unwrap_or_default(), facts.as_ref()),
    };
    address.local_path = local_name.map(unix_path).unwrap_or_default();
    match (kind, record.body) {
        (Kind::Setsockopt, Body::Syscall(body)) => option(record, &body, address),
        _ => Detail::Socket(Box::new(address)),
    }
}

fn option(record: &Record<'_>, body: &SyscallBody, socket: SocketAddress) -> Detail {
    // Arguments are `int` in the kernel: the upper half of a register means nothing.
    let arg = |index: usize| u32::try_from(body.args[index] & u64::from(u32::MAX)).unwrap_or(0);
    Detail::Setsockopt {
        level: arg(1).cast_signed(),
        option: arg(2).cast_signed(),
        value: record.part(PartTag::Memory).map(|(bytes, _)| bytes.to_vec()).unwrap_or_default(),
        length: arg(4),
        socket: Box::new(socket),
    }
}
