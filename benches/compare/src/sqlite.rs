//! SQLite as a good engineer would: WAL, prepared statements, a transaction a batch, a table of paths, indexes on time,
//! pid, path and destination; what is not asked for as MessagePack.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use event::{Detail, Event, File, Nanos};
use rusqlite::{Connection, params};
use store::Batch;

use crate::engine::{Engine, LIMIT, SCANNED};
use crate::questions::Question;
use crate::table::directory_bytes;

const SCHEMA: &str = "
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE contexts (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, value BLOB NOT NULL);
CREATE TABLE exits (pid INTEGER NOT NULL, time INTEGER NOT NULL, value BLOB NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind INTEGER NOT NULL, pid INTEGER NOT NULL,
    context INTEGER NOT NULL, tid INTEGER NOT NULL, retval INTEGER NOT NULL, flags INTEGER NOT NULL,
    path INTEGER, destination INTEGER, rest BLOB NOT NULL);
CREATE INDEX by_time ON events (time);
CREATE INDEX by_pid ON events (pid);
CREATE INDEX by_path ON events (path) WHERE path IS NOT NULL;
CREATE INDEX by_destination ON events (destination) WHERE destination IS NOT NULL;
";
const COLUMNS: &str = "id, time, kind, pid, context, tid, retval, flags, path, destination, rest";

pub struct Sqlite {
    dir: PathBuf,
    connection: Connection,
    /// The latest paths' ids, as any engine that writes would keep them.
    known: HashMap<String, i64>,
    pids: HashMap<u64, u32>,
}

/// What is not a column.
type Rest<'a> = (&'a Detail, Option<File>, Option<File>);

fn without_path(file: Option<&File>) -> Option<File> {
    file.map(|file| File { path: String::new(), ..file.clone() })
}

impl Sqlite {
    pub fn new(dir: &Path) -> Result<Self> {
        let connection = Connection::open(dir.join("events.db"))?;
        connection.execute_batch(SCHEMA)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { dir: dir.to_owned(), connection, known: HashMap::new(), pids: HashMap::new() })
    }

    fn path(&mut self, path: &str) -> Result<i64> {
        if let Some(id) = self.known.get(path) {
            return Ok(*id);
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO paths (path) VALUES (?1) ON CONFLICT (path) DO UPDATE SET path = path RETURNING id",
        )?;
        let id = insert.query_row([path], |row| row.get(0))?;
        self.known.insert(path.to_owned(), id);
        Ok(id)
    }

    fn insert(&mut self, event: &Event) -> Result<()> {
        let id = |this: &mut Self, file: Option<&File>| {
            file.filter(|file| !file.path.is_empty()).map(|file| this.path(&file.path)).transpose()
        };
        let (file, destination) = (event.file.as_ref(), event.destination.as_deref());
        let rest: Rest<'_> = (&event.detail, without_path(file), without_path(destination));
        let (path, destination) = (id(self, file)?, id(self, destination)?);
        let pid = self.pids.get(&event.context).copied().unwrap_or(0);
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO events (time, kind, pid, context, tid, retval, flags, path, destination, rest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        insert.execute(params![
            event.time,
            event.kind.number(),
            pid,
            event.context.cast_signed(),
            event.tid,
            event.retval,
            event.flags,
            path,
            destination,
            rmp_serde::to_vec(&rest)?,
        ])?;
        Ok(())
    }

    fn rows(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(values)?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let rest: Vec<u8> = row.get(10)?;
            let decoded: (Detail, Option<File>, Option<File>) = rmp_serde::from_slice(&rest)?;
            let time: Nanos = row.get(1)?;
            std::hint::black_box((decoded, time));
            count += 1;
        }
        Ok(count)
    }
}

impl Engine for Sqlite {
    fn append(&mut self, batch: &Batch) -> Result<()> {
        self.connection.execute_batch("BEGIN")?;
        for context in &batch.contexts {
            self.pids.insert(context.id, context.process.pid);
            self.connection.prepare_cached("INSERT OR REPLACE INTO contexts VALUES (?1, ?2, ?3)")?.execute(
                params![context.id.cast_signed(), context.process.pid, rmp_serde::to_vec(&**context)?],
            )?;
        }
        for event in &batch.events {
            self.insert(event)?;
        }
        for exit in &batch.exits {
            self.connection.prepare_cached("INSERT INTO exits VALUES (?1, ?2, ?3)")?.execute(params![
                exit.process.pid,
                exit.time,
                rmp_serde::to_vec(exit)?
            ])?;
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;")?;
        Ok(())
    }

    fn bytes(&self) -> Result<u64> {
        directory_bytes(&self.dir)
    }

    fn ask(&mut self, question: &Question) -> Result<usize> {
        match question {
            Question::Pid(pid) => self.rows(
                &format!("SELECT {COLUMNS} FROM events WHERE pid = ?1 ORDER BY id DESC LIMIT {LIMIT}"),
                [pid],
            ),
            Question::Path(path) => self.rows(
                &format!(
                    "SELECT {COLUMNS} FROM events WHERE path = (SELECT id FROM paths WHERE path = ?1)
                     OR destination = (SELECT id FROM paths WHERE path = ?1) ORDER BY id DESC LIMIT {LIMIT}"
                ),
                [path],
            ),
            Question::Prefix(prefix) => {
                // The first text after all that begin so.
                let mut end = prefix.clone();
                end.pop();
                end.push('0');
                self.rows(
                    &format!(
                        "SELECT {COLUMNS} FROM events WHERE id IN (
                           SELECT e.id FROM paths p JOIN events e ON e.path = p.id WHERE p.path >= ?1 AND p.path < ?2
                           UNION SELECT e.id FROM paths p JOIN events e ON e.destination = p.id
                           WHERE p.path >= ?1 AND p.path < ?2
                         ) ORDER BY id DESC LIMIT {LIMIT}"
                    ),
                    [prefix, &end],
                )
            }
        }
    }

    fn scan(&mut self) -> Result<usize> {
        let mut statement =
            self.connection.prepare_cached("SELECT count(*) FROM events NOT INDEXED WHERE tid = ?1")?;
        Ok(usize::try_from(statement.query_row([SCANNED], |row| row.get::<_, i64>(0))?)?)
    }
}
