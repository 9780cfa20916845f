//! Loads the probes into the kernel and attaches them.

use std::{collections::BTreeMap, fs, io, os::unix::fs::MetadataExt as _, time::Duration};

use abi::{COMPAT, Class, Counters, SYSCALLS, Syscall, WATCHES, Watch, tail_calls, watch_flags};
use aya::{
    Btf, Ebpf, EbpfError, EbpfLoader,
    maps::{Array, MapData, MapError, PerCpuArray, ProgramArray, RingBuf},
    programs::{BtfTracePoint, Program, ProgramError},
};
use zerocopy::IntoBytes as _;

use crate::{
    filter::{Compiled, Parameters},
    kernel::{
        filter::FilterMaps,
        io_uring, missed, offsets,
        optional::{self, Unseen},
        packets,
        rings::Rings,
        selinux::{self, SELINUX_FS, SelinuxWatch},
    },
    limits,
};

/// The object, built by build.rs.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probes.o"));

/// How the probes are set up.
#[derive(Clone, Debug)]
pub struct ProbeConfig {
    /// Bytes of each ring, by [`Class`]; powers of two, at least a page.
    pub ring_bytes: [u32; Class::COUNT],
    /// Whose own file and network calls are left out: the recorder's, as counted in the initial pid namespace.
    pub own_tgid: u32,
    /// What is left out.
    pub filter: Compiled,
    /// Name of the file system whose writes change SELinux, at most 15 bytes; a test may take another.
    pub selinux_fs: &'static str,
    /// Writes go on being watched for this long after the last that changed SELinux.
    pub selinux_quiet: Duration,
    /// Look at calls when they begin too: what mprotect and splice found. It costs every syscall a little.
    pub before: bool,
    /// Tell the first use of each syscall by each process.
    pub first_uses: bool,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            ring_bytes: [4 << 20, 8 << 20, 2 << 20, 4 << 20, 2 << 20],
            own_tgid: own_tgid(),
            filter: Compiled::default(),
            selinux_fs: SELINUX_FS,
            selinux_quiet: selinux::QUIET,
            before: true,
            first_uses: false,
        }
    }
}

/// This process's id as the kernel counts them; 0 (nobody is left out) in a pid namespace, where it is another, and
/// where leaving out the number seen here would be blind to somebody else.
fn own_tgid() -> u32 {
    /// `PROC_PID_INIT_INO` (`include/linux/proc_ns.h`).
    const INITIAL: u64 = 0xefff_fffc;
    match fs::metadata("/proc/self/ns/pid") {
        Ok(namespace) if namespace.ino() != INITIAL => {
            tracing::warn!(
                "in a pid namespace of its own: what the recorder does itself is recorded as well"
            );
            0
        }
        _ => std::process::id(),
    }
}

