//! What queries need of a chunk's contexts, as columns.

use std::collections::HashMap;

use event::{BootId, Context, ImageRef, ProcessKey};
use serde::{Deserialize, Serialize};

use super::chunk::has_summaries;
use super::decode::{Held, Table};
use crate::bytes::{Damaged, unpack};
use crate::limits::{MAX_CHUNK_CONTEXTS, MAX_SECTION};

/// Columns over the contexts of a chunk; element n of each is of context n. Texts are indexes into `texts`. Stored as
/// `MessagePack` in formats 1 and 2.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Ids; ascending but where contexts were carried over late.
    pub ids: Vec<u64>,
    /// Distinct boots.
    pub boots: Vec<BootId>,
    /// Index of the process's boot.
    pub boot: Vec<u32>,
    /// The process's start.
    pub starts: Vec<u64>,
    /// The process's pid.
    pub pids: Vec<u32>,
    /// Parent's pid.
    pub ppids: Vec<u32>,
    /// Next of the lineage, 0 if none.
    pub lineages: Vec<u64>,
    /// Creator's start and pid in the same boot, if known.
    pub creators: Vec<Option<(u64, u32)>>,
    /// When the context began.
    pub since: Vec<i64>,
    /// Real user.
    pub uids: Vec<u32>,
    /// Distinct texts.
    pub texts: Vec<String>,
    /// Real user's name.
    pub users: Vec<u32>,
    /// Task name.
    pub comms: Vec<u32>,
    /// Container's id; 0 for none, else one more than the index.
    pub containers: Vec<u32>,
    /// Path of an image held by the context itself, likewise.
    pub exes: Vec<u32>,
    /// Context that holds the image instead, 0 if none.
    pub shared: Vec<u64>,
    /// When the process was forked, 0 if unknown. Summaries that are stored do not have it.
    #[serde(skip)]
    pub forks: Vec<i64>,
}

/// Texts by number, each once.
#[derive(Default)]
struct Texts<'a> {
    list: Vec<String>,
    known: HashMap<&'a str, u32>,
}

