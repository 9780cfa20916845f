//! The mounts of the recorder's own namespace, and of others as far as they were asked for.

use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    fs::File,
    io::Read as _,
    sync::Arc,
};

use super::{MountInfo, parse};
use crate::{
    enrich::View,
    limits,
    process::{MountNamespace, mount_namespace},
};

/// One namespace.
#[derive(Debug, Default)]
struct Table {
    mounts: HashMap<u32, MountInfo>,
    /// In mountinfo's order: of two at one place the later is on top.
    order: Vec<u32>,
    /// Asked for and not found since it was read.
    absent: HashSet<u32>,
}

/// Mount tables. The own one is read at the start and whenever the kernel says that it changed; another is read when
/// a process of that namespace does something, again when it turns out to be old, and both within
/// [`limits::MOUNT_READS`].
#[derive(Debug, Default)]
pub struct Mounts {
    own: Table,
    others: HashMap<MountNamespace, Table>,
    /// Mounts that the own table no longer has, the newest last: the events that tell so may be still to come.
    gone: VecDeque<(u32, Arc<str>)>,
    reads: u32,
}

impl Mounts {
    /// Reads the own table anew; the places where a mount came, went, or moved.
    pub fn refresh(&mut self) -> Vec<Arc<str>> {
        let Some(new) = read("/proc/self/mountinfo") else { return Vec::new() };
        let old = std::mem::replace(&mut self.own, new);
        let mut changed: Vec<_> =
            places_not_in(&old, &self.own).chain(places_not_in(&self.own, &old)).collect();
        changed.sort_unstable();
        changed.dedup();
        keep_origins(&old, &mut self.own);
        for id in old.order.iter().filter(|id| !self.own.mounts.contains_key(id)) {
            if let Some(mount) = old.mounts.get(id) {
                self.gone.push_back((*id, Arc::clone(&mount.path)));
            }
        }
        let excess = self.gone.len().saturating_sub(limits::MOUNTS_GONE);
        self.gone.drain(..excess);
        changed
    }

    /// Takes the mount that an umount at a place was of from those that are gone from the own table.
    pub fn take_gone(&mut self, path: &str) -> Option<u32> {
        let place = self.gone.iter().rposition(|(_, gone)| **gone == *path)?;
        self.gone.remove(place).map(|(id, _)| id)
    }

    /// A new second.
    pub fn refill(&mut self) {
        self.reads = limits::MOUNT_READS;
    }

    /// A mount by its id. `path`: of something on it, which is then below its place; a table that says otherwise
    /// is old.
    pub fn find(&mut self, view: View, id: u32, path: &str) -> Option<&MountInfo> {
        if !self.table(view).is_some_and(|table| table.fits(id, path) || table.absent.contains(&id)) {
            self.load(view);
        }
        let table = match view {
            View::Own => &mut self.own,
            View::Foreign { namespace, .. } => self.others.get_mut(&namespace)?,
        };
        if table.fits(id, path) {
            return table.mounts.get(&id);
        }
        if table.absent.len() >= limits::MOUNTS_ABSENT {
            table.absent.clear();
        }
        table.absent.insert(id);
        None
    }

    /// The topmost mount at a place, as last read.
    #[must_use]
    pub fn at(&self, view: View, path: &str) -> Option<&MountInfo> {
        let table = self.table(view)?;
        let here = table.order.iter().rev().filter_map(|id| table.mounts.get(id));
        here.into_iter().find(|mount| &*mount.path == path)
    }

    /// A mount by its id, as last read.
    #[must_use]
    pub fn get(&self, view: View, id: u32) -> Option<&MountInfo> {
        self.table(view)?.mounts.get(&id)
    }

    /// Is the mount there, as last read?
    #[must_use]
    pub fn has(&self, view: View, id: u32) -> bool {
        self.get(view, id).is_some()
    }

    /// Reads the table of a namespace, if that may be done once more in this second and somebody still lives there.
    pub fn load(&mut self, view: View) -> bool {
        if self.reads == 0 {
            return false;
        }
        self.reads -= 1;
        match view {
            View::Own => {
                self.refresh();
            }
            View::Foreign { pid, namespace } => {
                let Some(mut new) = read(&format!("/proc/{pid}/mountinfo")) else { return false };
                // Checked after reading: the pid may have been given to a process of another namespace.
                if mount_namespace(pid) != namespace.0 {
                    return false;
                }
                if self.others.len() >= limits::MOUNT_NAMESPACES && !self.others.contains_key(&namespace) {
                    self.others.clear();
                }
                if let Some(old) = self.others.get(&namespace) {
                    keep_origins(old, &mut new);
                    // What an event told of may be gone by now, with the event that tells so still to come.
                    for mount in old.mounts.values().filter(|mount| mount.from_event) {
                        if let Entry::Vacant(place) = new.mounts.entry(mount.id) {
                            place.insert(mount.clone());
                            new.order.push(mount.id);
                        }
                    }
                }
                self.others.insert(namespace, new);
            }
        }
        true
    }

    /// Enters a mount that an event told of.
    pub fn learn(&mut self, view: View, mount: MountInfo) {
        let table = match view {
            View::Own => &mut self.own,
            View::Foreign { namespace, .. } => {
                if self.others.len() >= limits::MOUNT_NAMESPACES && !self.others.contains_key(&namespace) {
                    self.others.clear();
                }
                self.others.entry(namespace).or_default()
            }
        };
        table.absent.remove(&mount.id);
        table.order.retain(|id| *id != mount.id);
        table.order.push(mount.id);
        table.mounts.insert(mount.id, MountInfo { from_event: true, ..mount });
    }

