//! The parameters of the API: one table for the HTTP parser, the command line's flags and the documentation.

use std::net::IpAddr;
use std::str::FromStr;

use event::schema::Rendering;
use event::{Category, Kind, Nanos, Outcome, ProcessKey};
use store::{By, Filter, Order, PathPattern};

use crate::fields::Fields;
use crate::limits::{DEFAULT_LIMIT, MAX_BUCKETS, MAX_LIMIT, MAX_TOP, MAX_TRACE_DEPTH, MAX_TRACE_FANOUT};
use crate::time;
use crate::trace::Direction;

/// A parameter of one or more endpoints.
#[derive(Debug)]
pub struct Param {
    /// Its name in a query string; with `--` before it, a flag of the command line.
    pub name: &'static str,
    /// What stands for its value in help texts.
    pub value: &'static str,
    /// One line for people.
    pub help: &'static str,
    /// How its values are written.
    pub form: Form,
    /// Where it can be used.
    pub on: &'static [Endpoint],
    pub(crate) take: fn(&mut Asked, &str, Nanos) -> Result<(), String>,
}

/// How a parameter's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Once.
    One,
    /// Repeated or with commas between: any of them.
    Many,
    /// As [`Form::Many`], but a comma separates only where a path begins after it (`/` or `*`): file names may have
    /// commas.
    Paths,
}

/// The endpoints that have parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/events`.
    Events,
    /// `/events/stream`.
    Stream,
    /// `/processes`.
    Processes,
    /// `/tree`.
    Tree,
    /// `/paths`.
    Paths,
    /// `/timeline`.
    Timeline,
    /// `/trace`.
    Trace,
    /// Those that take none.
    Plain,
}

impl Endpoint {
    /// Its path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Events => "/events",
            Self::Stream => "/events/stream",
            Self::Processes => "/processes",
            Self::Tree => "/tree",
            Self::Paths => "/paths",
            Self::Timeline => "/timeline",
            Self::Trace => "/trace",
            Self::Plain => "this address",
        }
    }
}

/// What a query string asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) filter: Filter,
    pub(crate) order: Order,
    pub(crate) limit: Option<usize>,
    pub(crate) cursor: Option<String>,
    pub(crate) rendering: Rendering,
    pub(crate) format: Option<Format>,
    pub(crate) fields: Option<Fields>,
    pub(crate) at: Option<Nanos>,
    pub(crate) prefix: String,
    pub(crate) descendants: Option<bool>,
    pub(crate) buckets: Option<usize>,
    pub(crate) by: By,
    pub(crate) top: Option<usize>,
    pub(crate) follow: bool,
    pub(crate) direction: Direction,
    pub(crate) depth: Option<usize>,
    pub(crate) fanout: Option<usize>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            order: Order::Desc,
            limit: None,
            cursor: None,
            rendering: Rendering::default(),
            format: None,
            fields: None,
            at: None,
            prefix: String::new(),
            descendants: None,
            buckets: None,
            by: By::default(),
            top: None,
            follow: false,
            direction: Direction::default(),
            depth: None,
            fanout: None,
        }
    }
}

impl Asked {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Members of each event or process that are asked for.
    pub(crate) fn fields(&self) -> &Fields {
        static ALL: Fields = Fields::all();
        self.fields.as_ref().unwrap_or(&ALL)
    }
}

/// The form of an answer of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Ndjson,
}

use Endpoint::{Events, Paths, Processes, Stream, Timeline, Trace, Tree};

const FILTERED: &[Endpoint] = &[Events, Stream, Processes, Tree, Timeline];
const OF_EVENTS: &[Endpoint] = &[Events, Stream, Timeline];
const RENDERED: &[Endpoint] = &[Events, Stream];
const OF_A_SPAN: &[Endpoint] = &[Events, Processes, Tree, Timeline, Trace];
/// What a trace can begin with, too.
const TRACED: &[Endpoint] = &[Events, Stream, Timeline, Trace];
const WHO: &[Endpoint] = &[Events, Stream, Processes, Tree, Timeline, Trace];
const PAGED: &[Endpoint] = &[Events, Processes, Tree, Paths];

