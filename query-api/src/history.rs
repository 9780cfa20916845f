//! The life of a process: what it was from when on, who its parents were, whom it created.

use event::render::{Capabilities, Date};
use event::{Context, Credentials, Nanos, ProcessKey, Source, context_flags};
use serde_json::{Map, Value, json};
use store::{Filter, Process, ProcessQuery, Store};

use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::limits::{MAX_CHILDREN, MAX_PARENTS, MAX_STATES};
use crate::params::Asked;

/// What `/processes/{id}` tells besides the process itself.
pub(crate) fn put(object: &mut Map<String, Value>, store: &Store, process: &Process) -> Result<(), ApiError> {
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    let contexts = process.contexts.as_slice();
    let left_out = contexts.len().saturating_sub(MAX_STATES);
    let told: Vec<Value> = states(contexts)
        .enumerate()
        .filter(|(place, _)| *place < MAX_STATES / 2 || *place >= MAX_STATES / 2 + left_out)
        .map(|(_, state)| state)
        .collect();
    put("states", told.into());
    put("states_left_out", left_out.into());
    put("parents", parents(store, process)?.into());
    let creator = process.parent.map(|key| store.process(key)).transpose();
    let creator = creator.map_err(|error| ApiError::store(&error))?.flatten();
    let ended = creator
        .as_ref()
        .and_then(|creator| creator.exit)
        .filter(|exit| process.exit.is_none_or(|own| exit.time <= own.time));
    put("orphaned", ended.map(|exit| Date(exit.time).to_string()).into());
    let count = store.count_children(process.key, MAX_CHILDREN);
    put("children", json!({ "count": count, "url": format!("/processes?parent={}", process.key) }));
    let until = process.exit.map(|exit| exit.time).or(process.boot_over).map(|time| time.saturating_add(1));
    let filter = Filter { since: Some(process.start), until, ..Filter::default() };
    let gaps = Gaps::of_processes(store, &Asked { filter, ..Asked::default() });
    put("complete", gaps.complete().into());
    put("gaps", json!(gaps));
    put("left_out", json!(gaps.left_out()));
    Ok(())
}

/// Where a process came from: `parent_id` is known, nobody created it, or it is not known who did.
pub(crate) fn origin(process: &Process) -> &'static str {
    match process.parent {
        Some(_) => "recorded",
        // Pid 1 and the first kernel thread are made by the kernel.
        None if process.ppid == 0 && process.source != Source::Placeholder => "none",
        None => "unknown",
    }
}

/// Each state with its beginning, what began it, and what is other than before.
fn states(contexts: &[std::sync::Arc<Context>]) -> impl Iterator<Item = Value> {
    let before = std::iter::once(None).chain(contexts.iter().map(Some));
    before.zip(contexts).map(|(before, context)| {
        let mut state = json!({
            "since": Date(context.since),
            "by": began(before.map(|before| &**before), context),
            "comm": context.comm,
            "ppid": context.ppid,
        });
        if before.is_none_or(|before| before.cgroup != context.cgroup) {
            state["cgroup"] = context.cgroup.as_str().into();
        }
        let changed = before.map(|before| changes(&before.credentials, &context.credentials));
        if changed.as_ref().is_none_or(|changed| !changed.is_empty()) {
            state["credentials"] = credentials(&context.credentials);
            state["changed"] = changed.unwrap_or_default().into();
        }
        state
    })
}

/// What a state began with.
fn began(before: Option<&Context>, context: &Context) -> &'static str {
    let has = |flag: u32| context.flags & flag != 0;
    match before {
        _ if has(context_flags::CREDENTIALS_CHANGE) => "credentials",
        _ if has(context_flags::RENAMED) => "name",
        None if context.source != Source::Event => context.source.name(),
        None if has(context_flags::FORKED) => "fork",
        None => "first_seen",
        Some(before) if before.exec_time != context.exec_time => "exec",
        Some(_) => "other",
    }
}

type Field = (&'static str, fn(&Credentials) -> u64);

/// What credentials are compared by.
const FIELDS: [Field; 10] = [
    ("uid", |one| one.uid.into()),
    ("gid", |one| one.gid.into()),
    ("euid", |one| one.euid.into()),
    ("egid", |one| one.egid.into()),
    ("fsuid", |one| one.fsuid.into()),
    ("fsgid", |one| one.fsgid.into()),
    ("cap_effective", |one| one.cap_effective),
    ("cap_permitted", |one| one.cap_permitted),
    ("auid", |one| one.auid.into()),
    ("session", |one| one.session.into()),
];

fn changes(before: &Credentials, now: &Credentials) -> Vec<&'static str> {
    let differs = |field: &&Field| (field.1)(before) != (field.1)(now);
    FIELDS.iter().filter(differs).map(|(name, _)| *name).collect()
}

fn credentials(one: &Credentials) -> Value {
    let set = |id: u32| if id == event::UNSET { Value::Null } else { id.into() };
    json!({
        "uid": one.uid, "gid": one.gid, "euid": one.euid, "egid": one.egid, "fsuid": one.fsuid, "fsgid": one.fsgid,
        "user": one.user, "group": one.group, "euser": one.euser, "egroup": one.egroup,
        "fsuser": one.fsuser, "fsgroup": one.fsgroup,
        "cap_effective": Capabilities(one.cap_effective), "cap_permitted": Capabilities(one.cap_permitted),
        "auid": set(one.auid), "session": set(one.session),
    })
}

/// Its parents in turn, as its states tell them: a process gets another one when its parent ends, which shows with the
/// next state. The id of one that is not the creator is told if exactly one process had that pid then.
fn parents(store: &Store, process: &Process) -> Result<Vec<Value>, ApiError> {
    let mut parents: Vec<(u32, Nanos)> = Vec::new();
    for context in &process.contexts {
        if parents.last().is_none_or(|(ppid, _)| *ppid != context.ppid) && parents.len() < MAX_STATES {
            parents.push((context.ppid, context.since));
        }
    }
    let known = |(ppid, since): &(u32, Nanos)| -> Result<Option<ProcessKey>, ApiError> {
        if let Some(creator) = process.parent.filter(|creator| creator.pid == *ppid) {
            return Ok(Some(creator));
        }
        let filter = Filter { pids: vec![*ppid], ..Filter::default() };
        let query = ProcessQuery { filter, at: Some(*since), limit: 8, after: None };
        let page = store.processes(&query).map_err(|error| ApiError::store(&error))?;
        let mut alive = page.processes.into_iter().filter(|one| one.key.boot == process.key.boot);
        Ok(alive.next().filter(|_| alive.next().is_none()).map(|one| one.key))
    };
    parents
        .iter()
        .enumerate()
        .map(|(place, parent)| {
            let key = if place < MAX_PARENTS { known(parent)? } else { None };
            let id = key.map(|key| key.to_string());
            Ok(json!({ "since": Date(parent.1), "ppid": parent.0, "id": id }))
        })
        .collect()
}
