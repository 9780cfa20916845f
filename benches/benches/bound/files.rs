//! Which file an event is of: paths, and states of them.

use std::collections::HashMap;
use std::io;

use event::{File, Nanos};

use crate::Stream;
use crate::columns::{Order, Out, put, sorted_by, varint, zigzag};
use crate::events::Shapes;

/// A file as events saw it.
pub struct State<'a> {
    pub file: &'a File,
    pub path: u32,
    /// The state of the same path that was met last.
    pub before: Option<u32>,
    /// The state that the same context's last event was of.
    pub beside: Option<u32>,
    /// Of the event that has it first.
    pub time: Nanos,
    pub shape: u32,
    pub context: u64,
}

/// An event's file or destination, in order of time.
struct Access {
    row: u32,
    path: u32,
    /// The path of the one before of the same context.
    last: Option<u32>,
    /// Whether no event had the path before.
    new: bool,
    /// 0 to 3: the path is what one of four rules expects; else 4.
    guess: u64,
    /// 0 the state that the path had last, 1 a new one, else how many states it had since.
    state: u64,
}

/// All of a stream.
pub struct Files<'a> {
    /// In order of appearance.
    pub paths: Vec<&'a str>,
    /// Place of each in order of bytes.
    pub rank: Vec<u32>,
    /// In order of appearance.
    pub states: Vec<State<'a>>,
    accesses: Vec<Access>,
}

/// What came next after some history.
#[derive(Default)]
struct Guesses(HashMap<(u8, [u32; 4]), u32>);

/// History of a context: the last three paths.
type History = [u32; 3];

impl Guesses {
    fn keys(history: History, shape: u32) -> [(u8, [u32; 4]); 3] {
        let [last, second, third] = history;
        [(0, [last, second, third, shape]), (1, [last, shape, 0, 0]), (2, [last, 0, 0, 0])]
    }

