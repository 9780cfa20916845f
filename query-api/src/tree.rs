//! `/tree`: processes below their parents.

use std::collections::{HashMap, HashSet};

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use event::ProcessKey;
use event::render::Date;
use serde_json::json;
use store::{Budget, Filter, Process, ProcessQuery, Store};

use crate::clock;
use crate::close::close;
use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::history;
use crate::limits::{MAX_TREE, MAX_TREE_DEPTH, QUESTION_TIME};
use crate::params::{Asked, Endpoint};
use crate::processes::{Detail, document, end, position};
use crate::query::Query;
use crate::read::{enter, read};
use crate::state::AppState;

pub(crate) async fn tree(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let _permit = enter(&state)?;
    let mut query = Query::parse(Endpoint::Tree, request.uri().query(), clock::now())?;
    // The tree of a process is its subtree.
    let filter = &mut query.asked.filter;
    filter.descendants = !filter.pids.is_empty() || !filter.processes.is_empty();
    let body = read(&state, move |store| answer(store, &query)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Written as text at once: as values, the processes of a large tree would take many times its size.
fn answer(store: &Store, query: &Query) -> Result<Vec<u8>, ApiError> {
    let asked = &query.asked;
    let limit = asked.limit.unwrap_or(MAX_TREE);
    let after = query.after.as_deref().map(position).transpose()?;
    let wanted = ProcessQuery { filter: asked.filter.clone(), at: asked.at, limit, after };
    let page = store
        .processes_within(&wanted, &Budget::of_time(QUESTION_TIME))
        .map_err(|error| ApiError::store(&error))?;
    let gaps = Gaps::of_processes(store, asked);
    let mut out = b"{\"roots\":".to_vec();
    let deep = nest(&mut out, &page.processes, asked)?;
    let next = page.next.map(|key| query.next(key.to_string().into_bytes()));
    let complete = gaps.complete() && next.is_none() && !deep;
    let mut rest = json!({ "next": next, "complete": complete, "gaps": gaps, "left_out": gaps.left_out() });
    if next.is_some() {
        let found = page.processes.len();
        let reason = if found < limit {
            "looking took too long: go on with `next`, or name a `pid`, a span or `at`"
        } else {
            "more processes match than `limit` allows: go on with `next`, or name a `pid`, a span or `at`"
        };
        rest["cut"] = json!({ "processes": found, "reason": reason });
    }
    close(&mut out, &rest);
    Ok(out)
}

/// The processes, and who is below whom, as places in their list.
struct Nodes<'a> {
    processes: &'a [Process],
    asked: &'a Asked,
    children: HashMap<ProcessKey, Vec<usize>>,
    /// Something was too deep to be shown.
    deep: bool,
}

/// Children below their parents; who has no parent in the list is a root. Says whether something was too deep.
fn nest(out: &mut Vec<u8>, processes: &[Process], asked: &Asked) -> Result<bool, ApiError> {
    let known: HashSet<ProcessKey> = processes.iter().map(|process| process.key).collect();
    let mut nodes = Nodes { processes, asked, children: HashMap::new(), deep: false };
    let mut roots = Vec::new();
    for (index, process) in processes.iter().enumerate() {
        match process.parent.filter(|parent| known.contains(parent) && *parent != process.key) {
            Some(parent) => nodes.children.entry(parent).or_default().push(index),
            None => roots.push(index),
        }
    }
    nodes.list(out, &roots, 1)?;
    Ok(nodes.deep)
}

impl Nodes<'_> {
    fn list(&mut self, out: &mut Vec<u8>, indexes: &[usize], depth: usize) -> Result<(), ApiError> {
        out.push(b'[');
        for (place, index) in indexes.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.node(out, *index, depth)?;
        }
        out.push(b']');
        Ok(())
    }

    /// A process with what is below it. The depth is bounded, and what is deeper is counted in `cut`.
    fn node(&mut self, out: &mut Vec<u8>, index: usize, depth: usize) -> Result<(), ApiError> {
        let process = &self.processes[index];
        out.extend(b"{\"process\":");
        let document = document(process, Detail::WithoutEnvironment, self.asked.fields())?;
        serde_json::to_writer(&mut *out, &document).map_err(|error| ApiError::internal(&error))?;
        if depth == 1 {
            // Why nobody is above it. Its parent is known, and not among what was asked for; or not even that.
            let above = match history::origin(process) {
                "recorded" => "outside",
                other => other,
            };
            out.extend(format!(",\"above\":\"{above}\"").bytes());
        }
        let Filter { since, until, .. } = self.asked.filter;
        if since.is_some() || until.is_some() {
            let inside =
                |time| since.is_none_or(|since| time >= since) && until.is_none_or(|until| time < until);
            // Of one that was met running, the start may not be known.
            let started = process.contexts.first().is_some_and(|first| first.fork_time != 0);
            let came = started.then(|| inside(process.start));
            let went = end(process).is_some_and(|(time, _)| inside(time));
            out.extend(format!(",\"came\":{},\"went\":{went}", json!(came)).bytes());
        }
        out.extend(b",\"children\":");
        if depth < MAX_TREE_DEPTH {
            let children = self.children.remove(&process.key).unwrap_or_default();
            self.list(out, &children, depth + 1)?;
        } else {
            out.extend(b"[]");
            let below = self.count_below(index);
            if below > 0 {
                self.deep = true;
                let url = self.url(process.key);
                out.extend(format!(",\"cut\":{{\"processes\":{below},\"url\":\"{url}\"}}").bytes());
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// Where the rest of a subtree is told.
    fn url(&self, key: ProcessKey) -> String {
        let Filter { since, until, .. } = self.asked.filter;
        let times = [("since", since), ("until", until), ("at", self.asked.at)];
        let times = times.into_iter().filter_map(|(name, time)| Some(format!("&{name}={}", Date(time?))));
        format!("/tree?process={key}{}", times.collect::<String>())
    }

    fn count_below(&self, index: usize) -> usize {
        let mut count = 0;
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            let children = self.children.get(&self.processes[index].key).map_or(&[][..], Vec::as_slice);
            count += children.len();
            open.extend(children);
        }
        count
    }
}
