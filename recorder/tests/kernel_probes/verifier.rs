//! What the verifier pays for each program, against `tests/verifier.txt`: a change that makes it look at far more is
//! seen before a kernel with a smaller limit refuses it. `REGENERATE_VERIFIER=1` writes the file anew.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use crate::harness::loaded;

/// Programs over this are refused by the kernel (`BPF_COMPLEXITY_LIMIT_INSNS`, include/linux/bpf.h).
const LIMIT: u32 = 1_000_000;
/// Other kernels and compilers count otherwise; this much more than the file says is still no change of ours.
const OTHERS: u32 = 4;

#[test]
fn the_verifier_looks_at_as_many_instructions_as_the_file_says() {
    let Some(costs) = loaded(|recording| recording.probes.verified_instructions()) else { return };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifier.txt");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let kernel = release.trim().split('.').take(2).collect::<Vec<_>>().join(".");
    if std::env::var_os("REGENERATE_VERIFIER").is_some() {
        let mut text = format!("# verified instructions by program, on Linux {kernel}\n");
        for (name, count) in &costs {
            writeln!(text, "{name} {count}").unwrap();
        }
        fs::write(&file, text).unwrap();
    }
    let text = fs::read_to_string(&file).unwrap();
    let same = text.lines().next().unwrap().ends_with(&format!("Linux {kernel}"));
    let known: BTreeMap<&str, u32> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(' '))
        .map(|(name, count)| (name, count.parse().unwrap()))
        .collect();
    for (name, count) in &costs {
        println!("{name} {count}");
        let known = *known.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the file"));
        // A tenth for a compiler of another patch level.
        let most = if same { known + known / 10 } else { known.saturating_mul(OTHERS) };
        assert!(*count <= most.min(LIMIT), "{name}: {count} instructions, {known} in the file");
    }
}
