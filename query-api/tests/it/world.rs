//! A store with one event of every case, and the router over it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use event::{BootId, Class, Context, Event, Exit, Gap, GapReason, Image, ImageRef, Kind, Nanos, ProcessKey};
use query_api::{AppState, AuditLog, Door, Role, app};
use serde_json::Value;
use store::{Batch, Options, Writer};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::sample::{Case, cases};

pub(crate) const SECOND: Nanos = 1_000_000_000;
/// Distance between the pids of one case and those of the next.
pub(crate) const STRIDE: u32 = 1_000;
const BOOT: BootId = 0xb007;

/// A store, held open by its writer as while recording.
pub(crate) struct World {
    pub(crate) writer: Writer,
    pub(crate) cases: Vec<Case>,
    pub(crate) state: AppState,
    pub(crate) app: Router,
    _directory: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Puts a process and where it comes from out of the others' way. The contexts are given oldest first.
fn apart(
    process: &mut Context,
    ancestors: &mut [(Context, Option<Arc<Image>>)],
    place: u32,
) -> Vec<Arc<Context>> {
    let base = u64::from(place) * 10;
    let shift = place * STRIDE;
    let move_key = |key: &mut ProcessKey| {
        // Pid 1 is everybody's.
        if key.pid > 1 {
            key.pid += shift;
            key.start += u64::from(shift) * 1_000;
        }
    };
    let mut contexts = Vec::new();
    let older: Vec<_> = ancestors.iter().map(|(context, _)| context.id).collect();
    for (context, next) in std::iter::once(process)
        .chain(ancestors.iter_mut().map(|(context, _)| context))
        .zip(older.into_iter().map(Some).chain([None]))
    {
        context.lineage = next.map(|id| id + base);
        context.id += base;
        move_key(&mut context.process);
        if let Some(creator) = &mut context.creator {
            move_key(creator);
        }
        if context.ppid > 1 {
            context.ppid += shift;
        }
        if let ImageRef::Shared(id) = &mut context.image {
            *id += base;
        }
        contexts.push(Arc::new(context.clone()));
    }
    contexts.reverse();
    contexts
}

/// Puts each case's processes and contexts out of the others' way, a second apart.
fn spread(mut case: Case, place: u32) -> (Case, Vec<Arc<Context>>) {
    let mut contexts = apart(&mut case.context, &mut case.ancestors, place);
    if let Some(other) = &mut case.other {
        contexts.extend(apart(&mut other.context, &mut other.ancestors, place));
        *case.event.detail.other_mut().unwrap() = Some(other.context.id);
    }
    contexts.sort_by_key(|context| context.id);
    case.event.context = case.context.id;
    case.event.tid += place * STRIDE;
    case.event.time += i64::from(place) * SECOND;
    (case, contexts)
}

impl World {
    /// All cases, no gap.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = Options { boot: BOOT, pack: false, ..Options::default() };
        let mut writer = Writer::open(directory.path(), options).unwrap();
        let mut batch = Batch::default();
        let mut spread_cases = Vec::new();
        for (place, case) in (0..).zip(cases()) {
            let (case, contexts) = spread(case, place);
            batch.contexts.extend(contexts);
            batch.events.push(case.event.clone());
            if let (Kind::Exit, event::Detail::Exit { status }) = (case.event.kind, &case.event.detail) {
                let (process, time) = (case.context.process, case.event.time);
                batch.exits.push(Exit { process, time, status: Some(*status) });
            }
            spread_cases.push(case);
        }
        writer.append(&batch).unwrap();
        let log = AuditLog::open(directory.path()).unwrap();
        let state = AppState::new(writer.reader(), Role::Serving).with_audit(Arc::new(log));
        let app = app(state.clone());
        Self { writer, cases: spread_cases, state, app, _directory: directory }
    }

    /// The same with a loss of file events in the middle.
    pub(crate) fn with_gap() -> (Self, Gap) {
        let mut world = Self::new();
        let from = world.cases[5].event.time;
        let gap =
            Gap { from, to: from + SECOND, class: Class::File, lost: Some(3), reason: GapReason::RingFull };
        world.writer.append(&Batch { gaps: vec![gap.clone()], ..Batch::default() }).unwrap();
        (world, gap)
    }

    pub(crate) fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|case| case.name == name).unwrap()
    }

    /// Many opens by the process of a case.
    pub(crate) fn add_opens(&mut self, of: &str, count: usize) {
        let case = self.case(of);
        let events: Vec<Event> = (0..count)
            .map(|number| {
                let mut event = case.event.clone();
                event.time = case.event.time + SECOND + i64::try_from(number).unwrap();
                event
            })
            .collect();
        self.writer.append(&Batch { events, ..Batch::default() }).unwrap();
    }

    /// A chain of processes, each the child of the one before. Returns the pid of the first.
    pub(crate) fn add_chain(&mut self, length: u32) -> u32 {
        const FIRST: u32 = 1_000_000;
        let template = self.case("fork").context.clone();
        let number = |place: u32| 1_000_000 + u64::from(place);
        let key = |place: u32| ProcessKey { pid: FIRST + place, ..template.process };
        let contexts = (0..length).map(|place| {
            let mut context = template.clone();
            (context.id, context.process) = (number(place), key(place));
            context.image = ImageRef::Unknown;
            context.lineage = place.checked_sub(1).map(number);
            context.creator = place.checked_sub(1).map(key);
            Arc::new(context)
        });
        self.writer.append(&Batch { contexts: contexts.collect(), ..Batch::default() }).unwrap();
        FIRST
    }

    pub(crate) fn behind(&self, door: Door) -> Router {
        app(self.state.clone().with_door(door))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(&self.app, Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json", "{path}");
        answer.json()
    }
}

pub(crate) async fn ask(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 28).await.unwrap();
    let text = String::from_utf8(bytes.into()).unwrap();
    Answer { status: head.status, headers: head.headers, text }
}

/// Percent-encodes all but letters and digits.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
