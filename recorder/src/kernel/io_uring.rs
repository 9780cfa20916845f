//! The probes of `io_uring`: attached as far as this kernel has what they need.

use abi::{NEEDED, OPERATIONS, Operation, Watch, offsets, tail_calls};
use aya::{Btf, Ebpf, maps::Array, programs::ProgramError};
use zerocopy::IntoBytes as _;

use super::{
    LoadError,
    load::{load_program, program, refused},
    optional::Unseen,
};
use crate::catalog;

const WORDS: usize = size_of::<Watch>() / 8;

/// Programs, and the tracepoints that each may be attached to, the newest name first.
const PROGRAMS: [(&str, &[&str]); 3] = [
    // Later ones first: a completion without a submission is nothing.
    ("io_uring_complete", &["io_uring_complete"]),
    ("io_uring_fail_link", &["io_uring_fail_link"]),
    ("io_uring_submit", &["io_uring_submit_req", "io_uring_submit_sqe"]),
];

/// Attaches the probes; returns what is not seen. What the kernel lacks, or a probe that it refuses, is no error, since
/// everything else can be recorded without.
///
/// # Errors
/// If the object does not have the programs or the map.
pub(super) fn attach(
    ebpf: &mut Ebpf,
    btf: &Btf,
    found: &[u32; offsets::COUNT],
    native: &dyn Fn(&Operation) -> Option<Watch>,
) -> Result<Vec<Unseen>, LoadError> {
    let has = |needs: &[usize]| {
        needs.iter().all(|index| found.get(*index).is_some_and(|at| *at != offsets::ABSENT))
    };
    if !has(NEEDED) {
        return Ok(nothing("the kernel has none, or its requests have a form that is not known".to_owned()));
    }
    for (name, points) in PROGRAMS {
        if let Err(problem) = load(ebpf, btf, name, points)? {
            return Ok(nothing(problem));
        }
    }
    let mut unseen = Vec::new();
    for operation in OPERATIONS {
        let Some(watch) = native(operation) else { continue };
        if has(operation.needs) && matches!(watch.tail_call, tail_calls::FILE | tail_calls::SOCKET) {
            enter(ebpf, operation, &operation.watch(&watch))?;
        } else {
            unseen.push(operation.name);
        }
    }
    for (name, _) in PROGRAMS {
        program(ebpf, name)?.attach().map_err(refused(name))?;
    }
    let why = || format!("the kernel lacks {}, or has them in a form that is not known", unseen.join(" "));
    Ok((!unseen.is_empty())
        .then(|| Unseen { what: "some requests through io_uring", why: why() })
        .into_iter()
        .collect())
}

/// Loads a program for the first of its tracepoints that there is; else says why not.
fn load(
    ebpf: &mut Ebpf,
    btf: &Btf,
    name: &'static str,
    points: &[&'static str],
) -> Result<Result<(), String>, LoadError> {
    let program = program(ebpf, name)?;
    for point in points {
        match load_program(program, point, btf) {
            Ok(()) => return Ok(Ok(())),
            Err(ProgramError::Btf(_)) => {}
            Err(error) => return Ok(Err(format!("the kernel refuses the probe `{name}`: {error}"))),
        }
    }
    Ok(Err(format!("the kernel has no tracepoint {}", points.join(" or "))))
}

fn enter(ebpf: &mut Ebpf, operation: &Operation, watch: &Watch) -> Result<(), LoadError> {
    const MAP: &str = "OPERATIONS";
    let failed = |source| LoadError::Map { map: MAP, source: Box::new(source) };
    let map = ebpf.map_mut(MAP).ok_or(LoadError::Absent(MAP))?;
    let mut map: Array<_, [u64; WORDS]> = map.try_into().map_err(failed)?;
    let mut words = [0u64; WORDS];
    words.as_mut_bytes().copy_from_slice(watch.as_bytes());
    map.set(operation.opcode, words, 0).map_err(failed)
}

fn nothing(why: String) -> Vec<Unseen> {
    vec![Unseen::without(catalog::IO_URING, why)]
}
