//! From calls to the events that must be there.

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
};

use serde_json::Value;

use super::{
    call::{Call, descriptor, quoted},
    split,
};

/// An event that must be in the store.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) tid: u64,
    name: &'static str,
    /// Any of these is right: with and without the symlinks that are on the way.
    paths: Vec<String>,
    destinations: Vec<String>,
    result: Option<i64>,
    /// Instead of a path, for exec and fork.
    word: Option<String>,
}

/// The events that successful calls must have left. `cwd` is where the first program began.
pub(super) fn of(calls: &[Call], cwd: &Path) -> Vec<Wanted> {
    let mut places = Places { first: cwd.to_owned(), ..Places::default() };
    calls
        .iter()
        .filter(|call| call.result.is_none_or(|result| result >= 0))
        .filter_map(|call| places.wanted(call))
        .collect()
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
        Some(normal(&base?.join(path)))
    }

    fn wanted(&mut self, call: &Call) -> Option<Wanted> {
        let mut wanted = Wanted {
            tid: call.tid,
            name: "",
            paths: vec![],
            destinations: vec![],
            result: call.result,
            word: None,
        };
        let held = |index: usize| call.args.get(index).and_then(|arg| descriptor(arg));
        let (name, path) = match call.name.as_str() {
            "open" | "openat" | "openat2" | "creat" => ("open", call.returned.clone().map(PathBuf::from)),
            "truncate" => ("open", self.join(call, None, 0)),
            "ftruncate" => ("open", held(0).map(PathBuf::from)),
            "mkdir" => ("mkdir", self.join(call, None, 0)),
            "mkdirat" => ("mkdir", self.join(call, Some(0), 1)),
            "rmdir" => ("rmdir", self.join(call, None, 0)),
            "unlink" => ("unlink", self.join(call, None, 0)),
            "unlinkat" if call.args.get(2)?.contains("AT_REMOVEDIR") => {
                ("rmdir", self.join(call, Some(0), 1))
            }
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
            "fchmod" => ("chmod", held(0).map(PathBuf::from)),
            "fchmodat" => ("chmod", self.join(call, Some(0), 1)),
            "chown" | "lchown" => ("chown", self.join(call, None, 0)),
            "fchown" => ("chown", held(0).map(PathBuf::from)),
            "fchownat" => ("chown", self.join(call, Some(0), 1)),
            "chdir" | "fchdir" => {
                let path =
                    if call.name == "chdir" { self.join(call, None, 0) } else { held(0).map(PathBuf::from) };
                let place = path.clone()?;
                self.by_process.insert(self.process(call.tid), place.canonicalize().unwrap_or(place));
                ("chdir", path)
            }
            "bind" | "connect" => (if call.name == "bind" { "bind" } else { "connect" }, None),
            "execve" => {
                wanted.word = quoted(call.args.first()?);
                wanted.result = None;
                ("exec", None)
            }
            "fork" | "vfork" | "clone" | "clone3" => return self.forked(call, wanted),
            "exit_group" => {
                wanted.word = Some(call.args.first()?.clone());
                wanted.tid = self.process(call.tid);
                ("exit", None)
            }
            _ => return None,
        };
        wanted.name = name;
        // What has no name in any directory (a pipe, say) has none to compare.
        wanted.paths = path.filter(|path| path.is_absolute()).map(|path| ways(&path)).unwrap_or_default();
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

/// A path as it was given, with its directory resolved, and wholly resolved.
fn ways(path: &Path) -> Vec<String> {
    let mut ways = vec![path.to_owned()];
    if let Some((parent, name)) = split(path)
        && let Ok(parent) = parent.canonicalize()
    {
        ways.push(parent.join(name));
    }
    ways.extend(path.canonicalize());
    ways.into_iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

/// Those without an event of their own.
pub(super) fn missing(wanted: &[Wanted], events: &[Value]) -> Vec<Wanted> {
    let mut by_key: HashMap<(u64, &str), Vec<(&Value, bool)>> = HashMap::new();
    for event in events {
        let key =
            (event["process"]["tid"].as_u64().unwrap_or(0), event["evt"]["name"].as_str().unwrap_or(""));
        by_key.entry(key).or_default().push((event, false));
    }
    let found = |wanted: &Wanted, by_key: &mut HashMap<(u64, &str), Vec<(&Value, bool)>>| {
        let candidates = by_key.get_mut(&(wanted.tid, wanted.name));
        let own =
            candidates.and_then(|list| list.iter_mut().find(|(event, taken)| !taken && fits(wanted, event)));
        own.map(|(_, taken)| *taken = true).is_some()
    };
    wanted.iter().filter(|wanted| !found(wanted, &mut by_key)).cloned().collect()
}

fn fits(wanted: &Wanted, event: &Value) -> bool {
    let path = event["file"]["path"].as_str().unwrap_or("");
    let destination = event["file"]["destination"]["path"].as_str().unwrap_or("");
    let of = |paths: &[String], path: &str| paths.is_empty() || paths.iter().any(|other| other == path);
    let word = match (wanted.name, &wanted.word) {
        ("exec", Some(word)) => event["syscall"]["exec"]["path"] == word.as_str(),
        ("exit", Some(word)) => event["exit"]["code"].as_u64() == word.parse().ok(),
        _ => true,
    };
    word && of(&wanted.paths, path)
        && of(&wanted.destinations, destination)
        && (wanted.word.is_some() || wanted.result.is_none_or(|result| event["tacho"]["retval"] == result))
}
