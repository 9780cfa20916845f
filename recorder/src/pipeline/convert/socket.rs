//! Socket calls.

use abi::{PartTag, Syscall};
use event::{Detail, Event, Kind};

use super::{Converter, event};
use crate::{
    decode::Record,
    enrich::socket_address,
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
        let (address, _) = record.part(PartTag::Sockaddr).unwrap_or_default();
        let address = socket_address(address, record.socket().as_ref());
        Event { detail: Detail::Socket(address), ..event(id, kind, context) }
    }
}
