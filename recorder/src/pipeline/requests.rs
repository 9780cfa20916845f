//! Requests through `io_uring`: joins what was asked for and what came of it into one record, which then goes the way of
//! the syscall's own.
//!
//! A request of which no completion is seen is told all the same: as successful if it was to complete silently and
//! nothing else was heard for [`limits::REQUEST_SILENT`] (a failure is never silent), else with EINPROGRESS, as what it
//! still was when it was last heard of.

use std::collections::{BTreeMap, HashMap};

use abi::{ALIGN, Handler, Header, PartTag, RecordKind, Request, SyscallBody, header_flags, request_flags};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::{decode, limits};

const EINPROGRESS: i64 = 115;
/// accept4 in the x86-64 table.
const ACCEPT4: u32 = 288;

/// Requests that have not completed, by age.
#[derive(Debug, Default)]
pub struct Requests {
    waiting: BTreeMap<(u64, u64), Waiting>,
    /// Time of submission, by the kernel's request.
    places: HashMap<u64, u64>,
    bytes: usize,
    unfinished: u64,
}

#[derive(Debug)]
struct Waiting {
    tgid: u32,
    nr: u32,
    silent: bool,
    /// The record of the submission.
    bytes: Box<[u8]>,
}

impl Requests {
    /// Takes a record in the order of time, and hands on what is ready.
    pub fn pass(&mut self, bytes: Box<[u8]>, on: &mut impl FnMut(&[u8])) {
        let kind = Header::read_from_prefix(&bytes)
            .ok()
            .and_then(|(header, _)| Some((RecordKind::from_number(header.kind)?, header)));
        match kind {
            Some((RecordKind::Submission, header)) => self.submitted(header, bytes, on),
            Some((RecordKind::Completion, header)) => self.completed(header, &bytes, on),
            Some((RecordKind::Exit, header)) => {
                self.tell_all(&mut |_, waiting| waiting.tgid == header.tgid, on);
                on(&bytes);
            }
            _ => on(&bytes),
        }
    }

    /// Tells what has waited too long at a time since boot; all of it at the end of the recording.
    pub fn expire(&mut self, now: u64, last: bool, on: &mut impl FnMut(&[u8])) {
        let nanos = |limit: std::time::Duration| u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        let (silent, other) = (nanos(limits::REQUEST_SILENT), nanos(limits::REQUEST));
        self.tell_all(
            &mut |submitted, waiting| {
                let limit = if waiting.silent { silent } else { other };
                // An accept may wait for as long as nobody connects.
                last || (now.saturating_sub(submitted) > limit && waiting.nr != ACCEPT4)
            },
            on,
        );
    }

    /// Requests of which the result is not known.
    #[must_use]
    pub const fn unfinished(&self) -> u64 {
        self.unfinished
    }

    fn submitted(&mut self, header: Header, bytes: Box<[u8]>, on: &mut impl FnMut(&[u8])) {
        let Some(request) = request_of(&bytes) else { return };
        if let Some(before) = self.places.get(&request.request).copied() {
            // The kernel uses it again, so that the one before has ended.
            self.tell((before, request.request), on);
        }
        self.bytes += bytes.len();
        self.places.insert(request.request, request.submitted);
        let silent = request.flags & request_flags::SILENT != 0;
        let waiting = Waiting { tgid: header.tgid, nr: header.nr, silent, bytes };
        self.waiting.insert((request.submitted, request.request), waiting);
        while self.waiting.len() > limits::REQUESTS || self.bytes > limits::REQUEST_BYTES {
            let Some((place, _)) = self.waiting.first_key_value() else { return };
            self.tell(*place, on);
        }
    }

    fn completed(&mut self, header: Header, bytes: &[u8], on: &mut impl FnMut(&[u8])) {
        let Some(request) = request_of(bytes) else { return };
        // One that is not there was told already, or its submission was lost and counted.
        if let Some(waiting) = self.take((request.submitted, request.request)) {
            on(&joined(&waiting.bytes, parts(bytes), header.time, header.ret));
        }
    }