/// Why the probes do not run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel's structures.
    #[error(transparent)]
    Offsets(#[from] offsets::OffsetError),
    /// The object as a whole.
    #[error(
        "the kernel does not take the probes' maps: {0} (root is needed, and CAP_BPF and CAP_PERFMON; `tacho doctor` looks closer)"
    )]
    Object(#[from] Box<EbpfError>),
    /// One program.
    #[error("the kernel refuses the probe `{program}`: {source} (`tacho doctor` looks closer)")]
    Program {
        /// Its name.
        program: &'static str,
        /// The kernel's words.
        #[source]
        source: Box<ProgramError>,
    },
    /// One map.
    #[error("the probes' map `{map}` cannot be used: {source}")]
    Map {
        /// Its name.
        map: &'static str,
        /// Why.
        #[source]
        source: Box<MapError>,
    },
    /// A part of the object is not there: built from other sources.
    #[error("the probes' object has no `{0}`: build it anew")]
    Absent(&'static str),
}

/// Programs called by others: loaded, not attached.
const HANDLERS: [(&str, u32); 10] = [
    ("handle_file", tail_calls::FILE),
    ("handle_socket", tail_calls::SOCKET),
    ("handle_credentials", tail_calls::CREDENTIALS),
    ("handle_call", tail_calls::CALL),
    ("handle_mount", tail_calls::MOUNT),
    ("handle_bpf", tail_calls::BPF),
    ("handle_module", tail_calls::MODULE),
    ("handle_selinux", tail_calls::SELINUX),
    ("handle_signal", tail_calls::SIGNAL),
    ("handle_memory", tail_calls::MEMORY),
];

/// Programs and their tracepoints, in the order of attaching: an end before a beginning would be of a process that
/// nobody knows, and lifecycle comes before everything that refers to it. What a call found is looked at before its end
/// is.
const ATTACHED: [&str; 7] = [
    "sched_process_fork",
    "sched_process_exec",
    "sched_process_exit",
    "task_rename",
    SYS_ENTER,
    "signal_generate",
    "sys_exit",
];
/// Attached only if a kind needs it.
const SYS_ENTER: &str = "sys_enter";

/// Loaded and attached programs.
pub struct Probes {
    // Owns the links.
    ebpf: Ebpf,
    _handlers: ProgramArray<MapData>,
    filter: FilterMaps,
    selinux: SelinuxWatch,
    unseen: Vec<Unseen>,
    counters: PerCpuArray<MapData, [u64; COUNTER_WORDS]>,
}

/// A program is loaded this often while signals interrupt it.
const LOAD_TRIES: u32 = 16;
const COUNTER_WORDS: usize = size_of::<Counters>() / 8;
pub(super) const WATCH_WORDS: usize = size_of::<Watch>() / 8;

impl Probes {
    /// Loads, fills the maps, attaches.
    ///
    /// # Errors
    /// If the kernel lacks something or refuses a program.
    pub fn load(config: &ProbeConfig) -> Result<(Self, Rings), LoadError> {
        let offsets = offsets::find()?;
        let cpus = aya::util::nr_cpus().map_or(1024, |cpus| u32::try_from(cpus).unwrap_or(1024));
        let wake: [u64; Class::COUNT] = config.ring_bytes.map(|bytes| u64::from(bytes) / 4);
        let selinux_fs = selinux::name(config.selinux_fs);
        let sysctl_reads = u32::from(config.filter.sysctl == Parameters::All);
        let first_uses = u32::from(config.first_uses);
        let mut loader = EbpfLoader::new();
        loader
            .override_global("OFFSETS", &offsets[..], true)
            .override_global("OWN_TGID", &config.own_tgid, true)
            .override_global("WAKE_AT", &wake[..], true)
            .override_global("SELINUX_FS", &selinux_fs, true)
            .override_global("SYSCTL_READS", &sysctl_reads, true)
            .override_global("FIRST_USES", &first_uses, true)
            .map_max_entries("FIRST", if config.first_uses { limits::FIRST_USES } else { 1 })
            .map_max_entries("SCRATCH", cpus)
            .map_max_entries("RING_PROCESS", config.ring_bytes[0])
            .map_max_entries("RING_FILE", config.ring_bytes[1])
            .map_max_entries("RING_NETWORK", config.ring_bytes[2])
            .map_max_entries("RING_KERNEL", config.ring_bytes[3])
            .map_max_entries("RING_PACKET", config.ring_bytes[4]);
        let mut ebpf = loader.load(OBJECT).map_err(Box::new)?;
        let rings = Rings::new([
            ring(&mut ebpf, "RING_PROCESS")?,
            ring(&mut ebpf, "RING_FILE")?,
            ring(&mut ebpf, "RING_NETWORK")?,
            ring(&mut ebpf, "RING_KERNEL")?,
            ring(&mut ebpf, "RING_PACKET")?,
        ]);
        packets::fill_options(&mut ebpf)?;
        fill_watch(&mut ebpf, &config.filter)?;
        let filter = FilterMaps::fill(&mut ebpf, &config.filter)?;
        let btf = Btf::from_sys_fs().map_err(|error| offsets::OffsetError::NoBtf(error.to_string()))?;
        let handlers = load_handlers(&mut ebpf, &btf)?;
        let enter = config.before || config.first_uses;
        let attached = || ATTACHED.into_iter().filter(|name| *name != SYS_ENTER || enter);
        for name in attached() {
            load_program(program(&mut ebpf, name)?, name, &btf).map_err(refused(name))?;
        }
        for name in attached() {
            program(&mut ebpf, name)?.attach().map_err(refused(name))?;
        }
        let mut unseen = optional::attach(&mut ebpf, &btf, config);
        let selinux = SelinuxWatch::begin(&mut ebpf, config)?;
        unseen.extend(packets::attach(&mut ebpf));
        let native = |operation: &abi::Operation| Some(native(operation.syscall()?, &config.filter));
        unseen.extend(io_uring::attach(&mut ebpf, &btf, &offsets, &native)?);
        let counters = take(&mut ebpf, "COUNTERS")?;
        Ok((Self { ebpf, _handlers: handlers, filter, selinux, unseen, counters }, rings))
    }

    /// Looks the filter's executables up again: they may have been replaced.
    pub fn refresh(&mut self) {
        self.filter.refresh();
        self.selinux.refresh();
    }

    /// Are writes watched for changes of SELinux at the moment?
    #[must_use]
    pub fn watches_writes(&self) -> bool {
        self.selinux.watched()
    }

    /// Probes that this kernel does not take, and what is not seen without each.
    #[must_use]
    pub fn unseen(&self) -> &[Unseen] {
        &self.unseen
    }

    /// Instructions that the verifier looked at for each loaded program, by name; kernels before 5.16 do not tell.
    #[must_use]
    pub fn verified_instructions(&self) -> BTreeMap<String, u32> {
        let cost = |program: &Program| program.info().ok()?.verified_instruction_count();
        self.ebpf.programs().filter_map(|(name, program)| Some((name.to_owned(), cost(program)?))).collect()
    }

    /// Runs that the kernel skipped, since the programs were loaded.
    #[must_use]
    pub fn missed(&self) -> u64 {
        missed::runs(&self.ebpf)
    }

    /// The probes' counts, by CPU.
    #[must_use]
    pub fn counters(&self) -> Vec<Counters> {
        self.counters.get(&0, 0).map_or_else(
            |error| {
                tracing::warn!(%error, "the probes' counters cannot be read");
                Vec::new()
            },
            |values| values.iter().map(|words| zerocopy::transmute!(*words)).collect(),
        )
    }
}

/// Loads a program; again if a signal came while the verifier was at work (it gives up with EAGAIN).
pub(super) fn load_program(
    program: &mut BtfTracePoint,
    tracepoint: &str,
    btf: &Btf,
) -> Result<(), ProgramError> {
    let mut tries = 1;
    loop {
        match program.load(tracepoint, btf) {
            Err(ProgramError::LoadError { io_error, .. })
                if io_error.kind() == io::ErrorKind::WouldBlock && tries < LOAD_TRIES =>
            {
                tries += 1;
            }
            done => return done,
        }
    }
}

pub(super) fn refused(program: &'static str) -> impl Fn(ProgramError) -> LoadError {
    move |source| LoadError::Program { program, source: Box::new(source) }
}

pub(super) fn program<'a>(
    ebpf: &'a mut Ebpf,
    name: &'static str,
) -> Result<&'a mut BtfTracePoint, LoadError> {
    ebpf.program_mut(name).ok_or(LoadError::Absent(name))?.try_into().map_err(refused(name))
}

