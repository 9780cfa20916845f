//! Tachograph's store: one writer, closed segments packed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use store::{Batch, Filter, Options, Order, PathPattern, Query, Store, Writer};

use crate::engine::{Engine, LIMIT, SCANNED};
use crate::questions::Question;
use crate::table::directory_bytes;

pub struct Tachograph {
    dir: PathBuf,
    writer: Option<Writer>,
    store: Option<Store>,
}

fn options(pack: bool) -> Options {
    Options { pack, max_size: 1 << 40, segment_age: Duration::from_hours(24), ..Options::default() }
}

impl Tachograph {
    pub fn new(dir: &Path) -> Result<Self> {
        Ok(Self { dir: dir.to_owned(), writer: Some(Writer::open(dir, options(false))?), store: None })
    }

    /// The closed store.
    pub fn store(&self) -> Result<&Store> {
        self.store.as_ref().context("the store is not closed yet")
    }
}

impl Engine for Tachograph {
    fn append(&mut self, batch: &Batch) -> Result<()> {
        self.writer.as_mut().context("closed")?.append(batch)?;
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            writer.close()?;
        }
        let writer = Writer::open(&self.dir, options(true))?;
        writer.settle();
        drop(writer);
        self.store = Some(Store::open(&self.dir)?);
        Ok(())
    }

    fn bytes(&self) -> Result<u64> {
        directory_bytes(&self.dir)
    }

    fn ask(&mut self, question: &Question) -> Result<usize> {
        let filter = match question {
            Question::Pid(pid) => Filter { pids: vec![*pid], ..Filter::default() },
            Question::Path(path) => Filter { paths: vec![PathPattern::parse(path)?], ..Filter::default() },
            Question::Prefix(prefix) => {
                Filter { paths: vec![PathPattern::parse(&format!("{prefix}**"))?], ..Filter::default() }
            }
        };
        let query = Query { filter, order: Order::Desc, limit: LIMIT, after: None };
        Ok(self.store()?.events(&query)?.events.len())
    }

    fn scan(&mut self) -> Result<usize> {
        let filter = Filter { tids: vec![SCANNED], ..Filter::default() };
        let mut query = Query { filter, order: Order::Asc, limit: 10_000, after: None };
        let mut count = 0;
        loop {
            let page = self.store()?.events(&query)?;
            count += page.events.len();
            query.after = page.next;
            if page.next.is_none() {
                return Ok(count);
            }
        }
    }
}
