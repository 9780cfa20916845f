//! From calls to the events that must be there.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
};

use super::{
    call::{Call, descriptor, number, quoted},
    split,
};

/// An event that must be in the store.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) tid: u64,
    pub(super) name: &'static str,
    /// Any of these is right: with and without the symlinks that are on the way.
    pub(super) paths: Vec<String>,
    pub(super) destinations: Vec<String>,
    pub(super) result: Option<i64>,
    /// Of a call that failed.
    pub(super) errno: Option<String>,
    /// Members of the event that must be so, by JSON pointer; of several, by `|`, the first that is there.
    pub(super) members: Vec<(&'static str, String)>,
    /// A signal to more than one process leaves more than one event.
    pub(super) many: bool,
}

/// The events that calls must have left. `cwd` is where the first program began.
pub(super) fn of(calls: &[Call], cwd: &Path) -> Vec<Wanted> {
    let mut places = Places { first: cwd.to_owned(), ..Places::default() };
    calls.iter().filter_map(|call| places.wanted(call)).collect()
}

/// Working directories by process, as far as the calls tell them.
#[derive(Default)]
struct Places {
    first: PathBuf,
    by_process: HashMap<u64, PathBuf>,
    process_of: HashMap<u64, u64>,
}

impl Places {
    fn process(&self, tid: u64) -> u64 {
        self.process_of.get(&tid).copied().unwrap_or(tid)
    }

    fn cwd(&self, tid: u64) -> &Path {
        self.by_process.get(&self.process(tid)).unwrap_or(&self.first)
    }

    /// The path that a string means, relative to a directory argument or the working directory.
    fn join(&self, call: &Call, base: Option<usize>, path: usize) -> Option<PathBuf> {
        let path = quoted(call.args.get(path)?)?;
        let base = match base {
            Some(base) => descriptor(call.args.get(base)?).map(PathBuf::from),
            None => Some(self.cwd(call.tid).to_owned()),
        };
        // For us that would be the test.
        let own = format!("/proc/{}/", self.process(call.tid));
        let path = path.replacen("/proc/self/", &own, usize::from(path.starts_with("/proc/self/")));
        Some(base?.join(path))
    }

