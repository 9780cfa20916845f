//! Numbers of processes in other pid namespaces than the initial one, and of threads: from /proc.

use std::fs;

use crate::limits;

/// Finds processes by the numbers that others know them by.
#[derive(Debug)]
pub struct PidNamespaces {
    left: u32,
}

impl Default for PidNamespaces {
    fn default() -> Self {
        Self { left: limits::NAMESPACE_SCANS }
    }
}

impl PidNamespaces {
    /// Allows searches for another second.
    pub fn refill(&mut self) {
        self.left = limits::NAMESPACE_SCANS;
    }

    /// The process (not thread) of a number as `caller` counts them, `caller` itself being counted in the initial
    /// namespace; `None` if it is not there any more or cannot be known.
    pub fn find(&mut self, caller: u32, number: u32) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        // Where the caller is itself: how deep, and which namespace.
        let depth = numbers(caller, "NSpid")?.len();
        let namespace = fs::read_link(format!("/proc/{caller}/ns/pid")).ok()?;
        let pids = fs::read_dir("/proc")
            .ok()?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.take(limits::NAMESPACE_SCAN).find(|pid| {
            // A process of a namespace below has a number in the caller's as well.
            numbers(*pid, "NSpid").and_then(|all| all.get(depth - 1).copied()) == Some(number)
                && (fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|own| own == namespace)
                    || within(*pid, &namespace))
        })
    }

    /// The process of a thread, both counted in the initial namespace.
    #[must_use]
    pub fn of_thread(tid: u32) -> Option<u32> {
        numbers(tid, "Tgid")?.first().copied()
    }
}

/// Is the process in a namespace below? One whose parent lives there is (`pid_namespaces(7)`).
fn within(pid: u32, namespace: &std::path::Path) -> bool {
    let mut pid = pid;
    for _ in 0..32 {
        let Some(parent) = numbers(pid, "PPid").and_then(|all| all.first().copied()).filter(|pid| *pid != 0)
        else {
            return false;
        };
        if fs::read_link(format!("/proc/{parent}/ns/pid")).is_ok_and(|own| own == namespace) {
            return true;
        }
        pid = parent;
    }
    false
}

/// The numbers of a line of `/proc/<pid>/status`.
fn numbers(pid: u32, key: &str) -> Option<Vec<u32>> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_own_number_and_a_thread_is_of_its_process() {
        let own = std::process::id();
        let number = *numbers(own, "NSpid").unwrap().last().unwrap();
        assert_eq!(PidNamespaces::default().find(own, number), Some(own));
        let mut found = None;
        std::thread::scope(|scope| {
            let (send, receive) = std::sync::mpsc::channel();
            let (done, end) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || {
                send.send(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()).unwrap();
                let _ = end.recv();
            });
            found = PidNamespaces::of_thread(receive.recv().unwrap());
            drop(done);
        });
        assert_eq!(found, Some(own));
    }

    #[test]
    fn searches_end_with_their_budget() {
        let mut pids = PidNamespaces { left: 1 };
        let own = std::process::id();
        let number = *numbers(own, "NSpid").unwrap().last().unwrap();
        assert!(pids.find(own, number).is_some());
        assert!(pids.find(own, number).is_none());
        pids.refill();
        assert!(pids.find(own, number).is_some());
    }
}