    fn tell_all(&mut self, which: &mut dyn FnMut(u64, &Waiting) -> bool, on: &mut impl FnMut(&[u8])) {
        if self.waiting.is_empty() {
            return;
        }
        let places: Vec<_> = self
            .waiting
            .iter()
            .filter(|(place, waiting)| which(place.0, waiting))
            .map(|(place, _)| *place)
            .collect();
        for place in places {
            self.tell(place, on);
        }
    }

    /// Tells a request without its completion.
    fn tell(&mut self, place: (u64, u64), on: &mut impl FnMut(&[u8])) {
        let Some(waiting) = self.take(place) else { return };
        if !waiting.silent {
            self.unfinished += 1;
            if waiting.nr == ACCEPT4 {
                // Nothing has happened.
                return;
            }
        }
        on(&joined(&waiting.bytes, &[], place.0, if waiting.silent { 0 } else { -EINPROGRESS }));
    }

    fn take(&mut self, place: (u64, u64)) -> Option<Waiting> {
        let waiting = self.waiting.remove(&place)?;
        self.places.remove(&place.1);
        self.bytes -= waiting.bytes.len();
        Some(waiting)
    }
}

fn request_of(bytes: &[u8]) -> Option<Request> {
    let record = decode::parse(bytes).ok()?;
    Request::read_from_bytes(record.part(PartTag::Request)?.0).ok()
}

fn parts(bytes: &[u8]) -> &[u8] {
    bytes.get(size_of::<Header>() + size_of::<SyscallBody>()..).unwrap_or_default()
}

/// The syscall's own record: who and what of the submission, the object of the completion before the names.
fn joined(submission: &[u8], object: &[u8], time: u64, ret: i64) -> Vec<u8> {
    let Ok((mut header, rest)) = Header::read_from_prefix(submission) else { return Vec::new() };
    let socket = abi::syscall(header.nr).is_some_and(|syscall| syscall.handler == Handler::Socket);
    header.kind = if socket { RecordKind::Socket } else { RecordKind::File } as u16;
    header.flags |= header_flags::ASYNC;
    header.time = time;
    header.ret = ret;
    let mut bytes = Vec::with_capacity(submission.len() + object.len() + ALIGN);
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(rest.get(..size_of::<SyscallBody>()).unwrap_or_default());
    bytes.extend_from_slice(object);
    // The last part's padding may be missing.
    bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
    bytes.extend_from_slice(parts(submission));
    bytes
}

#[cfg(test)]
mod tests {
    use abi::PartHeader;

    use super::*;
    use crate::decode::Record;

    const OPENAT: u32 = 257;
    const SECOND: u64 = 1_000_000_000;

    fn record(kind: RecordKind, time: u64, ret: i64, request: Request, part: (PartTag, &[u8])) -> Box<[u8]> {
        let header = Header { time, ret, kind: kind as u16, nr: OPENAT, tgid: 7, ..Header::default() };
        let mut bytes = [header.as_bytes(), SyscallBody { args: [1, 2, 3, 4, 5, 6] }.as_bytes()].concat();
        for (tag, content) in [(PartTag::Request, request.as_bytes()), part] {
            let len = u16::try_from(content.len()).unwrap();
            bytes.extend(PartHeader { tag: tag as u8, len, ..PartHeader::default() }.as_bytes());
            bytes.extend(content);
            bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        }
        bytes.into()
    }

    fn submission(request: u64, submitted: u64, flags: u32) -> Box<[u8]> {
        let request = Request { request, submitted, flags, opcode: 18 };
        record(RecordKind::Submission, submitted, 0, request, (PartTag::Arg, b"name"))
    }