    #[expect(clippy::too_many_lines, reason = "a line or two for each call")]
    fn wanted(&mut self, call: &Call) -> Option<Wanted> {
        let mut wanted = Wanted {
            tid: call.tid,
            name: "",
            paths: vec![],
            destinations: vec![],
            result: call.result,
            errno: call.errno.clone(),
            members: vec![],
            many: false,
        };
        let failed = call.errno.is_some();
        let held = |index: usize| call.args.get(index).and_then(|arg| descriptor(arg)).map(PathBuf::from);
        let arg = |index: usize| call.args.get(index).map(String::as_str);
        let (name, path) = match call.name.as_str() {
            "open" | "creat" | "openat" | "openat2" if !failed => {
                ("open", call.returned.clone().map(PathBuf::from))
            }
            "open" | "creat" | "truncate" => ("open", self.join(call, None, 0)),
            "openat" | "openat2" => ("open", self.join(call, Some(0), 1)),
            "ftruncate" => ("open", held(0)),
            "mkdir" => ("mkdir", self.join(call, None, 0)),
            "mkdirat" => ("mkdir", self.join(call, Some(0), 1)),
            "rmdir" => ("rmdir", self.join(call, None, 0)),
            "unlink" => ("unlink", self.join(call, None, 0)),
            "unlinkat" if arg(2)?.contains("AT_REMOVEDIR") => ("rmdir", self.join(call, Some(0), 1)),
            "unlinkat" => ("unlink", self.join(call, Some(0), 1)),
            "rename" | "link" => {
                wanted.destinations = ways(&self.join(call, None, 1)?);
                (if call.name == "link" { "link" } else { "rename" }, self.join(call, None, 0))
            }
            "renameat" | "renameat2" | "linkat" => {
                wanted.destinations = ways(&self.join(call, Some(2), 3)?);
                (if call.name == "linkat" { "link" } else { "rename" }, self.join(call, Some(0), 1))
            }
            "chmod" => ("chmod", self.join(call, None, 0)),
            "fchmod" => ("chmod", held(0)),
            "fchmodat" => ("chmod", self.join(call, Some(0), 1)),
            "chown" | "lchown" => ("chown", self.join(call, None, 0)),
            "fchown" => ("chown", held(0)),
            "fchownat" => ("chown", self.join(call, Some(0), 1)),
            "utime" | "utimes" => ("utimes", self.join(call, None, 0)),
            "futimesat" | "utimensat" if arg(1)? == "NULL" => ("utimes", held(0)),
            "futimesat" | "utimensat" => ("utimes", self.join(call, Some(0), 1)),
            "setxattr" | "lsetxattr" | "removexattr" | "lremovexattr" => {
                wanted.members.push(("/file/destination/attribute_name", quoted(arg(1)?)?));
                (xattr(&call.name), self.join(call, None, 0))
            }
            "fsetxattr" | "fremovexattr" => {
                wanted.members.push(("/file/destination/attribute_name", quoted(arg(1)?)?));
                (xattr(&call.name), held(0))
            }
            "chdir" | "fchdir" => {
                let path = if call.name == "chdir" { self.join(call, None, 0) } else { held(0) };
                if let (false, Some(place)) = (failed, &path) {
                    let place = normal(place);
                    self.by_process.insert(self.process(call.tid), place.canonicalize().unwrap_or(place));
                }
                ("chdir", path)
            }
            "splice" => ("splice", None),
            "bind" | "connect" => (if call.name == "bind" { "bind" } else { "connect" }, None),
            "accept" | "accept4" => ("accept", None),
            "mmap" => {
                wanted.members.push(("/mmap/length", number(arg(1)?)?.to_string()));
                ("mmap", None)
            }
            "mprotect" | "pkey_mprotect" => {
                wanted.members.push(("/tacho/detail/start|/mprotect/vm_start", arg(0)?.to_owned()));
                ("mprotect", None)
            }
            "kill" | "tkill" | "tgkill" | "rt_sigqueueinfo" | "pidfd_send_signal" => {
                let (pid, signal) = if call.name == "tgkill" { (1, 2) } else { (0, 1) };
                // Signal 0 has no name.
                let signal = arg(signal)?;
                if signal != "0" {
                    wanted.members.push(("/signal/type", signal.to_owned()));
                }
                wanted.many = call.name == "kill" && number(arg(pid)?).is_some_and(|pid| pid <= 0);
                ("signal", None)
            }
            "prctl" => {
                wanted.members.push(("/tacho/detail/option", arg(0)?.to_owned()));
                ("prctl", None)
            }
            "prlimit64" if arg(2)? == "NULL" => return None,
            "setrlimit" | "prlimit64" => {
                let resource = arg(usize::from(call.name == "prlimit64"))?;
                wanted.members.push(("/tacho/detail/resource", resource.to_owned()));
                ("setrlimit", None)
            }
            "setuid" | "setreuid" | "setresuid" | "setfsuid" => ("setuid", None),
            "setgid" | "setregid" | "setresgid" | "setfsgid" => ("setgid", None),
            "capset" => ("capset", None),
            "execve" | "execveat" if failed => return None,
            "execve" => {
                wanted.members.push(("/syscall/exec/path", quoted(call.args.first()?)?));
                wanted.result = None;
                ("exec", None)
            }
            "fork" | "vfork" | "clone" | "clone3" => return self.forked(call, wanted),
            "exit_group" => {
                wanted.members.push(("/exit/code", (number(arg(0)?)? & 0xff).to_string()));
                wanted.tid = self.process(call.tid);
                ("exit", None)
            }
            _ => return None,
        };
        wanted.name = name;
        // What has no name in any directory (a pipe, say) has none to compare, and what is named by a descriptor is told by
        // its own name.
        let by_descriptor = |path: &Path| path.starts_with("/proc") && path.iter().any(|part| part == "fd");
        let named = path.filter(|path| path.is_absolute() && !by_descriptor(path));
        wanted.paths = named.map(|path| ways(&path)).unwrap_or_default();
        Some(wanted)
    }

    fn forked(&mut self, call: &Call, mut wanted: Wanted) -> Option<Wanted> {
        let child = u64::try_from(call.result?).ok()?;
        if call.args.iter().any(|arg| arg.contains("CLONE_THREAD")) {
            self.process_of.insert(child, self.process(call.tid));
            return None;
        }
        let place = self.cwd(call.tid).to_owned();
        self.by_process.insert(child, place);
        wanted.name = "fork";
        wanted.tid = child;
        wanted.result = None;
        Some(wanted)
    }
}

fn xattr(call: &str) -> &'static str {
    if call.contains("set") { "setxattr" } else { "removexattr" }
}

/// Without `.` and `..`, by the text alone.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::from("/"), |mut path, component| {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
        path
    })
}

/// A path as it was given, tidied, with its directory resolved, and wholly resolved.
fn ways(path: &Path) -> Vec<String> {
    // Components drop `.` and doubled slashes.
    let mut ways = vec![path.components().collect(), normal(path)];
    if let Some((parent, name)) = split(path)
        && let Ok(parent) = parent.canonicalize()
    {
        ways.push(parent.join(name));
    }
    ways.extend(path.canonicalize());
    ways.into_iter().map(|path: PathBuf| path.to_string_lossy().into_owned()).collect()
}
