//! Made-up lives of processes, written down step by step, and the router over them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use event::{
    BootId, Class, Context, Credentials, Detail, Event, Exit, File, Gap, GapReason, Image, ImageRef, Kind,
    Nanos, ProcessKey, SocketAddress, Source, context_flags,
};
use query_api::{AppState, Role, app};
use serde_json::Value;
use store::{Batch, LeftOutRule, Options, Store, Writer};
use tempfile::TempDir;

use crate::world::ask;

/// 2026-01-02T00:00:00Z.
pub(crate) const DAY: Nanos = 1_767_312_000_000_000_000;
pub(crate) const SECOND: Nanos = 1_000_000_000;

/// A moment of the story, in seconds.
pub(crate) fn at(seconds: i64) -> Nanos {
    DAY + seconds * SECOND
}

/// The same as a query takes it.
pub(crate) fn date(seconds: i64) -> String {
    event::render::Date(at(seconds)).to_string()
}

/// A host whose story is told.
pub(crate) struct Lives {
    writer: Writer,
    boot: BootId,
    next: u64,
    batch: Batch,
    directory: TempDir,
}

impl Lives {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let writer = Self::open(&directory, 1, Vec::new());
        Self { writer, boot: 1, next: 1, batch: Batch::default(), directory }
    }

    fn open(directory: &TempDir, boot: BootId, left_out: Vec<LeftOutRule>) -> Writer {
        Writer::open(directory.path(), Options { boot, pack: false, left_out, ..Options::default() }).unwrap()
    }

    /// The recorder starts again, with these rules.
    pub(crate) fn restart(mut self, left_out: Vec<LeftOutRule>) -> Self {
        self.commit();
        self.writer.close().unwrap();
        Self { writer: Self::open(&self.directory, self.boot, left_out), ..self }
    }

    /// All closed segments are packed; nothing is told any more.
    pub(crate) fn packed(mut self) -> (Router, TempDir) {
        self.commit();
        self.writer.close().unwrap();
        let options = Options { boot: self.boot, ..Options::default() };
        let writer = Writer::open(self.directory.path(), options).unwrap();
        writer.settle();
        drop(writer);
        let store = Store::open(self.directory.path()).unwrap();
        (app(AppState::new(store, Role::Serving)), self.directory)
    }

    /// The host boots again.
    pub(crate) fn reboot(mut self) -> Self {
        self.commit();
        self.writer.close().unwrap();
        let boot = self.boot + 1;
        Self { writer: Self::open(&self.directory, boot, Vec::new()), boot, ..self }
    }

    /// Writes down what was told.
    pub(crate) fn commit(&mut self) {
        self.writer.append(&std::mem::take(&mut self.batch)).unwrap();
    }

    pub(crate) fn app(&mut self) -> Router {
        self.commit();
        app(AppState::new(self.writer.reader(), Role::Serving))
    }

    fn add(&mut self, change: impl FnOnce(u64) -> Context) -> Arc<Context> {
        let context = Arc::new(change(self.next));
        self.next += 1;
        self.batch.contexts.push(Arc::clone(&context));
        context
    }

    /// Tells an event; its number is counted from 1.
    pub(crate) fn event(&mut self, seconds: i64, who: &Context, kind: Kind, detail: Detail) -> &mut Event {
        self.batch.events.push(Event {
            time: at(seconds),
            kind,
            context: who.id,
            tid: who.process.pid,
            retval: 0,
            flags: 0,
            file: None,
            destination: None,
            detail,
        });
        self.batch.events.last_mut().unwrap()
    }

    /// Somebody met by the snapshot.
    pub(crate) fn met(&mut self, seconds: i64, pid: u32, ppid: u32) -> Arc<Context> {
        let process = ProcessKey { boot: self.boot, start: u64::from(pid), pid };
        self.add(|id| Context {
            id,
            process,
            lineage: None,
            creator: None,
            ppid,
            since: at(seconds),
            fork_time: 0,
            exec_time: 0,
            comm: format!("p{pid}"),
            tty: String::new(),
            image: ImageRef::Unknown,
            credentials: Credentials { user: "root".to_owned(), ..Credentials::default() },
            container: None,
            cgroup: String::new(),
            source: Source::Snapshot,
            flags: context_flags::LINEAGE_UNKNOWN,
        })
    }

    pub(crate) fn fork(&mut self, seconds: i64, parent: &Context, pid: u32) -> Arc<Context> {
        let process = ProcessKey { boot: self.boot, start: seconds.unsigned_abs() * 1_000, pid };
        let image = match parent.image {
            ImageRef::Own(_) => ImageRef::Shared(parent.id),
            ref other => other.clone(),
        };
        let context = self.add(|id| Context {
            id,
            process,
            lineage: Some(parent.id),
            creator: Some(parent.process),
            ppid: parent.process.pid,
            since: at(seconds),
            fork_time: at(seconds),
            image,
            source: Source::Event,
            flags: context_flags::FORKED,
            ..parent.clone()
        });
        self.event(seconds, &context, Kind::Fork, Detail::None);
        context
    }

    /// Another state of a process.
    pub(crate) fn change(
        &mut self,
        seconds: i64,
        of: &Context,
        change: impl FnOnce(&mut Context),
    ) -> Arc<Context> {
        let image = match of.image {
            ImageRef::Own(_) => ImageRef::Shared(of.id),
            ref other => other.clone(),
        };
        self.add(|id| {
            let mut context = Context { id, since: at(seconds), image, flags: 0, ..of.clone() };
            change(&mut context);
            context
        })
    }

    pub(crate) fn exec(&mut self, seconds: i64, of: &Context, path: &str) -> Arc<Context> {
        let executable = File { path: path.to_owned(), ..File::default() };
        let image = Image { executable, argv0: path.to_owned(), ..Image::default() };
        let context = self.change(seconds, of, |context| {
            context.lineage = Some(of.id);
            context.exec_time = at(seconds);
            path.rsplit('/').next().unwrap().clone_into(&mut context.comm);
            context.image = ImageRef::Own(Arc::new(image));
        });
        self.event(seconds, &context, Kind::Exec, Detail::Exec { path: path.to_owned() });
        context
    }

    pub(crate) fn exit(&mut self, seconds: i64, of: &Context) {
        self.event(seconds, of, Kind::Exit, Detail::Exit { status: 0 });
        self.batch.exits.push(Exit { process: of.process, time: at(seconds), status: Some(0) });
    }

    /// `flags` are those of open(2).
    pub(crate) fn open_file(&mut self, seconds: i64, who: &Context, path: &str, flags: u32) {
        let file = File { path: path.to_owned(), ..File::default() };
        self.event(seconds, who, Kind::Open, Detail::Open { flags, mode: 0 }).file = Some(file);
    }

    pub(crate) fn on_file(
        &mut self,
        seconds: i64,
        who: &Context,
        kind: Kind,
        detail: Detail,
        path: &str,
        to: Option<&str>,
    ) {
        let file = |path: &str| File { path: path.to_owned(), ..File::default() };
        let event = self.event(seconds, who, kind, detail);
        event.file = Some(file(path));
        event.destination = to.map(file).map(Box::new);
    }

    /// A loss.
    pub(crate) fn lose(&mut self, from: i64, to: i64, class: Class, reason: GapReason) {
        self.batch.gaps.push(Gap { from: at(from), to: at(to), class, lost: None, reason });
    }

    pub(crate) fn connect(&mut self, seconds: i64, who: &Context, ip: &str, port: u16) {
        let address =
            SocketAddress { family: 2, ip: Some(ip.parse().unwrap()), port, ..SocketAddress::default() };
        self.event(seconds, who, Kind::Connect, Detail::Socket(address.into()));
    }
}

pub(crate) async fn get(app: &Router, url: &str) -> Value {
    let answer = ask(app, Request::get(url).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{url}: {}", answer.text);
    answer.json()
}

/// All pages of a list.
pub(crate) async fn pages(app: &Router, url: &str, list: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(app, &format!("{url}{cursor}")).await;
        found.extend(page[list].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}
