//! Names of users and groups, from the passwd and group files of the right root.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use event::Credentials;

use crate::limits;

/// Which root a process sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MountNamespace(
    /// Inode number; 0 is the recorder's own.
    pub u32,
);

/// Resolves ids. Files are read again when they change; no NSS module is ever asked (it may block or spawn).
#[derive(Debug, Default)]
pub struct Names {
    roots: HashMap<MountNamespace, Root>,
}

#[derive(Debug, Default)]
struct Root {
    users: Table,
    groups: Table,
}

#[derive(Debug, Default)]
struct Table {
    modified: Option<SystemTime>,
    names: HashMap<u32, String>,
}

impl Names {
    /// Fills the names of `credentials`, as a process of `pid` in `namespace` sees them. Unknown ids stay unnamed.
    pub fn fill(&mut self, credentials: &mut Credentials, namespace: MountNamespace, pid: u32) {
        if self.roots.len() >= limits::NAME_SPACES && !self.roots.contains_key(&namespace) {
            self.roots.clear();
        }
        let root = self.roots.entry(namespace).or_default();
        let base = if namespace.0 == 0 { PathBuf::from("/") } else { format!("/proc/{pid}/root/").into() };
        root.users.refresh(&base.join("etc/passwd"));
        root.groups.refresh(&base.join("etc/group"));
        credentials.user = root.users.name(credentials.uid);
        credentials.euser = root.users.name(credentials.euid);
        credentials.fsuser = root.users.name(credentials.fsuid);
        credentials.group = root.groups.name(credentials.gid);
        credentials.egroup = root.groups.name(credentials.egid);
        credentials.fsgroup = root.groups.name(credentials.fsgid);
    }
}

impl Table {
    fn name(&self, id: u32) -> String {
        self.names.get(&id).cloned().unwrap_or_default()
    }

    fn refresh(&mut self, path: &Path) {
        // A process that is gone has no root any more: what is cached for its namespace stays.
        let Ok(metadata) = fs::metadata(path) else { return };
        let modified = metadata.modified().ok();
        if modified.is_some() && modified == self.modified {
            return;
        }
        // A fifo or device planted in a container must not hang the recorder.
        if !metadata.is_file() {
            return;
        }
        let mut text = Vec::new();
        let Ok(file) = File::open(path) else { return };
        if file.take(limits::NAMES_FILE).read_to_end(&mut text).is_ok() {
            self.names = parse(&text);
            self.modified = modified;
        }
    }
}

fn parse(text: &[u8]) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in String::from_utf8_lossy(text).lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(_), Some(id)) = (fields.next(), fields.next(), fields.next())
            && let Ok(id) = id.parse()
        {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_an_id_counts() {
        let names =
            parse(b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nbroken\njoe:x:1000:1000::/:/x\n");
        assert_eq!(names.get(&0).map(String::as_str), Some("root"));
        assert_eq!(names.get(&1000).map(String::as_str), Some("joe"));
        assert_eq!(names.len(), 2);
    }

    #[test]
    fn root_is_root_on_this_host() {
        let mut credentials = Credentials::default();
        Names::default().fill(&mut credentials, MountNamespace(0), 1);
        assert_eq!((credentials.user.as_str(), credentials.group.as_str()), ("root", "root"));
    }
}
