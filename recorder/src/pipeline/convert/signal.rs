//! Signals.

use abi::{Header, SignalBody, header_flags, signal_calls as calls};
use event::{Detail, Event, Kind};

use super::{Converter, event};
use crate::process::{Identity, Output, PidNamespaces};

impl Converter {
    pub(super) fn signal(
        &mut self,
        body: &SignalBody,
        header: Header,
        id: Identity,
        out: &mut Output,
    ) -> Event {
        let (context, _) = self.table.acting(id, out);
        let (pid, target) = if body.target_start != 0 {
            let pid = body.target_tgid;
            (
                pid.cast_signed(),
                self.table.other_exact(pid, body.target_start).or_else(|| self.table.other(pid)),
            )
        } else if body.target_tgid != 0 {
            (body.target_tgid.cast_signed(), self.table.other(body.target_tgid))
        } else {
            let foreign = header.flags & header_flags::PID_NAMESPACE != 0;
            self.passed(header.nr, body.passed, id.tgid, foreign)
        };
        Event {
            detail: Detail::Signal { signal: body.signal, pid, target },
            ..event(id, Kind::Signal, context)
        }
    }

    /// Whom a call that failed or only asked was about, by what was passed.
    fn passed(
        &mut self,
        nr: u32,
        passed: i32,
        caller: u32,
        foreign: bool,
    ) -> (i32, Option<event::ContextId>) {
        // A descriptor of a process that nobody could tell, and groups.
        if nr == calls::PIDFD_SEND_SIGNAL {
            return (0, None);
        }
        let Some(number) = u32::try_from(passed).ok().filter(|number| *number != 0) else {
            return (passed, None);
        };
        let pid = if foreign { self.pids.find(caller, number) } else { Some(number) };
        let pid = match nr {
            calls::TKILL => pid.map(|tid| PidNamespaces::of_thread(tid).unwrap_or(tid)),
            _ => pid,
        };
        match pid {
            Some(pid) => (pid.cast_signed(), self.table.other(pid)),
            None => (passed, None),
        }
    }

    /// A process by the number that a caller passed: 0 is the caller. Its number in the initial namespace, or as passed
    /// if that is unknown, and its state.
    pub(super) fn by_number(
        &mut self,
        passed: i32,
        header: Header,
        context: event::ContextId,
    ) -> (i32, Option<event::ContextId>) {
        let own = header.tgid;
        if passed == 0 {
            return (own.cast_signed(), Some(context));
        }
        let Ok(number) = u32::try_from(passed) else { return (passed, None) };
        let found = if header.flags & header_flags::PID_NAMESPACE == 0 {
            Some(number)
        } else {
            self.pids.find(own, number)
        };
        let Some(pid) = found else { return (passed, None) };
        // Threads are named by these calls as well.
        let pid =
            if self.table.other(pid).is_none() { PidNamespaces::of_thread(pid).unwrap_or(pid) } else { pid };
        (pid.cast_signed(), if pid == own { Some(context) } else { self.table.other(pid) })
    }
}