/// All parameters.
pub static PARAMS: &[Param] = &[
    many("pid", "N", "Process id in the initial namespace", FILTERED, |asked, text, _| {
        number(text).map(|pid| asked.filter.pids.push(pid))
    }),
    many("ppid", "N", "Parent's process id", FILTERED, |asked, text, _| {
        number(text).map(|pid| asked.filter.ppids.push(pid))
    }),
    many("tid", "N", "Thread id", OF_EVENTS, |asked, text, _| {
        number(text).map(|tid| asked.filter.tids.push(tid))
    }),
    many(
        "id",
        "N",
        "Event by its number: `tacho.id` in schema full",
        &[Events, Timeline],
        |asked, text, _| number(text).map(|id| asked.filter.ids.push(id)),
    ),
    many("parent", "ID", "Processes that this one created", &[Processes], |asked, text, _| {
        parsed::<ProcessKey>(text).map(|key| asked.filter.parents.push(key))
    }),
    many("process", "ID", "Process by its id (one execution, never reused)", WHO, |asked, text, _| {
        parsed::<ProcessKey>(text).map(|key| asked.filter.processes.push(key))
    }),
    one("descendants", "true|false", "With pid or process: the whole subtree", FILTERED, |asked, text, _| {
        asked.descendants = Some(word(text, [true, false], |flag| if flag { "true" } else { "false" })?);
        Ok(())
    }),
    paths(
        "path",
        "File path, exact or with * (within a component) and ** (across)",
        TRACED,
        |asked, text, _| pattern(text).map(|pattern| asked.filter.paths.push(pattern)),
    ),
    one(
        "follow",
        "true|false",
        "Also by the names that the file of path had before and after",
        &[Events],
        |asked, text, _| {
            asked.follow = word(text, [true, false], |flag| if flag { "true" } else { "false" })?;
            Ok(())
        },
    ),
    many("name", "KIND", "Kind of event: exec, open, ...", OF_EVENTS, |asked, text, _| {
        word(text, Kind::ALL, Kind::name).map(|kind| asked.filter.kinds.push(kind))
    }),
    many("category", "CATEGORY", "Such as 'File Activity'", OF_EVENTS, |asked, text, _| {
        word(text, Category::ALL, Category::name).map(|category| asked.filter.categories.push(category))
    }),
    many("outcome", "OUTCOME", "Success, Refused or Error", OF_EVENTS, |asked, text, _| {
        word(text, Outcome::ALL, Outcome::name).map(|outcome| asked.filter.outcomes.push(outcome))
    }),
    many("user", "NAME", "User name", FILTERED, |asked, text, _| {
        asked.filter.users.push(text.to_owned());
        Ok(())
    }),
    many("uid", "N", "User id", FILTERED, |asked, text, _| {
        number(text).map(|uid| asked.filter.uids.push(uid))
    }),
    many("comm", "NAME", "Task name", FILTERED, |asked, text, _| {
        asked.filter.comms.push(text.to_owned());
        Ok(())
    }),
    paths("exe", "Executable's path, written like path", FILTERED, |asked, text, _| {
        pattern(text).map(|pattern| asked.filter.exes.push(pattern))
    }),
    many("container", "ID", "Container id", FILTERED, |asked, text, _| {
        asked.filter.containers.push(text.to_owned());
        Ok(())
    }),
    many("ip", "ADDR", "Address of a bind or connect", TRACED, |asked, text, _| {
        parsed::<IpAddr>(text).map(|ip| asked.filter.ips.push(ip))
    }),
    many("port", "N", "Port of a bind or connect", TRACED, |asked, text, _| {
        number(text).map(|port| asked.filter.ports.push(port))
    }),
    one("since", "TIME", "From then on", OF_A_SPAN, |asked, text, now| {
        asked.filter.since = Some(moment(text, now)?);
        Ok(())
    }),
    one("until", "TIME", "Before then", OF_A_SPAN, |asked, text, now| {
        asked.filter.until = Some(moment(text, now)?);
        Ok(())
    }),
    one("at", "TIME", "Alive at that moment", &[Processes, Tree], |asked, text, now| {
        asked.at = Some(moment(text, now)?);
        Ok(())
    }),
    one("prefix", "PATH", "What the paths begin with", &[Paths], |asked, text, _| {
        text.clone_into(&mut asked.prefix);
        Ok(())
    }),
    one("order", "asc|desc", "Oldest or newest first", &[Events], |asked, text, _| {
        let words = [(Order::Asc, "asc"), (Order::Desc, "desc")];
        asked.order = word(text, words, |(_, name)| name)?.0;
        Ok(())
    }),
    one("limit", "N", "How many at most, 1 to 10000", &[Events, Processes, Tree, Paths], |asked, text, _| {
        asked.limit = Some(bounded(text, MAX_LIMIT)?);
        Ok(())
    }),
    one("cursor", "CURSOR", "Go on where a page ended: its `next`", PAGED, |asked, text, _| {
        asked.cursor = Some(text.to_owned());
        Ok(())
    }),
    one("buckets", "N", "Parts of the span, 1 to 2000", &[Timeline], |asked, text, _| {
        asked.buckets = Some(bounded(text, MAX_BUCKETS)?);
        Ok(())
    }),
    one(
        "by",
        "WORD",
        "What is counted apart: category, name, outcome, ...",
        &[Timeline],
        |asked, text, _| {
            asked.by = word(text, By::ALL, By::name)?;
            Ok(())
        },
    ),
    one("top", "N", "Values told apart where they are no closed list", &[Timeline], |asked, text, _| {
        asked.top = Some(bounded(text, MAX_TOP)?);
        Ok(())
    }),
    one("direction", "backward|forward", "To causes, or to effects", &[Trace], |asked, text, _| {
        asked.direction = word(text, Direction::ALL, Direction::name)?;
        Ok(())
    }),
    one("depth", "N", "Steps walked at most, 1 to 32", &[Trace], |asked, text, _| {
        asked.depth = Some(bounded(text, MAX_TRACE_DEPTH)?);
        Ok(())
    }),
    one("fanout", "N", "Neighbours of each sort of a node at most, 1 to 100", &[Trace], |asked, text, _| {
        asked.fanout = Some(bounded(text, MAX_TRACE_FANOUT)?);
        Ok(())
    }),
    one("schema", "v1..v5|full", "Generation of the schema", RENDERED, |asked, text, _| {
        asked.rendering = word(text, Rendering::ALL, Rendering::name)?;
        Ok(())
    }),
    many(
        "fields",
        "MEMBER",
        "Only these members, such as date,evt.name,process.pid",
        &[Events, Stream, Processes, Tree],
        |asked, text, _| asked.fields.get_or_insert_default().add(text),
    ),
    one("format", "json|ndjson", "A document, or one event a line", &[Events], |asked, text, _| {
        let words = [(Format::Json, "json"), (Format::Ndjson, "ndjson")];
        asked.format = Some(word(text, words, |(_, name)| name)?.0);
        Ok(())
    }),
];

