//! Packets put together to messages: questions to name servers, over UDP and TCP, and talk with a metadata service.

use std::collections::HashMap;

use crate::{
    enrich::{
        dns::{FIRST_QUESTION, Question, question},
        http::{head, may_begin},
        imds::{ImdsMessage, imds},
    },
    limits,
};

/// A packet's payload.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The socket.
    pub cookie: u64,
    /// Received, not sent.
    pub ingress: bool,
    /// TCP sequence number of the first byte; `None` over UDP.
    pub sequence: Option<u32>,
    /// What was copied of the payload.
    pub bytes: &'a [u8],
    /// Bytes of the whole payload.
    pub payload: u32,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A question, and the bytes of its message.
    Dns(Question, u32),
    /// A request or an answer.
    Imds(Box<ImdsMessage>),
}

/// What was not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// Messages to port 53 that hold no question that can be read, and those of which a part was not seen.
    pub unread: u64,
}

/// The connections that are followed. `T` is what a packet's event is made of beside the message.
#[derive(Debug)]
pub struct Watched<T> {
    dns: Connections<DnsStream>,
    talks: Connections<Talk<T>>,
    counts: PacketCounts,
}

impl<T> Default for Watched<T> {
    fn default() -> Self {
        Self { dns: Connections::default(), talks: Connections::default(), counts: PacketCounts::default() }
    }
}

impl<T: Clone> Watched<T> {
    /// Counts so far.
    #[must_use]
    pub const fn counts(&self) -> PacketCounts {
        self.counts
    }

    /// A packet to a name server.
    pub fn dns(&mut self, segment: &Segment<'_>, of: &T, out: &mut Vec<(T, Told)>) {
        let Some(sequence) = segment.sequence else {
            match question(segment.bytes) {
                Ok(question) => out.push((of.clone(), Told::Dns(question, segment.payload))),
                Err(_) => self.counts.unread += 1,
            }
            return;
        };
        let (stream, dropped) = self.dns.of(segment.cookie);
        let mut found = Vec::new();
        let unread = stream.take(sequence, segment, &mut found);
        out.extend(found.into_iter().map(|(question, size)| (of.clone(), Told::Dns(question, size))));
        let cut = dropped.values().filter(|stream| !stream.pending.is_empty()).count() as u64;
        self.counts.unread += unread + cut;
    }

    /// A packet to or from a metadata service; `time` is since boot.
    pub fn imds(&mut self, segment: &Segment<'_>, time: u64, of: T, out: &mut Vec<(T, Told)>) {
        let (talk, dropped) = self.talks.of(segment.cookie);
        talk.take(segment, time, of, out);
        for mut talk in dropped.into_values() {
            talk.expire(u64::MAX, out);
        }
    }

    /// Tells what has waited for its rest since before `time`.
    pub fn expire(&mut self, time: u64, out: &mut Vec<(T, Told)>) {
        for talk in self.talks.values() {
            talk.expire(time, out);
        }
    }
}

/// Connections by socket, in two generations.
#[derive(Debug)]
struct Connections<V> {
    new: HashMap<u64, V>,
    old: HashMap<u64, V>,
}

impl<V> Default for Connections<V> {
    fn default() -> Self {
        Self { new: HashMap::new(), old: HashMap::new() }
    }
}

impl<V: Default> Connections<V> {
    /// The connection of a socket, and those that are given up for it.
    fn of(&mut self, cookie: u64) -> (&mut V, HashMap<u64, V>) {
        let mut dropped = HashMap::new();
        if !self.new.contains_key(&cookie) {
            let known = self.old.remove(&cookie).unwrap_or_default();
            if self.new.len() >= limits::CONNECTIONS {
                dropped = std::mem::replace(&mut self.old, std::mem::take(&mut self.new));
            }
            self.new.insert(cookie, known);
        }
        (self.new.entry(cookie).or_default(), dropped)
    }

    fn values(&mut self) -> impl Iterator<Item = &mut V> {
        self.new.values_mut().chain(self.old.values_mut())
    }
}

/// How far `sequence` is ahead of `next`; negative for what was there before.
const fn ahead(sequence: u32, next: u32) -> i32 {
    sequence.wrapping_sub(next).cast_signed()
}

