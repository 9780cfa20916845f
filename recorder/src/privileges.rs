//! What a server of a store gives up before it answers anybody: whoever gets into it shall have nothing but the store to
//! read. Holds for the calling thread and those that it starts.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::{Context as _, Result};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetStatus,
};
use rustix::{
    io::Errno,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
    },
};

/// The newest rules of landlock that are asked for; an older kernel (or one without) holds to those that it knows.
const RULES: ABI = ABI::V5;

/// How far the kernel goes along with keeping the file system away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Nothing but the store can be opened, no port bound, no connection made.
    Whole,
    /// Some of that: an older kernel.
    Part,
    /// None of it: no landlock.
    None,
}

/// Gives up new privileges, capabilities (but reading others' files, if it was that by which the store can be read), and
/// all files but the store.
///
/// # Errors
/// If the kernel refuses what it knows.
pub fn give_up(store: &Path) -> Result<Fence> {
    set_no_new_privs(true).context("the kernel does not forbid new privileges")?;
    drop_capabilities(store).context("capabilities cannot be given up")?;
    let fence = fence(store).context("the file system cannot be fenced off")?;
    match fence {
        Fence::Whole => tracing::debug!("nothing but the store can be read from here on"),
        Fence::Part => tracing::info!("an older kernel: files are fenced off, other things in part"),
        Fence::None => tracing::warn!(
            "this kernel has no landlock: the server could read whatever its user may read; run it as a user who may read the store alone"
        ),
    }
    Ok(fence)
}

fn drop_capabilities(store: &Path) -> Result<()> {
    let has = capabilities(None)?;
    let owner = fs::metadata(store)?.uid();
    let keep = if owner == rustix::process::geteuid().as_raw() {
        CapabilitySet::empty()
    } else {
        has.permitted & CapabilitySet::DAC_READ_SEARCH
    };
    for bit in 0..u64::BITS {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        match remove_capability_from_bounding_set(one) {
            // Not known to this kernel; or not ours to remove: without privileges there is nothing to bound.
            Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    match clear_ambient_capability_set() {
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    set_capabilities(
        None,
        CapabilitySets { effective: keep, permitted: keep, inheritable: CapabilitySet::empty() },
    )?;
    Ok(())
}

fn fence(store: &Path) -> Result<Fence> {
    let readable = if fs::metadata(store)?.is_dir() {
        AccessFs::ReadFile | AccessFs::ReadDir
    } else {
        AccessFs::ReadFile.into()
    };
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(RULES))?
        .handle_access(AccessNet::from_all(RULES))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(store)?, readable))?
        .restrict_self()?;
    Ok(match restricted.ruleset {
        RulesetStatus::FullyEnforced => Fence::Whole,
        RulesetStatus::PartiallyEnforced => Fence::Part,
        RulesetStatus::NotEnforced => Fence::None,
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, io::ErrorKind, net::TcpStream, thread};

    use super::*;

    #[test]
    fn only_the_store_can_be_read_and_nothing_written() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("segment"), "s").unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // It holds for a thread: the other tests go on as they are.
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                assert!(fs::read("/etc/passwd").is_ok());
                let fence = give_up(dir.path()).unwrap();
                let left = capabilities(None).unwrap();
                assert!(left.effective.is_empty() && left.permitted.is_empty());
                assert!(rustix::thread::no_new_privs().unwrap());
                if fence == Fence::None {
                    return;
                }
                for path in ["/etc/passwd", "/etc/shadow", "/proc/self/maps", "/bin/sh"] {
                    let error = fs::File::open(path).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{path}");
                }
                assert_eq!(fs::read(dir.path().join("segment")).unwrap(), b"s");
                assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
                assert!(fs::write(dir.path().join("segment"), "t").is_err());
                assert!(fs::write(dir.path().join("new"), "t").is_err());
                assert!(std::process::Command::new("/bin/true").status().is_err());
                if fence == Fence::Whole {
                    assert!(TcpStream::connect(address).is_err());
                }
            });
            inside.join().unwrap();
        });
        assert!(fs::read("/etc/passwd").is_ok());
    }
}