type Take = fn(&mut Asked, &str, Nanos) -> Result<(), String>;

const fn many(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    on: &'static [Endpoint],
    take: Take,
) -> Param {
    Param { name, value, help, form: Form::Many, on, take }
}

const fn one(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    on: &'static [Endpoint],
    take: Take,
) -> Param {
    Param { name, value, help, form: Form::One, on, take }
}

const fn paths(name: &'static str, help: &'static str, on: &'static [Endpoint], take: Take) -> Param {
    Param { name, value: "PATH", help, form: Form::Paths, on, take }
}

/// A number in plain digits: no sign, no blanks, and what fits.
fn number<T: FromStr>(text: &str) -> Result<T, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = if digits { text.parse().ok() } else { None };
    parsed.ok_or_else(|| "not a number in range".to_owned())
}

/// A number from 1 on.
fn bounded(text: &str, most: usize) -> Result<usize, String> {
    let value = number(text)?;
    if (1..=most).contains(&value) { Ok(value) } else { Err(format!("out of range: 1 to {most}")) }
}

fn parsed<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn pattern(text: &str) -> Result<PathPattern, String> {
    PathPattern::parse(text).map_err(|error| error.to_string())
}

fn moment(text: &str, now: Nanos) -> Result<Nanos, String> {
    time::parse(text, now).map_err(|error| error.to_string())
}

/// One of a closed list of words.
fn word<T: Copy>(
    text: &str,
    all: impl IntoIterator<Item = T> + Clone,
    name: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    all.clone().into_iter().find(|value| name(*value) == text).ok_or_else(|| {
        let names: Vec<_> = all.into_iter().map(name).collect();
        format!("no such word; there are: {}", names.join(", "))
    })
}