    /// The first rule that was right, among those that expect different things; then all learn.
    fn place(&mut self, history: History, shape: u32, path: u32) -> u64 {
        let mut seen: Vec<u32> = Vec::new();
        for key in Self::keys(history, shape) {
            if let Some(guess) = self.0.insert(key, path)
                && !seen.contains(&guess)
            {
                seen.push(guess);
            }
        }
        if !seen.contains(&history[0]) {
            seen.push(history[0]);
        }
        seen.iter().position(|guess| *guess == path).map_or(4, |place| place as u64)
    }
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl<'a> Files<'a> {
    pub fn of(stream: &Stream<'a>, shapes: &Shapes) -> Self {
        let mut all = Self { paths: Vec::new(), rank: Vec::new(), states: Vec::new(), accesses: Vec::new() };
        let (mut by_path, mut by_state) = (HashMap::<&str, u32>::new(), HashMap::<Vec<u8>, u32>::new());
        // States of each path, the last one met at the end.
        let mut of_path: Vec<Vec<u32>> = Vec::new();
        let mut histories: HashMap<u64, (History, Option<u32>)> = HashMap::new();
        let mut programs: HashMap<&str, u32> = HashMap::new();
        let mut guesses = Guesses::default();
        for (row, event) in stream.events.iter().enumerate() {
            for (place, file) in [event.file.as_ref(), event.destination.as_deref()].into_iter().enumerate() {
                let Some(file) = file else { continue };
                let next = small(all.paths.len());
                let path = *by_path.entry(&file.path).or_insert(next);
                if path == next {
                    all.paths.push(&file.path);
                    of_path.push(Vec::new());
                }
                // A context begins as others of its name did.
                let comm = stream.contexts.get(&event.context).map_or("", |context| context.comm.as_str());
                let begin = small(programs.len());
                let (history, beside) = histories.entry(event.context).or_insert_with(|| {
                    let program = u32::MAX - *programs.entry(comm).or_insert(begin);
                    ([program; 3], None)
                });
                let role = shapes.column[row] << 1 | small(place);
                let guess = guesses.place(*history, role, path);
                let next_state = small(all.states.len());
                let key = rmp_serde::to_vec(file).unwrap_or_default();
                let state = *by_state.entry(key).or_insert(next_state);
                let list = &mut of_path[path as usize];
                let code = if state == next_state {
                    all.states.push(State {
                        file,
                        path,
                        before: list.last().copied(),
                        beside: *beside,
                        time: event.time,
                        shape: role,
                        context: event.context,
                    });
                    list.push(state);
                    1
                } else {
                    let place = list.iter().rev().position(|other| *other == state).unwrap_or(0);
                    let at = list.len() - 1 - place;
                    list[at..].rotate_left(1);
                    if place == 0 { 0 } else { place as u64 + 1 }
                };
                let last = all.paths.get(history[0] as usize).map(|_| history[0]);
                let new = path == next;
                all.accesses.push(Access { row: small(row), path, last, new, guess, state: code });
                *history = [path, history[0], history[1]];
                *beside = Some(state);
            }
        }
        all.rank = vec![0; all.paths.len()];
        for (place, path) in sorted_by(all.paths.len(), |path| all.paths[path]).iter().enumerate() {
            all.rank[*path as usize] = small(place);
        }
        all
    }

    /// Columns of paths and of who is of which.
    pub fn write(&self, stream: &Stream<'a>, shapes: &Shapes, out: &Out) -> io::Result<()> {
        let accesses = &self.accesses;
        let context = |place: usize| stream.events[accesses[place].row as usize].context;
        let shape = |place: usize| shapes.column[accesses[place].row as usize];
        let by_time: Vec<u32> = (0..small(accesses.len())).collect();
        let by_context = sorted_by(accesses.len(), context);
        let by_shape = sorted_by(accesses.len(), |place| (shape(place), context(place)));
        let orders: [Order<'_>; 3] = [("time", &by_time), ("context", &by_context), ("shape", &by_shape)];
        let states: Vec<u64> = accesses.iter().map(|access| access.state).collect();
        out.ordered("files-states", &states, &orders)?;
        // Known paths that no rule expects, as steps in the order of bytes.
        let step = |access: &Access| {
            let before = access.last.map_or(0, |path| self.rank[path as usize]);
            zigzag(i64::from(self.rank[access.path as usize]) - i64::from(before))
        };
        let known: Vec<&Access> = accesses.iter().filter(|access| !access.new && access.guess == 4).collect();
        let of = |place: usize| stream.events[known[place].row as usize].context;
        let steps: Vec<u64> = known.iter().map(|access| step(access)).collect();
        let (by_time, by_context) = ((0..small(known.len())).collect::<Vec<_>>(), sorted_by(known.len(), of));
        out.ordered("files-known", &steps, &[("time", &by_time), ("context", &by_context)])?;
        // New paths are in a table in order of appearance, ...
        let seen = out.way("paths", "seen")?;
        let codes: Vec<u64> = accesses.iter().map(|access| access.guess + u64::from(access.new)).collect();
        seen.ordered("files-paths", &codes, &orders)?;
        seen.bytes("paths", "lines", &lines(self.paths.iter().copied()))?;
        // ... or in order of bytes; then which one it is must be told.
        let sorted = out.way("paths", "sorted")?;
        let mut unseen: std::collections::BTreeSet<u32> = (0..small(self.paths.len())).collect();
        let (mut codes, mut steps) = (Vec::new(), Vec::new());
        for access in accesses {
            let rank = self.rank[access.path as usize];
            let before = access.last.map_or(0, |path| self.rank[path as usize]);
            let next = unseen.range(before..).next().copied();
            let code = match access.new {
                false => access.guess,
                true if next == Some(rank) => 5,
                true => {
                    steps.push(step(access));
                    6
                }
            };
            unseen.remove(&rank);
            codes.push(code);
        }
        sorted.ordered("files-paths", &codes, &orders)?;
        sorted.numbers("files-new", "time", &steps)?;
        let mut list = self.paths.clone();
        list.sort_unstable();
        sorted.bytes("paths", "lines", &lines(list.iter().copied()))?;
        sorted.bytes("paths", "fronts", &fronts(&list))
    }
}

fn lines<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<u8> {
    let mut lines = Vec::new();
    for text in texts {
        // No path has a zero.
        lines.extend(text.bytes().map(|byte| if byte == b'\n' { 0 } else { byte }));
        lines.push(b'\n');
    }
    lines
}

/// Of each how many bytes it shares with the one before, then the others.
fn fronts(list: &[&str]) -> Vec<u8> {
    let (mut out, mut last): (Vec<u8>, &[u8]) = (Vec::new(), &[]);
    for text in list {
        let text = text.as_bytes();
        let same = last.iter().zip(text).take_while(|(a, b)| a == b).count();
        varint(&mut out, same as u64);
        put(&mut out, &text[same..]);
        last = text;
    }
    out
}
