//! `signal` and `ptrace`: what is done to another process.

use serde::{Serialize, Serializer};

use super::kernel::Address;
use super::object::Object;
use super::process::ProcessJson;
use super::{Subject, words};
use crate::Detail;

/// `signal`.
pub(super) struct Signal<'a> {
    number: u32,
    pid: i32,
    target: Option<ProcessJson<'a>>,
}

impl<'a> Signal<'a> {
    pub(super) fn of(subject: &Subject<'a>) -> Option<Self> {
        match &subject.event.detail {
            Detail::Signal { signal, pid, .. } => {
                Some(Self { number: *signal, pid: *pid, target: ProcessJson::other(subject) })
            }
            _ => None,
        }
    }
}

impl Serialize for Signal<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("type", words::signal_name(self.number))?;
        object.put("pid", &self.pid)?;
        object.some("target", self.target.as_ref())?;
        object.end()
    }
}

/// `ptrace`.
pub(super) struct Ptrace<'a> {
    request: u32,
    address: u64,
    tracee: Option<ProcessJson<'a>>,
}

impl<'a> Ptrace<'a> {
    pub(super) fn of(subject: &Subject<'a>) -> Option<Self> {
        match &subject.event.detail {
            Detail::Ptrace { request, address, .. } => {
                Some(Self { request: *request, address: *address, tracee: ProcessJson::other(subject) })
            }
            _ => None,
        }
    }
}

impl Serialize for Ptrace<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = Object::open(serializer)?;
        object.put("request", &words::ptrace_request(self.request))?;
        object.put("address", &Address(self.address))?;
        object.some("tracee", self.tracee.as_ref())?;
        object.end()
    }
}
