//! The graph as JSON.

use event::ExitCause;
use event::render::Date;
use serde_json::{Value, json};

use super::graph::{Cut, Key, Node};
use super::walk::Walk;
use crate::error::ApiError;
use crate::gaps::Gaps;
use crate::history::origin;
use crate::limits::TRACE_EVIDENCE;
use crate::params::Asked;
use crate::processes::end;

/// A node's name in the answer.
fn id(key: &Key) -> String {
    match key {
        Key::Process(process) => format!("process:{process}"),
        Key::File(path) => format!("file:{path}"),
        Key::Endpoint(ip, port) if ip.is_ipv6() => format!("endpoint:[{ip}]:{port}"),
        Key::Endpoint(ip, port) => format!("endpoint:{ip}:{port}"),
    }
}

/// The answer.
pub(crate) fn document(
    asked: &Asked,
    start: &Key,
    walk: &Walk<'_>,
    gaps: &Gaps,
) -> Result<Vec<u8>, ApiError> {
    let graph = &walk.graph;
    let mut nodes: Vec<(&Key, &Node)> = graph.nodes.iter().collect();
    nodes.sort_by_key(|(key, node)| (node.depth, *key));
    let nodes: Vec<Value> = nodes.into_iter().map(|(key, found)| node(key, found, walk)).collect();
    let mut edges: Vec<_> = graph.edges.iter().collect();
    edges.sort_by_key(|(_, edge)| edge.first);
    let edges: Vec<Value> = edges
        .into_iter()
        .map(|((from, relation, to), edge)| {
            json!({
                "from": id(from),
                "to": id(to),
                "relation": relation.name(),
                "how": edge.how,
                "first": edge.first.map(|time| Date(time).to_string()),
                "last": edge.last.map(|time| Date(time).to_string()),
                "count": edge.events.len(),
                "events": edge.events.iter().take(TRACE_EVIDENCE).collect::<Vec<_>>(),
            })
        })
        .collect();
    let cut = |cut: &Cut| {
        json!({
            "node": id(&cut.node),
            "bound": cut.bound.name(),
            "relation": cut.relation.map(super::Relation::name),
            "left_out": cut.left_out,
        })
    };
    let answer = json!({
        "direction": asked.direction.name(),
        "since": asked.filter.since.map(|time| Date(time).to_string()),
        "until": asked.filter.until.map(|time| Date(time).to_string()),
        "start": [id(start)],
        "nodes": nodes,
        "edges": edges,
        "cut": graph.cuts.iter().map(cut).collect::<Vec<_>>(),
        "complete": gaps.complete() && graph.cuts.is_empty(),
        "gaps": gaps,
        "left_out": gaps.left_out(),
    });
    serde_json::to_vec(&answer).map_err(|error| ApiError::internal(&error))
}

fn node(key: &Key, node: &Node, walk: &Walk<'_>) -> Value {
    let mut value = json!({ "id": id(key), "kind": "", "depth": node.depth });
    match key {
        Key::File(path) => {
            value["kind"] = "file".into();
            value["path"] = path.as_str().into();
        }
        Key::Endpoint(ip, port) => {
            value["kind"] = "endpoint".into();
            value["ip"] = ip.to_string().into();
            value["port"] = (*port).into();
        }
        Key::Process(process) => {
            value["kind"] = "process".into();
            let mut object = json!({ "id": process.to_string(), "pid": process.pid });
            // Of one that is only named by another, nothing else is known.
            object["recorded"] = false.into();
            if let Some(Some(process)) = walk.processes.get(process) {
                let image = process.images.last().map(|last| &last.image);
                object["recorded"] = true.into();
                object["ppid"] = process.ppid.into();
                object["parent_id"] = process.parent.map(|key| key.to_string()).into();
                object["parent"] = origin(process).into();
                object["start"] = Date(process.start).to_string().into();
                if let Some(context) = process.contexts.last() {
                    object["comm"] = context.comm.as_str().into();
                    object["uid"] = context.credentials.uid.into();
                    object["user"] = context.credentials.user.as_str().into();
                    object["container"] = context.container.as_ref().map(|one| one.id.as_str()).into();
                }
                object["executable"] = image.map(|image| image.executable.path.as_str()).into();
                object["args"] = json!(image.map_or(&[][..], |image| image.args.as_slice()));
                object["exit"] = end(process).map_or(Value::Null, |(time, status)| {
                    let (cause, code) = status.map(ExitCause::of_status).unzip();
                    json!({ "time": Date(time), "cause": cause.map(ExitCause::name), "code": code })
                });
                object["source"] = process.source.name().into();
            }
            value["process"] = object;
        }
    }
    value
}
