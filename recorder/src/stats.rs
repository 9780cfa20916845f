//! What the recorder counts of itself: written by its threads, read by the API.

use std::collections::BTreeMap;
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use abi::{Class, Counters};
use event::Kind;
use serde::Serialize;

use crate::{
    filter::{Compiled, Filter, Parameters},
    process, provenance,
};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes over what somebody else counts.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Reads.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counts.
#[derive(Debug, Default)]
pub struct Stats {
    /// Records read, by class.
    pub records: [Count; Class::COUNT],
    /// Records that could not be understood.
    pub undecodable: Count,
    /// Messages to name servers without a question that can be read.
    pub unread_dns: Count,
    /// Requests through `io_uring` of which the result is not known.
    pub requests_unfinished: Count,
    /// Events committed.
    pub committed: Count,
    /// Events that the store refused.
    pub refused: Count,
    /// Commits that failed.
    pub failed_commits: Count,
    /// Hashes and packages.
    pub provenance: Arc<provenance::Counts>,
    seen: Mutex<Seen>,
    /// The filter's rules, and the rule of each entry in the kernel.
    rules: (Vec<String>, Vec<usize>),
    /// The rule that leaves out reads of kernel parameters.
    sysctl_rule: Option<usize>,
}

/// What is looked at once a second.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    counters: Counters,
    lost: [u64; Class::COUNT],
    table: process::Counts,
    late: u64,
    skipped: u64,
}

/// `recorder` in `/stats`.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the API's")]
pub struct Report {
    pub records: ByClass,
    pub lost: ByClass,
    /// File and network calls of the recorder itself, left out on purpose.
    pub own_left_out: u64,
    /// Left out on purpose, by rule of the configuration; `None` for what is not even looked at.
    pub left_out: BTreeMap<String, Option<u64>>,
    /// Calls that only the x32 table has: seen but not decoded.
    pub compat_not_decoded: u64,
    /// Runs of the probes that the kernel skipped.
    pub skipped_runs: u64,
    pub undecodable: u64,
    /// Messages to name servers that hold no question, or were seen in part only.
    pub dns_unread: u64,
    /// setsockopt calls of options that do not matter for security, left out on purpose.
    pub socket_options_left_out: u64,
    /// Requests through `io_uring` told without their result, or not at all (accept).
    pub requests_unfinished: u64,
    pub out_of_order: u64,
    pub committed: u64,
    pub refused_by_store: u64,
    pub failed_commits: u64,
    pub provenance: ProvenanceReport,
    pub processes_live: u64,
    pub processes_unknown: u64,
    pub exits_unseen: u64,
    /// New names of processes that were passed over.
    pub renames_passed_over: u64,
    pub resident_bytes: u64,
    pub cpu_seconds: f64,
}

/// `recorder.provenance` in `/stats`: see [`provenance::Counts`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the API's")]
pub struct ProvenanceReport {
    pub hashed: u64,
    pub bytes: u64,
    pub too_big: u64,
    pub not_found: u64,
    pub failed: u64,
    pub over_budget: u64,
    pub queue_full: u64,
    pub remote_left_out: u64,
    pub packages_told: u64,
    pub databases_read: u64,
    pub databases_unsupported: u64,
    pub databases_cut: u64,
}

impl From<&provenance::Counts> for ProvenanceReport {
    fn from(counts: &provenance::Counts) -> Self {
        Self {
            hashed: counts.hashed.get(),
            bytes: counts.bytes.get(),
            too_big: counts.too_big.get(),
            not_found: counts.not_found.get(),
            failed: counts.failed.get(),
            over_budget: counts.over_budget.get(),
            queue_full: counts.dropped.get(),
            remote_left_out: counts.remote.get(),
            packages_told: counts.packages_told.get(),
            databases_read: counts.packages.loaded.get(),
            databases_unsupported: counts.packages.unsupported.get(),
            databases_cut: counts.packages.cut.get(),
        }
    }
}

/// A number for each class.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the API's")]
pub struct ByClass {
    pub process: u64,
    pub file: u64,
    pub network: u64,
    pub kernel: u64,
    pub packet: u64,
}

impl From<[u64; Class::COUNT]> for ByClass {
    fn from([process, file, network, kernel, packet]: [u64; Class::COUNT]) -> Self {
        Self { process, file, network, kernel, packet }
    }
}

impl Stats {
    /// Counts of a recorder with this filter.
    #[must_use]
    pub fn new(filter: &Filter, compiled: &Compiled) -> Self {
        let rules = filter.rules.iter().map(ToString::to_string).collect();
        let sysctl_rule = (compiled.sysctl == Parameters::Writes)
            .then(|| filter.rules.iter().position(|rule| rule.kinds.contains(&Kind::Sysctl)))
            .flatten();
        Self { rules: (rules, compiled.origin.clone()), sysctl_rule, ..Self::default() }
    }

    /// Puts in what the pipeline saw.
    pub fn publish(
        &self,
        counters: &[Counters],
        lost: [u64; Class::COUNT],
        table: process::Counts,
        late: u64,
        skipped: u64,
    ) {
        let mut sum = Counters::default();
        for cpu in counters {
            sum.own += cpu.own;
            sum.compat += cpu.compat;
            sum.sysctl_reads += cpu.sysctl_reads;
            sum.options += cpu.options;
            for (all, one) in sum.left_out.iter_mut().zip(cpu.left_out) {
                *all += one;
            }
        }
        *self.seen() = Seen { counters: sum, lost, table, late, skipped };
    }

    /// The numbers of now.
    #[must_use]
    pub fn report(&self) -> Report {
        let seen = *self.seen();
        let records = self.records.each_ref().map(Count::get);
        let (resident_bytes, cpu_seconds) = own_cost();
        Report {
            records: records.into(),
            lost: seen.lost.into(),
            own_left_out: seen.counters.own,
            left_out: self.left_out(&seen.counters),
            compat_not_decoded: seen.counters.compat,
            skipped_runs: seen.skipped,
            undecodable: self.undecodable.get(),
            dns_unread: self.unread_dns.get(),
            socket_options_left_out: seen.counters.options,
            requests_unfinished: self.requests_unfinished.get(),
            out_of_order: seen.late,
            committed: self.committed.get(),
            refused_by_store: self.refused.get(),
            failed_commits: self.failed_commits.get(),
            provenance: (&*self.provenance).into(),
            processes_live: seen.table.live,
            processes_unknown: seen.table.unknown,
            exits_unseen: seen.table.unseen_exits,
            renames_passed_over: seen.table.renames_passed_over,
            resident_bytes,
            cpu_seconds,
        }
    }

    fn left_out(&self, counters: &Counters) -> BTreeMap<String, Option<u64>> {
        let (rules, origin) = &self.rules;
        let counted = |place: usize| {
            let own = origin.iter().zip(counters.left_out).filter(|(of, _)| **of == place);
            let told = own.map(|(_, count)| count).reduce(|all, one| all + one);
            // The probe of kernel parameters knows one rule, which is no entry of the table.
            let parameters = self.sysctl_rule == Some(place);
            told.or(parameters.then_some(counters.sysctl_reads))
        };
        rules.iter().enumerate().map(|(place, rule)| (rule.clone(), counted(place))).collect()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        // Plain numbers are whole even if a thread died while writing them.
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Resident bytes and CPU seconds of this process.
fn own_cost() -> (u64, f64) {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok())
        .unwrap_or(0);
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu = std::time::Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    );
    (pages.saturating_mul(rustix::param::page_size() as u64), cpu.as_secs_f64())
}
