//! The programs that look at packets: attached to the root of the cgroup hierarchy, so that they see every socket of
//! the host. A host without one is recorded all the same, without names asked for.

use std::fs::{self, File};

use abi::{SOCKET_OPTIONS, option_key};
use aya::{
    Ebpf,
    maps::{HashMap, MapError},
    programs::{CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, CgroupSockAddr, ProgramError},
};

use super::{
    LoadError,
    optional::{Unseen, cgroup_root},
};
use crate::catalog;

/// No flag: a link is always beside others, and the kernel refuses it with one (kernel/bpf/cgroup.c,
/// `cgroup_bpf_link_attach`).
const MODE: CgroupAttachMode = CgroupAttachMode::Single;

/// Loads and attaches the packet programs; says what is not seen if that fails.
pub(super) fn attach(ebpf: &mut Ebpf) -> Option<Unseen> {
    let why = try_attach(ebpf).err()?;
    let unseen = Unseen::without(catalog::PACKETS, why);
    tracing::warn!("not seen on this kernel: {} ({})", unseen.what, unseen.why);
    Some(unseen)
}

/// Those that remember senders come first: a packet that is seen before its connection has a sender that nobody knows.
fn try_attach(ebpf: &mut Ebpf) -> Result<(), String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let path = cgroup_root(&mounts).ok_or("no cgroup v2 hierarchy is mounted")?;
    let root = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lacking = |name: &str| format!("the probes' object lacks {name}");
    for name in ["connect4", "connect6"] {
        let refused = |error: ProgramError| format!("{name}: {error}");
        let program = ebpf.program_mut(name).ok_or_else(|| lacking(name))?;
        let program: &mut CgroupSockAddr = program.try_into().map_err(refused)?;
        program.load().map_err(refused)?;
        program.attach(&root, MODE).map_err(refused)?;
    }
    for (name, direction) in
        [("packet_egress", CgroupSkbAttachType::Egress), ("packet_ingress", CgroupSkbAttachType::Ingress)]
    {
        let refused = |error: ProgramError| format!("{name}: {error}");
        let program = ebpf.program_mut(name).ok_or_else(|| lacking(name))?;
        let program: &mut CgroupSkb = program.try_into().map_err(refused)?;
        program.load().map_err(refused)?;
        program.attach(&root, direction, MODE).map_err(refused)?;
    }
    Ok(())
}

/// Puts the recorded socket options into their map.
pub(super) fn fill_options(ebpf: &mut Ebpf) -> Result<(), LoadError> {
    const MAP: &str = "OPTIONS";
    let failed = |source: MapError| LoadError::Map { map: MAP, source: Box::new(source) };
    let map = ebpf.map_mut(MAP).ok_or(LoadError::Absent(MAP))?;
    let mut options: HashMap<_, u64, u32> = map.try_into().map_err(failed)?;
    for option in SOCKET_OPTIONS {
        let value = if option.secret { 2 } else { 1 };
        options.insert(option_key(option.level, option.option), value, 0).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn options_are_listed_once_and_in_order() {
        let keys: Vec<_> = SOCKET_OPTIONS.iter().map(|of| option_key(of.level, of.option)).collect();
        assert!(keys.is_sorted());
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
        assert!(SOCKET_OPTIONS.iter().all(|of| !of.name.is_empty() && !of.reason.is_empty()));
    }
}