/// Messages over TCP: each behind its length in two bytes (RFC 1035, section 4.2.2).
#[derive(Debug, Default)]
struct DnsStream {
    /// Sequence number that comes next; `None` before the first.
    next: Option<u32>,
    /// The beginning of a message whose rest has not come.
    pending: Vec<u8>,
    /// Bytes to come of a message whose question was told.
    skip: usize,
}

impl DnsStream {
    /// Returns how many messages could not be read.
    fn take(&mut self, sequence: u32, segment: &Segment<'_>, out: &mut Vec<(Question, u32)>) -> u64 {
        let mut unread = 0;
        let mut bytes = segment.bytes;
        let distance = self.next.map_or(0, |next| ahead(sequence, next));
        if distance > 0 {
            // Something in between was not seen: what comes is taken for a beginning.
            unread += u64::from(!self.pending.is_empty());
            (self.pending, self.skip) = (Vec::new(), 0);
        }
        let again = usize::try_from(-i64::from(distance)).unwrap_or(0);
        let Some(new) = (segment.payload as usize).checked_sub(again).filter(|new| *new > 0) else {
            return unread;
        };
        bytes = bytes.get(again..).unwrap_or_default();
        self.next = Some(sequence.wrapping_add(segment.payload));
        let skipped = self.skip.min(bytes.len());
        bytes = &bytes[skipped..];
        self.pending.extend_from_slice(bytes);
        // Of a payload that was cut, the rest passed by unseen.
        let unseen = (new - skipped).saturating_sub(bytes.len());
        self.skip = if unseen > 0 { 0 } else { self.skip - skipped };
        unread += self.messages(out);
        if unseen > 0 {
            let known = self.skip.checked_sub(unseen);
            unread += u64::from(known.is_none());
            (self.pending, self.skip) = (Vec::new(), known.unwrap_or(0));
        }
        unread
    }

    fn messages(&mut self, out: &mut Vec<(Question, u32)>) -> u64 {
        let mut unread = 0;
        let mut at = 0;
        for _ in 0..limits::SEGMENT_MESSAGES {
            let Some((length, rest)) = self.pending[at..].split_first_chunk::<2>() else {
                self.pending.drain(..at);
                return unread;
            };
            let length = usize::from(u16::from_be_bytes(*length));
            let there = rest.len().min(length);
            if there < length && there < FIRST_QUESTION {
                self.pending.drain(..at);
                return unread;
            }
            match question(&rest[..there]) {
                Ok(question) => out.push((question, u32::try_from(length).unwrap_or(u32::MAX))),
                Err(_) => unread += 1,
            }
            at += 2 + there;
            if there < length {
                self.skip = length - there;
                break;
            }
        }
        // More than so many: nothing says where the next one begins.
        unread += u64::from(at < self.pending.len());
        self.pending.clear();
        unread
    }
}

/// A connection with a metadata service.
#[derive(Debug)]
struct Talk<T> {
    request: Half<T>,
    response: Half<T>,
    /// Of the last request: an answer seldom says whose it is.
    provider: &'static str,
    v2: bool,
}

impl<T> Default for Talk<T> {
    fn default() -> Self {
        Self { request: Half::default(), response: Half::default(), provider: "", v2: false }
    }
}

/// One direction of it.
#[derive(Debug)]
struct Half<T> {
    next: Option<u32>,
    /// A message that has not come whole, its first packet, and when that came.
    pending: Option<(Vec<u8>, T, u64)>,
}

impl<T> Default for Half<T> {
    fn default() -> Self {
        Self { next: None, pending: None }
    }
}