pub(super) fn take<M: TryFrom<aya::maps::Map, Error = MapError>>(
    ebpf: &mut Ebpf,
    map: &'static str,
) -> Result<M, LoadError> {
    let taken = ebpf.take_map(map).ok_or(LoadError::Absent(map))?;
    M::try_from(taken).map_err(|source| LoadError::Map { map, source: Box::new(source) })
}

fn ring(ebpf: &mut Ebpf, map: &'static str) -> Result<RingBuf<MapData>, LoadError> {
    take(ebpf, map)
}

/// How a syscall is watched.
fn native(syscall: &Syscall, filter: &Compiled) -> Watch {
    let kind = event::Kind::from_name(syscall.event);
    Watch { rules: kind.map_or(0, |kind| filter.asked(kind)), ..Watch::of(syscall) }
}

fn fill_watch(ebpf: &mut Ebpf, filter: &Compiled) -> Result<(), LoadError> {
    const MAP: &str = "WATCH";
    let failed = |source| LoadError::Map { map: MAP, source: Box::new(source) };
    let map = ebpf.map_mut(MAP).ok_or(LoadError::Absent(MAP))?;
    let mut map: Array<_, [u64; WATCH_WORDS]> = map.try_into().map_err(failed)?;
    let mut table = vec![Watch::default(); WATCHES as usize];
    for syscall in SYSCALLS {
        if let Some(entry) = table.get_mut(syscall.nr as usize) {
            *entry = native(syscall, filter);
        }
    }
    // Last, so that they are watched just as the native ones are.
    for call in COMPAT {
        let native = call.syscall().and_then(|native| table.get(native.nr as usize).copied());
        if let (Some(native), Some(entry)) = (native, table.get_mut(call.place() as usize)) {
            *entry = call.watch(&native);
            if let Some(mark) = table.get_mut(call.mark() as usize) {
                mark.flags |= watch_flags::COMPAT;
            }
        }
    }
    for (index, entry) in (0..).zip(&table) {
        let mut words = [0u64; WATCH_WORDS];
        words.as_mut_bytes().copy_from_slice(entry.as_bytes());
        map.set(index, words, 0).map_err(failed)?;
    }
    Ok(())
}

fn load_handlers(ebpf: &mut Ebpf, btf: &Btf) -> Result<ProgramArray<MapData>, LoadError> {
    const MAP: &str = "HANDLERS";
    let mut map: ProgramArray<_> = take(ebpf, MAP)?;
    for (name, slot) in HANDLERS {
        let program = program(ebpf, name)?;
        load_program(program, "sys_exit", btf).map_err(refused(name))?;
        let fd = program.fd().map_err(refused(name))?;
        map.set(slot, fd, 0).map_err(|source| LoadError::Map { map: MAP, source: Box::new(source) })?;
    }
    Ok(map)
}
