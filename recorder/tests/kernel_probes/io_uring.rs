//! The probes of `io_uring`: whether this kernel takes them. What they record is looked at through the whole binary.

use std::path::Path;

use crate::harness::loaded;

#[test]
fn a_kernel_that_has_io_uring_takes_its_probes() {
    let Some(unseen) = loaded(|recording| recording.probes.unseen().to_vec()) else { return };
    for one in &unseen {
        println!("not seen: {}: {}", one.what, one.why);
    }
    // There since 6.6; before, nothing tells but the tracepoints themselves.
    if Path::new("/proc/sys/kernel/io_uring_disabled").exists() {
        assert!(unseen.iter().all(|one| one.what != "requests through io_uring"));
    }
}