impl<T> Talk<T> {
    fn take(&mut self, segment: &Segment<'_>, time: u64, of: T, out: &mut Vec<(T, Told)>) {
        let half = if segment.ingress { &mut self.response } else { &mut self.request };
        let sequence = segment.sequence.unwrap_or_default();
        let distance = half.next.map_or(0, |next| ahead(sequence, next));
        if distance < 0 {
            // Sent again.
            return;
        }
        half.next = Some(sequence.wrapping_add(segment.payload));
        let before = half.pending.take();
        let (mut bytes, of, time) = match before {
            // A beginning that was none is given up for one that is.
            Some(pending)
                if distance == 0 && (head(&pending.0).is_some() || head(segment.bytes).is_none()) =>
            {
                pending
            }
            other => {
                if let Some((bytes, of, _)) = other {
                    self.tell(&bytes, of, out);
                }
                (Vec::new(), of, time)
            }
        };
        let room = limits::PENDING.saturating_sub(bytes.len());
        bytes.extend_from_slice(&segment.bytes[..segment.bytes.len().min(room)]);
        let cut = segment.bytes.len() < segment.payload as usize || bytes.len() >= limits::PENDING;
        let waits = match head(&bytes) {
            Some(head) => !head.is_whole(),
            // What does not begin with a head is the rest of a message that was told.
            None if !may_begin(&bytes) => return,
            None => true,
        };
        if waits && !cut {
            let half = if segment.ingress { &mut self.response } else { &mut self.request };
            half.pending = Some((bytes, of, time));
        } else {
            self.tell(&bytes, of, out);
        }
    }

    fn expire(&mut self, before: u64, out: &mut Vec<(T, Told)>) {
        for ingress in [false, true] {
            let half = if ingress { &mut self.response } else { &mut self.request };
            if let Some((bytes, of, _)) = half.pending.take_if(|(_, _, time)| *time < before) {
                self.tell(&bytes, of, out);
            }
        }
    }

    fn tell(&mut self, bytes: &[u8], of: T, out: &mut Vec<(T, Told)>) {
        let Some(mut message) = imds(bytes) else { return };
        if message.response {
            if message.provider.is_empty() {
                message.provider = self.provider;
            }
            message.v2 |= self.v2;
        } else {
            (self.provider, self.v2) = (message.provider, message.v2);
        }
        out.push((of, Told::Imds(Box::new(message))));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(id: u16, extra: usize) -> Vec<u8> {
        let body =
            [&id.to_be_bytes()[..], b"\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01", &vec![7; extra]].concat();
        [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], &body].concat()
    }

    /// Feeds pieces of a stream whose sequence numbers wrap; returns the ids told and the count of the unread.
    fn fed(pieces: &[(usize, &[u8])]) -> (Vec<u16>, u64) {
        let mut watched = Watched::<()>::default();
        let mut out = Vec::new();
        for (at, bytes) in pieces {
            let sequence = Some(0xffff_fff0_u32.wrapping_add(u32::try_from(*at).unwrap()));
            let payload = u32::try_from(bytes.len()).unwrap();
            watched.dns(&Segment { cookie: 1, ingress: false, sequence, bytes, payload }, &(), &mut out);
        }
        let ids = out.iter().map(|((), told)| match told {
            Told::Dns(question, _) => question.id,
            Told::Imds(_) => panic!("no question"),
        });
        (ids.collect(), watched.counts().unread)
    }

    #[test]
    fn messages_are_put_together_however_they_are_cut() {
        let stream = [message(1, 0), message(2, 400), message(3, 0)].concat();
        for first in 1..stream.len() {
            for second in [first + 1, first + 7, stream.len()] {
                let second = second.min(stream.len());
                let pieces =
                    [(0, &stream[..first]), (first, &stream[first..second]), (second, &stream[second..])];
                let pieces: Vec<_> = pieces.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
                assert_eq!(fed(&pieces), (vec![1, 2, 3], 0), "{first} {second}");
                // Sent again, wholly and in part.
                let again: Vec<_> = pieces.iter().flat_map(|piece| [*piece, *piece]).collect();
                assert_eq!(fed(&again), (vec![1, 2, 3], 0), "{first} {second}");
            }
        }
        assert_eq!(fed(&[(0, &stream[..30]), (10, &stream[10..])]), (vec![1, 2, 3], 0));
    }

    #[test]
    fn what_was_not_seen_of_a_stream_is_counted_and_does_not_stop_it() {
        let stream = [message(1, 0), message(2, 0)].concat();
        let whole = stream.len();
        assert_eq!(fed(&[(0, &stream[..25]), (whole, &message(3, 0))]), (vec![1, 3], 1));
        assert_eq!(fed(&[(0, b"\0\x05hello")]), (vec![], 1));
        assert_eq!(fed(&[(0, b"\0\0")]), (vec![], 1));
        let many = message(9, 0).repeat(limits::SEGMENT_MESSAGES + 3);
        assert_eq!(fed(&[(0, &many)]), (vec![9; limits::SEGMENT_MESSAGES], 1));
    }