    /// Takes a mount out that is gone.
    pub fn forget(&mut self, view: View, id: u32) {
        let table = match view {
            View::Own => Some(&mut self.own),
            View::Foreign { namespace, .. } => self.others.get_mut(&namespace),
        };
        if let Some(table) = table {
            table.mounts.remove(&id);
            table.order.retain(|other| *other != id);
        }
    }

    fn table(&self, view: View) -> Option<&Table> {
        match view {
            View::Own => Some(&self.own),
            View::Foreign { namespace, .. } => self.others.get(&namespace),
        }
    }
}

impl Table {
    fn fits(&self, id: u32, path: &str) -> bool {
        self.mounts.get(&id).is_some_and(|mount| is_below(path, &mount.path))
    }
}

/// Is `path` that place or below it? An empty one may be anywhere.
fn is_below(path: &str, place: &str) -> bool {
    path.is_empty()
        || place == "/"
        || path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn read(path: &str) -> Option<Table> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(limits::MOUNT_TABLE).read_to_end(&mut text).ok()?;
    let mut table = Table::default();
    for mount in parse(&text) {
        table.order.push(mount.id);
        table.mounts.insert(mount.id, mount);
    }
    Some(table)
}

fn same(a: &MountInfo, b: &MountInfo) -> bool {
    (a.parent, a.device, &a.root, &a.path) == (b.parent, b.device, &b.root, &b.path)
}

fn places_not_in(one: &Table, other: &Table) -> impl Iterator<Item = Arc<str>> {
    let gone = |mount: &&MountInfo| !other.mounts.get(&mount.id).is_some_and(|there| same(mount, there));
    one.mounts.values().filter(gone).map(|mount| Arc::clone(&mount.path))
}

/// The same mount keeps what is known of its origin, and one text for its place.
fn keep_origins(old: &Table, new: &mut Table) {
    for mount in new.mounts.values_mut() {
        if let Some(before) = old.mounts.get(&mount.id).filter(|before| same(before, mount)) {
            mount.from_event = before.from_event;
            mount.path = Arc::clone(&before.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(id: u32, path: &str) -> MountInfo {
        MountInfo { id, parent: 1, path: path.into(), ..MountInfo::default() }
    }

    fn mounts() -> Mounts {
        let mut mounts = Mounts::default();
        mounts.refill();
        mounts.refresh();
        mounts
    }

    #[test]
    fn the_table_is_that_of_the_kernel() {
        let mut mounts = mounts();
        let root = mounts.at(View::Own, "/").unwrap().clone();
        assert_eq!(mounts.find(View::Own, root.id, "/etc/passwd"), Some(&root));
        assert_eq!(mounts.refresh(), [], "nothing was mounted meanwhile");
    }

    #[test]
    fn what_an_event_told_is_known_until_the_kernel_says_that_it_is_gone() {
        let mut mounts = mounts();
        let id = u32::MAX;
        mounts.learn(View::Own, mount(id, "/tacho/told"));
        assert!(mounts.find(View::Own, id, "/tacho/told/x").is_some_and(|mount| mount.from_event));
        assert_eq!(mounts.at(View::Own, "/tacho/told").map(|mount| mount.id), Some(id));
        assert_eq!(mounts.refresh(), ["/tacho/told".into()]);
        assert_eq!(mounts.find(View::Own, id, "/tacho/told/x"), None);
    }

    #[test]
    fn a_mount_that_is_gone_before_its_end_was_told_is_told_of_once() {
        let mut mounts = mounts();
        for id in [1 << 30, 1 << 31] {
            mounts.learn(View::Own, mount(id, "/tacho/told"));
            mounts.refresh();
        }
        assert_eq!(mounts.take_gone("/tacho"), None);
        assert_eq!(mounts.take_gone("/tacho/told"), Some(1 << 31));
        assert_eq!(mounts.take_gone("/tacho/told"), Some(1 << 30));
        assert_eq!(mounts.take_gone("/tacho/told"), None);
        for id in 0..2 * u32::try_from(limits::MOUNTS_GONE).unwrap() {
            mounts.learn(View::Own, mount(u32::MAX - id, "/tacho/told"));
        }
        mounts.refresh();
        assert_eq!(mounts.gone.len(), limits::MOUNTS_GONE);
    }

    #[test]
    fn a_mount_of_which_something_elsewhere_is_told_is_not_believed() {
        let mut mounts = mounts();
        mounts.learn(View::Own, mount(u32::MAX, "/tacho/told"));
        assert_eq!(mounts.find(View::Own, u32::MAX, "/elsewhere/x"), None);
        assert!(
            !is_below("/ab", "/a") && is_below("/a/b", "/a") && is_below("/a", "/a") && is_below("/a", "/")
        );
    }

    #[test]
    fn reading_is_bounded_and_others_need_a_process_that_lives_there() {
        let mut mounts = mounts();
        let pid = std::process::id();
        let here = MountNamespace(mount_namespace(pid));
        assert!(!mounts.load(View::Foreign { pid, namespace: MountNamespace(1) }));
        for _ in 1..limits::MOUNT_READS {
            assert!(mounts.load(View::Foreign { pid, namespace: here }));
        }
        assert!(!mounts.load(View::Foreign { pid, namespace: here }), "no more in this second");
        let root = mounts.at(View::Foreign { pid, namespace: here }, "/").unwrap().id;
        assert!(mounts.has(View::Foreign { pid, namespace: here }, root));
    }
}
