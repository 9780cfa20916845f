//! What this machine lets a test do.

use std::{
    env,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(crate) use crate::turn::turn;

/// Longest wait for any condition. A loaded machine of two cores is slow, not wrong.
const PATIENCE: Duration = Duration::from_mins(1);

/// Counts a test as skipped.
pub(crate) fn skip(test: &str, reason: &str) {
    assert!(env::var_os("CI").is_none(), "{test} cannot run here, and in CI it must: {reason}");
    if let Some(file) = env::var_os("TACHO_SKIPS") {
        let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
}

/// The binary under test: `TACHO_BIN`, or the newest build beside this test.
pub(crate) fn tacho() -> PathBuf {
    if let Some(path) = env::var_os("TACHO_BIN") {
        return path.into();
    }
    // target/debug/deps/it-...
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    ["release", "debug"]
        .into_iter()
        .map(|profile| target.join(profile).join("tacho"))
        .filter(|path| path.exists())
        .max_by_key(|path| path.metadata().unwrap().modified().unwrap())
        .expect("no tacho was built: run ./x test, or cargo build -p recorder")
}

/// Python 3, the real one rather than some manager's shim.
pub(crate) fn python() -> &'static str {
    if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" }
}

/// Waits until a condition gives something.
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