    #[test]
    fn connections_are_bounded_and_what_they_held_is_counted() {
        let mut watched = Watched::<()>::default();
        let mut out = Vec::new();
        let bytes = &message(1, 0)[..5];
        let all = 3 * limits::CONNECTIONS as u64;
        for cookie in 0..all {
            let segment = Segment { cookie, ingress: false, sequence: Some(1), bytes, payload: 5 };
            watched.dns(&segment, &(), &mut out);
        }
        let kept = watched.dns.new.len() + watched.dns.old.len();
        assert!(kept <= 2 * limits::CONNECTIONS);
        assert_eq!(watched.counts().unread, all - kept as u64);
    }

    /// Feeds pieces (ingress, bytes) of a talk, one a second; what is told, and when what came first.
    fn talked(pieces: &[(bool, &[u8])]) -> Vec<(u64, ImdsMessage)> {
        let mut watched = Watched::<u64>::default();
        let mut out = Vec::new();
        let mut next = [5u32, 9];
        for (time, (ingress, bytes)) in (0..).zip(pieces) {
            let payload = u32::try_from(bytes.len()).unwrap();
            let sequence = Some(next[usize::from(*ingress)]);
            next[usize::from(*ingress)] += payload;
            let segment = Segment { cookie: 1, ingress: *ingress, sequence, bytes, payload };
            watched.imds(&segment, time, time, &mut out);
        }
        watched.expire(u64::MAX, &mut out);
        let message = |told| match told {
            Told::Imds(message) => *message,
            Told::Dns(..) => panic!("no talk"),
        };
        out.into_iter().map(|(time, told)| (time, message(told))).collect()
    }

    #[test]
    fn an_answer_in_several_segments_is_told_once() {
        let told = talked(&[
            (false, b"GET /latest/x HTTP/1.1\r\nX-aws-ec2-metadata-"),
            (false, b"token: t\r\n\r\n"),
            (true, b"HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n"),
            (true, b"{\"AccessKeyId\": \"AKIA\",                       "),
            (true, b"more of a body that nobody waits for"),
        ]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!((told[0].0, told[0].1.response, told[0].1.v2), (0, false, true));
        let (time, answer) = &told[1];
        assert_eq!((*time, answer.provider, answer.v2), (2, "aws", true));
        assert_eq!(answer.credentials.as_ref().unwrap().access_key_id, "AKIA");
    }

    #[test]
    fn a_first_line_in_pieces_is_put_together_and_a_body_is_not_taken_for_one() {
        let told = talked(&[
            (false, b"GE"),
            (false, b"T /latest HTT"),
            (false, b"P/1.1\r\nHost: h\r\n\r\n"),
            (true, b"HTTP/1.1 200 OK\r\n\r\n"),
            (true, b"BODY"),
            (true, b"HTTP/1.1 404 No\r\nServer: EC2ws\r\n\r\n"),
        ]);
        assert_eq!(told.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [0, 3, 5]);
        assert_eq!((told[0].1.url.as_str(), told[2].1.server.as_str()), ("/latest", "EC2ws"));
    }

    #[test]
    fn what_never_comes_whole_is_told_as_it_is() {
        let told = talked(&[(false, b"GET /computeMetadata/v1 HTTP/1.1\r\nHost: h\r\n")]);
        assert_eq!((told.len(), told[0].1.host.as_str(), told[0].1.provider), (1, "h", "gcp"));
    }

    proptest! {
        #[test]
        fn any_segments_are_taken_without_a_panic(
            pieces in proptest::collection::vec(
                (any::<bool>(), any::<u32>(), proptest::collection::vec(any::<u8>(), 0..80), 0u32..200), 0..20,
            ),
        ) {
            let mut watched = Watched::<()>::default();
            let mut out = Vec::new();
            for (ingress, sequence, bytes, more) in &pieces {
                let payload = u32::try_from(bytes.len()).unwrap() + more;
                let segment = Segment { cookie: 1, ingress: *ingress, sequence: Some(sequence % 64), bytes, payload };
                watched.dns(&segment, &(), &mut out);
                watched.imds(&segment, 0, (), &mut out);
            }
            watched.expire(u64::MAX, &mut out);
        }
    }
}
