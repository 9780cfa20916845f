//! Probes without which recording goes on: the kernel may lack what they hang on.

use std::{fs, fs::File, path::PathBuf};

use aya::{
    Btf, Ebpf,
    programs::{BtfTracePoint, CgroupAttachMode, CgroupSysctl, ProgramError},
};

use super::load::{ProbeConfig, load_program};
use crate::{catalog, filter::Parameters};

/// What is not seen on this kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// In words.
    pub what: &'static str,
    /// Why not.
    pub why: String,
}

impl Unseen {
    /// What a hook of the catalog would have told.
    pub(super) fn without(hook: &str, why: String) -> Self {
        Self { what: catalog::without(hook), why }
    }
}

/// Programs, and the hook of each in the catalog.
const TRACEPOINTS: [(&str, &str); 2] =
    [("cgroup_attach_task", "tp_btf/cgroup_attach_task"), ("module_load", "tp_btf/module_load")];

/// Loads and attaches them; returns those that could not be.
pub(super) fn attach(ebpf: &mut Ebpf, btf: &Btf, config: &ProbeConfig) -> Vec<Unseen> {
    let mut unseen = Vec::new();
    for (name, hook) in TRACEPOINTS {
        if let Err(error) = tracepoint(ebpf, name, btf) {
            unseen.push(Unseen::without(hook, error.to_string()));
        }
    }
    if config.filter.sysctl != Parameters::None
        && let Err(why) = sysctl(ebpf)
    {
        unseen.push(Unseen::without(catalog::SYSCTL, why));
    }
    for Unseen { what, why } in &unseen {
        tracing::info!("not seen on this kernel: {what} ({why})");
    }
    unseen
}

fn tracepoint(ebpf: &mut Ebpf, name: &str, btf: &Btf) -> Result<(), ProgramError> {
    let Some(program) = ebpf.program_mut(name) else { return Err(ProgramError::NotLoaded) };
    let program: &mut BtfTracePoint = program.try_into()?;
    load_program(program, name, btf)?;
    program.attach().map(drop)
}

fn sysctl(ebpf: &mut Ebpf) -> Result<(), String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let root = cgroup_root(&mounts).ok_or("no cgroup v2 hierarchy is mounted")?;
    let directory = File::open(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    let program = ebpf.program_mut("sysctl").ok_or("the probes' object lacks it")?;
    let program: &mut CgroupSysctl = program.try_into().map_err(|error: ProgramError| error.to_string())?;
    program.load().map_err(|error| error.to_string())?;
    // A link is one of many by itself and ends with its descriptor.
    program.attach(directory, CgroupAttachMode::Single).map_err(|error| error.to_string())?;
    Ok(())
}

/// Where the root of the cgroup v2 hierarchy is mounted (`proc_pid_mountinfo(5)`).
pub(super) fn cgroup_root(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        let whole = root == "/" && filesystem.starts_with("cgroup2 ");
        whole.then(|| point.replace("\\040", " ").into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hook_would_have_told_stands_in_the_catalog() {
        for hook in [catalog::SYSCTL, catalog::PACKETS, catalog::IO_URING, TRACEPOINTS[0].1, TRACEPOINTS[1].1]
        {
            assert!(!catalog::without(hook).is_empty(), "{hook}");
        }
    }

    #[test]
    fn the_root_of_the_hierarchy_is_found_and_no_part_of_it() {
        let part =
            "30 1 0:26 /user.slice /mnt rw - cgroup2 cgroup2 rw\n31 1 0:27 / /v1 rw - cgroup cgroup rw";
        assert_eq!(cgroup_root(part), None);
        let whole = format!("{part}\n32 1 0:26 / /sys/fs/my\\040cgroup rw shared:9 - cgroup2 none rw");
        assert_eq!(cgroup_root(&whole), Some("/sys/fs/my cgroup".into()));
    }
}
