//! `/processes` and `/processes/{id}`.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event::render::{Date, FileJson};
use event::{ExitCause, File, ProcessKey};
use serde_json::{Map, Value, json};
use store::{Budget, Process, ProcessImage, ProcessQuery};

use crate::clock;
use crate::close::close;
use crate::error::{ApiError, Code};
use crate::fields::Fields;
use crate::gaps::Gaps;
use crate::history;
use crate::limits::QUESTION_TIME;
use crate::params::Endpoint;
use crate::place::Place;
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

pub(crate) async fn processes(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let query = Query::parse(Endpoint::Processes, request.uri().query(), clock::now())?;
    let after = query.after.as_deref().map(position).transpose()?;
    read(&state, move |store| {
        let asked = &query.asked;
        let wanted = ProcessQuery { filter: asked.filter.clone(), at: asked.at, limit: asked.limit(), after };
        let page = store
            .processes_within(&wanted, &Budget::of_time(QUESTION_TIME))
            .map_err(|error| ApiError::store(&error))?;
        let gaps = Gaps::of_processes(store, asked);
        // Written as text at once: as values, a large page would take many times its size.
        let mut out = b"{\"processes\":[".to_vec();
        for (place, process) in page.processes.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let document = document(process, Detail::Everything, asked.fields())?;
            serde_json::to_writer(&mut out, &document).map_err(|error| ApiError::internal(&error))?;
        }
        let next = page.next.map(|key| query.next(key.to_string().into_bytes()));
        out.push(b']');
        close(
            &mut out,
            &json!({ "next": next, "complete": gaps.complete(), "gaps": gaps, "left_out": gaps.left_out() }),
        );
        Ok(([(header::CONTENT_TYPE, "application/json")], out).into_response())
    })
    .await
}

pub(crate) async fn process(
    State(state): State<AppState>,
    Place(id): Place,
    request: Request,
) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    Query::parse(Endpoint::Plain, request.uri().query(), 0)?;
    let key: ProcessKey = id.parse().map_err(|error: event::InvalidProcessId| {
        ApiError::of(Code::BadValue, "id", format!("`id`: {error}"))
    })?;
    read(&state, move |store| {
        let found = store.process(key).map_err(|error| ApiError::store(&error))?;
        let process = found.ok_or_else(|| ApiError::new(Code::NotFound, "no such process is recorded"))?;
        let mut document = document(&process, Detail::Everything, &Fields::all())?;
        if let Value::Object(object) = &mut document {
            history::put(object, store, &process)?;
        }
        Ok(Json(document).into_response())
    })
    .await
}

/// The process after which a page begins.
pub(crate) fn position(bytes: &[u8]) -> Result<ProcessKey, ApiError> {
    std::str::from_utf8(bytes).ok().and_then(|id| id.parse().ok()).ok_or_else(Query::bad_cursor)
}

/// How much of a process is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// All that is known.
    Everything,
    /// Without the names of environment variables, which are most of it.
    WithoutEnvironment,
}

/// An object of which only what is asked for is put together.
struct Object<'a>(Map<String, Value>, &'a Fields);

impl Object<'_> {
    fn put(&mut self, name: &str, value: impl FnOnce() -> Value) {
        if let Some(fields) = self.1.below(name) {
            self.0.insert(name.to_owned(), fields.pick(value()));
        }
    }
}

/// A process as the API writes it, or the members of it that are asked for.
pub(crate) fn document(process: &Process, detail: Detail, fields: &Fields) -> Result<Value, ApiError> {
    let mut object = Object(Map::new(), fields);
    object.put("id", || process.key.to_string().into());
    object.put("pid", || process.key.pid.into());
    object.put("ppid", || process.ppid.into());
    object.put("parent_id", || process.parent.map(|key| key.to_string()).into());
    object.put("parent", || history::origin(process).into());
    object.put("start", || date(process.start));
    // The latest context says what the process last was.
    if let Some(context) = process.contexts.last() {
        let credentials = &context.credentials;
        object.put("comm", || context.comm.as_str().into());
        object.put("uid", || credentials.uid.into());
        object.put("user", || credentials.user.as_str().into());
        object.put("gid", || credentials.gid.into());
        object.put("group", || credentials.group.as_str().into());
        object.put("tty", || context.tty.as_str().into());
        object.put("cgroup", || context.cgroup.as_str().into());
        object.put("container", || context.container.as_ref().map(|container| container.id.as_str()).into());
        object.put("kernel_thread", || (context.flags & event::context_flags::KERNEL_THREAD != 0).into());
    }
    if let Some(fields) = fields.below("images") {
        let images =
            process.images.iter().map(|own| image(own, detail, fields)).collect::<Result<Vec<_>, _>>()?;
        object.0.insert("images".to_owned(), images.into());
    }
    object.put("exit", || {
        end(process).map_or(Value::Null, |(time, status)| {
            let (cause, code) = status.map(ExitCause::of_status).unzip();
            json!({ "time": Date(time), "cause": cause.map(ExitCause::name), "code": code })
        })
    });
    object.put("source", || process.source.name().into());
    Ok(object.0.into())
}

/// When a process ended, and its wait status if that was seen. What no boot outlives is noticed to be gone at the next.
pub(crate) fn end(process: &Process) -> Option<(event::Nanos, Option<u32>)> {
    let seen = process.exit.map(|exit| (exit.time, exit.status));
    seen.or(process.boot_over.map(|time| (time, None)))
}

fn image(image: &ProcessImage, detail: Detail, fields: &Fields) -> Result<Value, ApiError> {
    let ProcessImage { context, exec_time, image } = image;
    let file = |name: &str, file: Option<&File>| {
        let json = file
            .filter(|_| fields.below(name).is_some())
            .map(|file| FileJson { file, names: &context.credentials });
        serde_json::to_value(json).map_err(|error| ApiError::internal(&error))
    };
    let executable = file("executable", Some(&image.executable))?;
    let interpreter = file("interpreter", image.interpreter.as_ref())?;
    let mut object = Object(Map::new(), fields);
    object.put("exec_time", || date(*exec_time));
    object.put("comm", || context.comm.as_str().into());
    object.put("uid", || context.credentials.uid.into());
    object.put("user", || context.credentials.user.as_str().into());
    object.put("executable", || executable);
    object.put("interpreter", || interpreter);
    object.put("argv0", || image.argv0.as_str().into());
    object.put("args", || image.args.as_slice().into());
    object.put("args_truncated", || image.args_truncated.into());
    if detail == Detail::Everything {
        object.put("envs", || image.envs.as_slice().into());
        object.put("envs_truncated", || image.envs_truncated.into());
    }
    Ok(object.0.into())
}

/// A time, or null for one that is not known.
fn date(time: event::Nanos) -> Value {
    if time == 0 { Value::Null } else { Date(time).to_string().into() }
}
