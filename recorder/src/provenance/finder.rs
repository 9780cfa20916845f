//! The thread that opens what was executed, at normal priority: it takes some microseconds a file, and a program that
//! removes itself is gone soon. What is open can be hashed later.

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender},
};

use event::{HashState, Provenance};

use super::{
    Counts,
    find::{Found, Job, find},
};

/// A file that was found.
#[derive(Debug)]
pub struct Open {
    /// What was asked for.
    pub job: Job,
    /// It.
    pub found: Found,
}

/// Finds files until no more are asked for or nobody wants them. Waits while enough are open.
pub fn run(
    jobs: &Receiver<Job>,
    files: &SyncSender<Open>,
    results: &SyncSender<Arc<Provenance>>,
    counts: &Counts,
) {
    for job in jobs {
        let wanted = match find(&job) {
            Ok(found) => files.send(Open { job, found }).is_ok(),
            Err(HashState::NoHash) => {
                counts.remote.add(1);
                true
            }
            Err(state) => {
                counts.not_found.add(1);
                let provenance = Provenance { file: job.file, state, sha256: None, package: None };
                results.send(Arc::new(provenance)).is_ok()
            }
        };
        if !wanted {
            return;
        }
    }
}
