//! The processes that run when recording begins.

use std::{collections::HashMap, fs};

use crate::process::procfs::ProcEntry;

/// All of /proc, parents before children. Taken after the probes are attached: what starts or ends meanwhile is in
/// the rings too, and [`crate::process::ProcessTable::begin`] reconciles the two.
#[must_use]
pub fn snapshot() -> Vec<ProcEntry> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let entries: HashMap<u32, ProcEntry> = pids
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, ProcEntry::read(pid)?)))
        .collect();
    parents_first(entries)
}

fn parents_first(mut left: HashMap<u32, ProcEntry>) -> Vec<ProcEntry> {
    let mut order = Vec::with_capacity(left.len());
    let mut pids: Vec<u32> = left.keys().copied().collect();
    pids.sort_unstable();
    for pid in pids {
        let mut chain = Vec::new();
        let mut next = pid;
        // Each step takes an entry out, so a loop of parents (a race while reading) ends too.
        while let Some(entry) = left.remove(&next) {
            next = entry.ppid;
            chain.push(entry);
        }
        order.extend(chain.into_iter().rev());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_children_and_loops_end() {
        let entry = |pid, ppid| (pid, ProcEntry { pid, ppid, ..ProcEntry::default() });
        let entries = HashMap::from([entry(1, 0), entry(2, 5), entry(5, 1), entry(8, 9), entry(9, 8)]);
        let order: Vec<u32> = parents_first(entries).into_iter().map(|entry| entry.pid).collect();
        assert_eq!(order, [1, 5, 2, 9, 8]);
    }

    #[test]
    fn this_process_is_in_the_snapshot_of_this_host() {
        assert!(snapshot().iter().any(|entry| entry.pid == std::process::id()));
    }
}