impl<'a> Texts<'a> {
    fn place(&mut self, text: &'a str) -> u32 {
        *self.known.entry(text).or_insert_with(|| {
            self.list.push(text.to_owned());
            u32::try_from(self.list.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

/// Texts of numbers that came up before: many rows have the same.
#[derive(Default)]
struct Known(Vec<u32>);

impl Known {
    /// Place of the text of a number.
    fn place(&mut self, number: u32, place: impl FnOnce() -> u32) -> u32 {
        let at = number as usize;
        if at >= MAX_CHUNK_CONTEXTS {
            return place();
        }
        if at >= self.0.len() {
            self.0.resize(at + 1, u32::MAX);
        }
        if self.0[at] == u32::MAX {
            self.0[at] = place();
        }
        self.0[at]
    }
}

/// When a process began to live: when it was forked, if that is known (0 is not), or its first state began.
pub fn lived_since(fork: i64, since: i64) -> i64 {
    if fork == 0 { since } else { fork.min(since) }
}

impl Summary {
    /// Of contexts in order of id.
    pub fn of(contexts: &[&Context]) -> Self {
        let mut out = Self::default();
        let mut texts = Texts::default();
        for context in contexts {
            out.ids.push(context.id);
            let boot = out.boot_place(context.process.boot);
            out.boot.push(boot);
            out.starts.push(context.process.start);
            out.pids.push(context.process.pid);
            out.ppids.push(context.ppid);
            out.lineages.push(context.lineage.unwrap_or(0));
            out.creators.push(
                context
                    .creator
                    .filter(|creator| creator.boot == context.process.boot)
                    .map(|creator| (creator.start, creator.pid)),
            );
            out.since.push(context.since);
            out.forks.push(context.fork_time);
            out.uids.push(context.credentials.uid);
            out.users.push(texts.place(&context.credentials.user));
            out.comms.push(texts.place(&context.comm));
            out.containers
                .push(context.container.as_ref().map_or(0, |container| texts.place(&container.id) + 1));
            let (exe, shared) = match &context.image {
                ImageRef::Unknown => (0, 0),
                ImageRef::Own(image) => (texts.place(&image.executable.path) + 1, 0),
                ImageRef::Shared(holder) => (0, *holder),
            };
            out.exes.push(exe);
            out.shared.push(shared);
        }
        out.texts = texts.list;
        out
    }

    fn boot_place(&mut self, boot: BootId) -> u32 {
        let place = self.boots.iter().position(|known| *known == boot).unwrap_or_else(|| {
            self.boots.push(boot);
            self.boots.len() - 1
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Of the contexts of a chunk, in its order.
    pub fn of_table(table: &Table) -> Result<Self, Damaged> {
        let mut out = Self::default();
        let mut texts = Texts::default();
        let (mut users, mut comms, mut exes) = (Known::default(), Known::default(), Known::default());
        for row in table.rows()? {
            let (boot, start, pid) = row.process;
            out.ids.push(row.id);
            let place = out.boot_place(table.boots.get(boot as usize).copied().unwrap_or_default());
            out.boot.push(place);
            out.starts.push(start);
            out.pids.push(pid);
            out.ppids.push(row.ppid);
            out.lineages.push(row.lineage.unwrap_or(0));
            let creator = row.creator.filter(|creator| creator.0 == boot);
            out.creators.push(creator.map(|(_, start, pid)| (start, pid)));
            out.since.push(row.since);
            out.forks.push(row.fork_time);
            let credentials = table.credentials(row);
            out.uids.push(credentials.map_or(0, |credentials| credentials.uid));
            let user = || texts.place(credentials.map_or("", |credentials| &credentials.user));
            out.users.push(users.place(row.credentials, user));
            let comm = || texts.place(table.texts.get(row.comm as usize).map_or("", String::as_str));
            out.comms.push(comms.place(row.comm, comm));
            let container = table.container(row);
            out.containers.push(container.map_or(0, |container| texts.place(&container.id) + 1));
            let (exe, shared) = match row.image {
                Held::Unknown => (0, 0),
                Held::Own(image) => {
                    let exe = |number| {
                        let text = || table.file(number).map_or(0, |file| texts.place(&file.path) + 1);
                        exes.place(number, text)
                    };
                    (table.executable(image).map_or(0, exe), 0)
                }
                Held::Shared(holder) => (0, holder),
            };
            out.exes.push(exe);
            out.shared.push(shared);
        }
        out.texts = texts.list;
        Ok(out)
    }

    /// Of a chunk, from what the segment has of it: its summary, or where the format has none, the chunk itself.
    pub fn read(format: u32, value: &[u8]) -> Result<Self, Damaged> {
        if has_summaries(format) { Self::unpack(value) } else { Self::of_table(&Table::unpack(value)?) }
    }

    /// From what is stored; every column is checked to have all rows and every index to be in range.
    pub fn unpack(value: &[u8]) -> Result<Self, Damaged> {
        let bytes = unpack(value, MAX_SECTION)?;
        let out: Self = rmp_serde::from_slice(&bytes).map_err(|_| Damaged("a summary is damaged"))?;
        let rows = out.ids.len();
        let lengths = [
            out.boot.len(),
            out.starts.len(),
            out.pids.len(),
            out.ppids.len(),
            out.lineages.len(),
            out.creators.len(),
            out.since.len(),
            out.uids.len(),
            out.users.len(),
            out.comms.len(),
            out.containers.len(),
            out.exes.len(),
            out.shared.len(),
        ];
        let texts = out.texts.len();
        let whole = lengths.iter().all(|length| *length == rows)
            && out.boot.iter().all(|boot| (*boot as usize) < out.boots.len())
            && out.users.iter().chain(&out.comms).all(|text| (*text as usize) < texts)
            && out.containers.iter().chain(&out.exes).all(|text| *text as usize <= texts);
        if whole { Ok(out) } else { Err(Damaged("a summary is incomplete")) }
    }

    /// Row of a context.
    pub fn row(&self, id: u64) -> Option<usize> {
        let found = self.ids.binary_search(&id).ok();
        found.or_else(|| self.ids.iter().position(|other| *other == id))
    }

    /// The process of a row.
    pub fn process(&self, row: usize) -> ProcessKey {
        ProcessKey { boot: self.boots[self.boot[row] as usize], start: self.starts[row], pid: self.pids[row] }
    }

    /// The creator of a row's process.
    pub fn creator(&self, row: usize) -> Option<ProcessKey> {
        let boot = self.boots[self.boot[row] as usize];
        self.creators[row].map(|(start, pid)| ProcessKey { boot, start, pid })
    }

    /// When the process of a row began to live, if this is its first state: what a snapshot found lived before. `None` if
    /// what is stored does not tell.
    pub fn began(&self, row: usize) -> Option<i64> {
        self.forks.get(row).map(|fork| lived_since(*fork, self.since[row]))
    }

    /// Container's id of a row.
    pub fn container(&self, row: usize) -> Option<&str> {
        self.containers[row].checked_sub(1).map(|text| self.texts[text as usize].as_str())
    }

    /// Paths of the images that rows hold themselves, ascending, each once.
    pub fn distinct_exes(&self) -> Vec<&str> {
        let mut texts: Vec<u32> = self.exes.iter().filter_map(|text| text.checked_sub(1)).collect();
        texts.sort_unstable();
        texts.dedup();
        let mut exes: Vec<&str> = texts.iter().map(|text| self.texts[*text as usize].as_str()).collect();
        exes.sort_unstable();
        exes
    }

    /// Path of the image that a row holds itself.
    pub fn exe(&self, row: usize) -> Option<&str> {
        self.exes[row].checked_sub(1).map(|text| self.texts[text as usize].as_str())
    }

    /// Bytes in memory, about.
    pub fn size(&self) -> usize {
        self.ids.len() * 104 + self.texts.iter().map(|text| text.len() + 24).sum::<usize>()
    }
}