    fn completion(request: u64, submitted: u64, time: u64, ret: i64) -> Box<[u8]> {
        let request = Request { request, submitted, flags: 0, opcode: 18 };
        record(RecordKind::Completion, time, ret, request, (PartTag::Path, b"name\0"))
    }

    fn told(requests: &mut Requests, records: Vec<Box<[u8]>>) -> Vec<(u64, i64)> {
        let mut told = Vec::new();
        for bytes in records {
            requests.pass(bytes, &mut |bytes| told.push(when_and_what(bytes)));
        }
        told
    }

    fn when_and_what(bytes: &[u8]) -> (u64, i64) {
        let Record { header, .. } = decode::parse(bytes).unwrap();
        (header.time, header.ret)
    }

    #[test]
    fn the_two_records_of_a_request_become_the_syscall_s_own() {
        let mut requests = Requests::default();
        let mut told = Vec::new();
        requests.pass(submission(1, 10, 0), &mut |_| panic!("told too early"));
        requests.pass(completion(1, 10, 20, 5), &mut |bytes| told.push(bytes.to_vec()));
        let record = decode::parse(&told[0]).unwrap();
        let header = record.header;
        assert_eq!((header.kind, header.flags), (RecordKind::File as u16, header_flags::ASYNC));
        assert_eq!((header.time, header.ret, header.nr, header.tgid), (20, 5, OPENAT, 7));
        assert_eq!(record.part(PartTag::Arg), Some((&b"name"[..], 0)));
        assert_eq!(record.path(PartTag::Path).unwrap().path, b"/name");
        assert_eq!(record.body, decode::Body::Syscall(SyscallBody { args: [1, 2, 3, 4, 5, 6] }));
        assert_eq!((requests.waiting.len(), requests.places.len(), requests.bytes), (0, 0, 0));
    }

    #[test]
    fn completions_of_what_is_not_known_are_not_told() {
        let mut requests = Requests::default();
        let records = vec![completion(1, 10, 20, 0), submission(1, 30, 0), completion(1, 10, 40, 0)];
        assert_eq!(told(&mut requests, records), []);
        assert_eq!(requests.waiting.len(), 1);
    }

    #[test]
    fn a_request_that_gave_way_to_another_or_outlived_its_process_is_told_without_a_result() {
        let mut requests = Requests::default();
        let records =
            vec![submission(1, 10, 0), submission(1, 20, request_flags::SILENT), submission(1, 30, 0)];
        assert_eq!(told(&mut requests, records), [(10, -EINPROGRESS), (20, 0)]);
        let header = Header { kind: RecordKind::Exit as u16, tgid: 7, time: 50, ..Header::default() };
        let exit = [header.as_bytes(), abi::ExitBody::default().as_bytes()].concat();
        assert_eq!(told(&mut requests, vec![exit.into()]), [(30, -EINPROGRESS), (50, 0)]);
        assert_eq!(requests.unfinished(), 2);
    }

    #[test]
    fn waiting_has_an_end() {
        let mut requests = Requests::default();
        let records = vec![submission(1, SECOND, request_flags::SILENT), submission(2, SECOND, 0)];
        assert_eq!(told(&mut requests, records), []);
        let mut expired = |now| {
            let mut told = Vec::new();
            requests.expire(now, false, &mut |bytes| told.push(when_and_what(bytes)));
            told
        };
        assert_eq!(expired(2 * SECOND), []);
        assert_eq!(expired(4 * SECOND), [(SECOND, 0)]);
        assert_eq!(expired(60 * SECOND), [(SECOND, -EINPROGRESS)]);
    }

    #[test]
    fn beyond_the_limit_the_oldest_is_told() {
        let mut requests = Requests::default();
        let most = limits::REQUESTS as u64;
        let records = (1..=most + 1).map(|number| submission(number, number, 0)).collect();
        assert_eq!(told(&mut requests, records), [(1, -EINPROGRESS)]);
        assert_eq!(requests.waiting.len(), limits::REQUESTS);
    }
}
