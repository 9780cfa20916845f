//! fjall, an LSM tree: events by id, and an index each over time, pid and path; a synced batch a commit.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use event::Event;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use store::Batch;

use crate::engine::{Engine, LIMIT, SCANNED};
use crate::questions::Question;
use crate::table::directory_bytes;

pub struct Lsm {
    dir: PathBuf,
    database: Database,
    events: Keyspace,
    contexts: Keyspace,
    by_time: Keyspace,
    by_pid: Keyspace,
    by_path: Keyspace,
    pids: HashMap<u64, u32>,
    next: u64,
}

impl Lsm {
    pub fn new(dir: &Path) -> Result<Self> {
        let database = Database::builder(dir).open()?;
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        Ok(Self {
            dir: dir.to_owned(),
            events: keyspace("events")?,
            contexts: keyspace("contexts")?,
            by_time: keyspace("time")?,
            by_pid: keyspace("pid")?,
            by_path: keyspace("path")?,
            database,
            pids: HashMap::new(),
            next: 1,
        })
    }

    fn decoded(&self, ids: impl Iterator<Item = Result<u64>>) -> Result<usize> {
        let mut count = 0;
        for id in ids {
            let value = self.events.get(id?.to_be_bytes())?.context("an event is missing")?;
            std::hint::black_box(rmp_serde::from_slice::<Event>(&value)?);
            count += 1;
        }
        Ok(count)
    }
}

/// The id at the end of an index's key.
fn id(key: &[u8]) -> Result<u64> {
    let at = key.len().checked_sub(8).context("a short key")?;
    Ok(u64::from_be_bytes(key[at..].try_into()?))
}

fn path_key(path: &str, id: u64) -> Vec<u8> {
    [path.as_bytes(), &[0], &id.to_be_bytes()].concat()
}

impl Engine for Lsm {
    fn append(&mut self, batch: &Batch) -> Result<()> {
        let mut write = self.database.batch().durability(Some(PersistMode::SyncData));
        for context in &batch.contexts {
            self.pids.insert(context.id, context.process.pid);
            write.insert(&self.contexts, context.id.to_be_bytes(), rmp_serde::to_vec(&**context)?);
        }
        for event in &batch.events {
            let id = self.next;
            self.next += 1;
            let pid = self.pids.get(&event.context).copied().unwrap_or(0);
            write.insert(&self.events, id.to_be_bytes(), rmp_serde::to_vec(event)?);
            let time = event.time.cast_unsigned().to_be_bytes();
            write.insert(&self.by_time, [time, id.to_be_bytes()].concat(), []);
            write.insert(&self.by_pid, [&pid.to_be_bytes()[..], &id.to_be_bytes()].concat(), []);
            for file in
                event.file.iter().chain(event.destination.as_deref()).filter(|file| !file.path.is_empty())
            {
                write.insert(&self.by_path, path_key(&file.path, id), []);
            }
        }
        write.commit()?;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        for keyspace in [&self.events, &self.contexts, &self.by_time, &self.by_pid, &self.by_path] {
            keyspace.rotate_memtable_and_wait()?;
            keyspace.major_compact()?;
        }
        Ok(())
    }

    fn bytes(&self) -> Result<u64> {
        directory_bytes(&self.dir)
    }

    fn ask(&mut self, question: &Question) -> Result<usize> {
        match question {
            Question::Pid(pid) => {
                let rows = self.by_pid.prefix(pid.to_be_bytes()).rev().take(LIMIT);
                self.decoded(rows.map(|row| id(&row.key()?)))
            }
            Question::Path(path) => {
                let rows = self.by_path.prefix([path.as_bytes(), &[0]].concat()).rev().take(LIMIT);
                self.decoded(rows.map(|row| id(&row.key()?)))
            }
            Question::Prefix(prefix) => {
                // In the order of paths: the newest are known when all have been seen.
                let mut newest = BTreeSet::new();
                for row in self.by_path.prefix(prefix.as_bytes()) {
                    newest.insert(id(&row.key()?)?);
                    if newest.len() > LIMIT {
                        newest.pop_first();
                    }
                }
                self.decoded(newest.into_iter().rev().map(Ok))
            }
        }
    }

    fn scan(&mut self) -> Result<usize> {
        let mut count = 0;
        for row in self.events.iter() {
            count += usize::from(rmp_serde::from_slice::<Event>(&row.value()?)?.tid == SCANNED);
        }
        Ok(count)
    }
}
