//! What a person asks after an incident, over HTTP, of any store: about events picked from it at random.

use std::path::Path;

use event::Nanos;
use event::render::Date;
use store::Store;

use super::http::{ask, escaped};

/// Questions of each sort.
const QUESTIONS: u64 = 100;
const MINUTE: Nanos = 60_000_000_000;

/// Asks a hundred questions of each sort.
pub fn past(dir: &Path) {
    let store = Store::open(dir).unwrap();
    let stats = store.stats();
    let (segments, bytes) = (stats.segments.len(), stats.bytes);
    println!("{} events in {segments} segments, {bytes} bytes", stats.events);
    let mut sorts: Vec<(&str, Vec<String>)> = Vec::new();
    for number in 0..QUESTIONS {
        // Evenly over the store, each a little beside its place.
        let id = 1 + (number * 7919 + 13) % QUESTIONS * stats.events / QUESTIONS + number * 31;
        // Of what a path is asked for, the next event that has one.
        let Some(found) = (id..id + 10_000).find_map(|id| {
            store.event(id).unwrap().filter(|found| {
                found
                    .event
                    .file
                    .as_ref()
                    .is_some_and(|file| file.path.starts_with('/') && !file.path.contains('*'))
            })
        }) else {
            continue;
        };
        let path = found.event.file.as_ref().map_or("", |file| &file.path);
        let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let (path, inside) = (escaped(path), escaped(&format!("{directory}/")));
        let (process, pid) = (found.context.process, found.context.process.pid);
        let user = escaped(&found.context.credentials.user);
        let comm = escaped(&found.context.comm);
        let time = found.event.time;
        let span = |half: Nanos| format!("since={}&until={}", Date(time - half), Date(time + half));
        for (place, (sort, question)) in [
            ("what did this pid do", format!("/events?pid={pid}")),
            ("what came of a process", format!("/events?process={process}&descendants=true")),
            ("who touched a file", format!("/events?path={path}")),
            ("a directory within 10 minutes", format!("/events?path={inside}**&{}", span(5 * MINUTE))),
            ("a user's program", format!("/events?user={user}&comm={comm}")),
            ("a process's life", format!("/processes/{process}")),
            ("who ran within 2 minutes", format!("/processes?{}", span(MINUTE))),
            ("a process's tree", format!("/tree?process={process}")),
            ("who was alive at", format!("/tree?at={}&limit=1000", Date(time))),
            ("where does a file come from", format!("/trace?path={path}&depth=4")),
            ("10 minutes, 200 buckets", format!("/timeline?buckets=200&{}", span(5 * MINUTE))),
            ("paths of a directory", format!("/paths?prefix={inside}")),
        ]
        .into_iter()
        .enumerate()
        {
            if sorts.len() == place {
                sorts.push((sort, Vec::new()));
            }
            sorts[place].1.push(question);
        }
    }
    drop(store);
    let questions: Vec<_> = sorts
        .into_iter()
        .flat_map(|(sort, some)| some.into_iter().map(move |question| (sort.to_owned(), question)))
        .collect();
    ask(dir, &questions);
}
