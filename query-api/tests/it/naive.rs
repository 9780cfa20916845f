//! Whatever is asked by HTTP: the answer is what looking at everything in memory gives.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use event::render::Date;
use event::{Category, Event, Kind, Outcome};
use proptest::prelude::*;
use query_api::params::{Endpoint, PARAMS};
use query_api::{AppState, Role, app};
use serde_json::Value;
use store::{By, Filter, Options, PathPattern, Writer};
use tokio::runtime::Runtime;

use crate::model::Model;
use crate::scenario::{Host, PATHS, Random, dir};
use crate::world::{ask, escaped};

/// A made-up host, recorded in several segments, some of them packed, over two boots.
pub(crate) struct Recorded {
    pub(crate) model: Model,
    pub(crate) app: Router,
    random: Random,
    first: i64,
    last: i64,
    _writer: Writer,
    _directory: tempfile::TempDir,
}

impl Recorded {
    pub(crate) fn new(seed: u64) -> Self {
        let directory = dir();
        let mut random = Random(seed);
        let mut model = Model::default();
        let options = |boot, random: &mut Random| Options {
            segment_age: if random.below(2) == 0 { Duration::ZERO } else { Duration::from_secs(9999) },
            boot,
            pack: random.below(3) > 0,
            ..Options::default()
        };
        let mut host = Host::new(seed);
        let mut writer = Writer::open(directory.path(), options(7, &mut random)).unwrap();
        for round in 0..8 {
            if round == 5 {
                writer.close().unwrap();
                host = Host::booted(seed + 1, 8, host.now + 1_000, host.next_context);
                writer = Writer::open(directory.path(), options(8, &mut random)).unwrap();
            }
            for _ in 0..40 {
                host.step();
            }
            // Losses are another matter.
            let mut batch = host.take();
            batch.gaps.clear();
            writer.append(&batch).unwrap();
            model.append(&batch);
            if random.below(3) == 0 {
                writer.settle();
            }
        }
        let app = app(AppState::new(writer.reader(), Role::Serving));
        let times = || model.events.iter().map(|(_, event)| event.time);
        let (first, last) = (times().min().unwrap(), times().max().unwrap());
        Self { model, app, random, first, last, _writer: writer, _directory: directory }
    }

    async fn json(&self, url: &str) -> Value {
        let answer = ask(&self.app, Request::get(url).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}: {}", answer.text);
        answer.json()
    }

    /// All pages of a question for events, as their numbers.
    async fn events(&self, query: &str) -> Vec<u64> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.json(&format!("/events?schema=full{query}{cursor}")).await;
            assert_eq!(page["complete"], true, "{query}");
            found.extend(
                page["events"].as_array().unwrap().iter().map(|event| event["tacho"]["id"].as_u64().unwrap()),
            );
            let Some(next) = page["next"].as_str() else { return found };
            cursor = format!("&cursor={next}");
        }
    }

    fn moment(&mut self) -> i64 {
        self.first - 2 + self.random.below((self.last - self.first + 4) as u64) as i64
    }

    /// One parameter of `/events`: as it is written, and as it is meant.
    fn parameter(&mut self, name: &str, query: &mut String, filter: &mut Filter) {
        let mut write = |value: String| {
            write!(query, "&{name}={}", escaped(&value)).unwrap();
        };
        let random = &mut self.random;
        let processes: Vec<_> = self.model.contexts.values().map(|context| context.process).collect();
        match name {
            "id" => {
                for _ in 0..20 {
                    filter.ids.push(1 + random.below(self.model.behind));
                }
                write(filter.ids.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
            }
            "pid" | "ppid" | "tid" => {
                let values = [1 + random.below(9) as u32, 1 + random.below(9) as u32];
                for value in values {
                    write(value.to_string());
                }
                match name {
                    "pid" => filter.pids.extend(values),
                    "ppid" => filter.ppids.extend(values),
                    _ => filter.tids.extend(values),
                }
            }
            "process" => {
                for _ in 0..3 {
                    filter.processes.push(*random.pick(&processes));
                }
                write(filter.processes.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
            }
            "descendants" => {
                if filter.pids.is_empty() && filter.processes.is_empty() {
                    self.parameter("process", query, filter);
                }
                query.push_str("&descendants=true");
                filter.descendants = true;
            }
            "path" | "exe" => {
                let pattern = *random.pick(&[
                    PATHS[0],
                    PATHS[2],
                    PATHS[4],
                    PATHS[6],
                    "/home/**",
                    "**/a.c",
                    "/usr/bin/*",
                    "/usr/bin/m*",
                    "/nowhere",
                ]);
                write(pattern.to_owned());
                let pattern = PathPattern::parse(pattern).unwrap();
                if name == "path" { filter.paths.push(pattern) } else { filter.exes.push(pattern) }
            }
            "name" => {
                for _ in 0..3 {
                    let kinds: Vec<Kind> = self.model.events.iter().map(|(_, event)| event.kind).collect();
                    filter.kinds.push(*random.pick(&kinds));
                }
                write(filter.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(","));
            }
            "category" => {
                filter.categories.push(*random.pick(&Category::ALL));
                write(filter.categories[0].name().to_owned());
            }
            "outcome" => {
                filter.outcomes.push(*random.pick(&Outcome::ALL));
                write(filter.outcomes[0].name().to_owned());
            }
            "uid" => {
                filter.uids.push(random.below(3) as u32 * 500);
                write(filter.uids[0].to_string());
            }
            "user" => {
                filter.users.push(format!("u{}", random.below(3) * 500));
                write(filter.users[0].clone());
            }
            "comm" => {
                filter.comms.push((*random.pick(&["cc", "make", "init"])).to_owned());
                write(filter.comms[0].clone());
            }
            "container" => {
                filter.containers.push("c0ffee".to_owned());
                write("c0ffee".to_owned());
            }
            "ip" => {
                let ip = *random.pick(&["10.0.0.0", "10.0.0.1", "10.0.0.9", "::1"]);
                filter.ips.push(ip.parse().unwrap());
                write(ip.to_owned());
            }
            "port" => {
                filter.ports.push(*random.pick(&[53, 80, 81, 4000]));
                write(filter.ports[0].to_string());
            }
            "since" => {
                let time = self.moment();
                if filter.until.is_none_or(|until| time <= until) {
                    filter.since = Some(time);
                    write!(query, "&since={}", Date(time)).unwrap();
                }
            }
            "until" => {
                let time = self.moment();
                if filter.since.is_none_or(|since| since <= time) {
                    filter.until = Some(time);
                    write!(query, "&until={}", Date(time)).unwrap();
                }
            }
            // About the answer's form: always there.
            // `follow` is another question: tests/it/follow.rs.
            "order" | "limit" | "cursor" | "schema" | "format" | "fields" | "follow" => {}
            other => panic!("`{other}` is not in this test"),
        }
    }

    fn naive(&self, filter: &Filter) -> Vec<&(u64, Event)> {
        let fits = |id: &u64, event: &Event| {
            (filter.ids.is_empty() || filter.ids.contains(id)) && self.model.fits(filter, event)
        };
        self.model.events.iter().filter(|(id, event)| fits(id, event)).collect()
    }

    fn value(&self, by: By, event: &Event) -> String {
        let context = &self.model.contexts[&event.context];
        match by {
            By::Category => event.kind.category().name().to_owned(),
            By::Name => event.kind.name().to_owned(),
            By::Outcome => event.outcome().name().to_owned(),
            By::User => context.credentials.user.clone(),
            By::Comm => context.comm.clone(),
            By::Exe => self.model.exe(context).unwrap_or_default(),
            By::Container => context.container.as_ref().map(|one| one.id.clone()).unwrap_or_default(),
            By::Process => context.process.to_string(),
        }
    }

    /// The timeline of the same filter against counting one by one.
    async fn compare_timeline(&mut self, query: &str, filter: &Filter) {
        let by = *self.random.pick(&By::ALL);
        let buckets = 1 + self.random.below(40) as usize;
        let top = 1 + self.random.below(20) as usize;
        let url = format!("/timeline?buckets={buckets}&by={}&top={top}{query}", by.name());
        let answer = self.json(&url).await;
        let found = answer["buckets"].as_array().unwrap();
        assert_eq!(found.len(), buckets, "{url}");
        let expected = self.naive(filter);
        assert_eq!(answer["total"], expected.len(), "{url}");
        let named: Vec<&str> =
            answer["values"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert!(by.is_closed() || named.len() <= top, "{url}");
        for (place, bucket) in found.iter().enumerate() {
            let time = |name: &str| query_api::time::parse(bucket[name].as_str().unwrap(), 0).unwrap();
            let (from, to) = (time("from"), time("to"));
            assert!(place == 0 || found[place - 1]["to"] == bucket["from"], "{url}");
            let inside: Vec<_> =
                expected.iter().filter(|(_, event)| (from..to).contains(&event.time)).collect();
            let counts = bucket["counts"].as_object().unwrap();
            let sum: u64 = counts.values().map(|count| count.as_u64().unwrap()).sum();
            assert_eq!(sum, inside.len() as u64, "{url}: {bucket}");
            for value in &named {
                let count = inside.iter().filter(|(_, event)| self.value(by, event) == *value).count();
                assert_eq!(counts[*value], count, "{url}: {bucket}: {value}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_filters_together_answer_as_looking_at_everything_does(seed in any::<u32>()) {
        let runtime = Runtime::new().unwrap();
        let mut recorded = Recorded::new(seed.into());
        let names: Vec<&str> = (PARAMS.iter())
            .filter(|param| param.on.contains(&Endpoint::Events))
            .map(|param| param.name)
            .collect();
        // Each parameter alone, then any of them together.
        for round in 0..names.len() + 40 {
            let mut chosen = match names.get(round) {
                Some(name) => vec![*name],
                None => (0..=recorded.random.below(4)).map(|_| *recorded.random.pick(&names)).collect(),
            };
            chosen.sort_unstable();
            chosen.dedup();
            let (mut query, mut filter) = (String::new(), Filter::default());
            for name in chosen {
                if !query.contains(&format!("&{name}=")) {
                    recorded.parameter(name, &mut query, &mut filter);
                }
            }
            let mut expected: Vec<u64> = recorded.naive(&filter).into_iter().map(|(id, _)| *id).collect();
            let (order, limit) = (*recorded.random.pick(&["asc", "desc"]), 1 + recorded.random.below(90));
            if order == "desc" {
                expected.reverse();
            }
            let paged = format!("{query}&order={order}&limit={limit}");
            prop_assert_eq!(runtime.block_on(recorded.events(&paged)), expected, "{}", paged);
            runtime.block_on(recorded.compare_timeline(&query, &filter));
        }
    }
}
