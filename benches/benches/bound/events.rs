//! Which events there are, whose they are, and when.

use std::collections::HashMap;
use std::io;

use event::Event;

use crate::Stream;
use crate::columns::{Out, put, sorted_by, varint, zigzag};

/// Rows for which a clock's step is looked for anew.
const PAGE: usize = 4096;

/// Kind, flags, return value, detail, and whether there is a file and a destination.
type Shape = (u8, u32, i64, Vec<u8>, bool, bool);

/// What events have in common; the most frequent is number 0.
pub struct Shapes {
    list: Vec<Shape>,
    /// Of each event.
    pub column: Vec<u32>,
    /// Rows in order of context: those of one program, and then of the next.
    pub by_context: Vec<u32>,
}

fn shape(event: &Event) -> Shape {
    let detail = rmp_serde::to_vec(&event.detail).unwrap_or_default();
    let (file, destination) = (event.file.is_some(), event.destination.is_some());
    (event.kind.number(), event.flags, event.retval, detail, file, destination)
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Shapes {
    pub fn of(stream: &Stream<'_>) -> Self {
        let mut known: HashMap<Shape, u32> = HashMap::new();
        let mut counts: Vec<(usize, Shape)> = Vec::new();
        let mut column: Vec<u32> = Vec::with_capacity(stream.events.len());
        for event in &stream.events {
            let shape = shape(event);
            let place = *known.entry(shape).or_insert_with_key(|shape| {
                counts.push((0, shape.clone()));
                small(counts.len() - 1)
            });
            counts[place as usize].0 += 1;
            column.push(place);
        }
        let order = sorted_by(counts.len(), |place| std::cmp::Reverse(counts[place].0));
        let mut rank = vec![0; order.len()];
        for (place, from) in order.iter().enumerate() {
            rank[*from as usize] = small(place);
        }
        let list = order.iter().map(|from| counts[*from as usize].1.clone()).collect();
        let column: Vec<u32> = column.into_iter().map(|place| rank[place as usize]).collect();
        let by_context = sorted_by(column.len(), |row| stream.events[row].context);
        Self { list, column, by_context }
    }

    fn write(&self, out: &Out) -> io::Result<()> {
        let of = |f: &dyn Fn(&Shape) -> u64| self.list.iter().map(f).collect::<Vec<_>>();
        out.numbers("shape-kinds", "frequency", &of(&|shape| u64::from(shape.0)))?;
        out.numbers("shape-flags", "frequency", &of(&|shape| u64::from(shape.1)))?;
        out.numbers("shape-returns", "frequency", &of(&|shape| zigzag(shape.2)))?;
        out.numbers("shape-files", "frequency", &of(&|shape| u64::from(shape.4) << 1 | u64::from(shape.5)))?;
        let mut details = Vec::new();
        for shape in &self.list {
            put(&mut details, &shape.3);
        }
        out.bytes("shape-details", "msgpack", &details)
    }
}

/// Columns over events.
pub fn write(stream: &Stream<'_>, shapes: &Shapes, out: &Out) -> io::Result<()> {
    let events = &stream.events;
    shapes.write(out)?;
    let by_time: Vec<u32> = (0..small(events.len())).collect();
    let column: Vec<u64> = shapes.column.iter().map(|shape| u64::from(*shape)).collect();
    out.ordered("shapes", &column, &[("time", &by_time), ("context", &shapes.by_context)])?;
    // Who comes next depends on what the one before did.
    let after = sorted_by(events.len(), |row| row.checked_sub(1).map(|row| shapes.column[row]));
    out.ordered("whos", &whos(stream, out)?, &[("time", &by_time), ("after", &after)])?;
    out.ordered("threads", &threads(stream, shapes), &[("context", &shapes.by_context)])?;
    let times: Vec<i64> = events.iter().map(|event| event.time).collect();
    let steps = told_times(&times, out)?;
    let same = |row: usize| row > 0 && events[row].context == events[row - 1].context;
    let by_pair = sorted_by(events.len(), |row| {
        (shapes.column[row], if same(row) { shapes.column[row - 1] } else { u32::MAX })
    });
    let by_shape = sorted_by(events.len(), |row| (shapes.column[row], same(row)));
    out.ordered("times", &steps, &[("time", &by_time), ("shape", &by_shape), ("pair", &by_pair)])
}

/// 0 the context of the event before, 1 one that has its first event, else how many had events since its last one.
fn whos(stream: &Stream<'_>, out: &Out) -> io::Result<Vec<u64>> {
    let (mut recent, mut codes, mut new): (Vec<u64>, Vec<u64>, Vec<u64>) = Default::default();
    let (mut known, mut highest) = (std::collections::HashSet::new(), 0_u64);
    for event in &stream.events {
        let context = event.context;
        let place = if known.insert(context) {
            new.push(zigzag(context.wrapping_sub(highest).cast_signed()));
            highest = context;
            codes.push(1);
            None
        } else {
            let place = recent.iter().rev().position(|other| *other == context).unwrap_or(0);
            codes.push(if place == 0 { 0 } else { place as u64 + 1 });
            Some(recent.len() - 1 - place)
        };
        if let Some(place) = place {
            recent.remove(place);
        }
        recent.push(context);
    }
    out.numbers("whos-new", "time", &new)?;
    Ok(codes)
}

/// Thread ids as steps from the context's last one, at first from its process's id.
fn threads(stream: &Stream<'_>, shapes: &Shapes) -> Vec<u64> {
    let mut steps = vec![0; stream.events.len()];
    let mut last = (u64::MAX, 0_i64);
    for row in &shapes.by_context {
        let event = stream.events[*row as usize];
        if last.0 != event.context {
            let pid = stream.contexts.get(&event.context).map_or(0, |context| context.process.pid);
            last = (event.context, i64::from(pid));
        }
        steps[*row as usize] = zigzag(i64::from(event.tid) - last.1);
        last.1 = i64::from(event.tid);
    }
    steps
}

/// Times in steps of the clock, as the store has them in packed blocks, or of nanoseconds if it has none.
fn told_times(times: &[i64], out: &Out) -> io::Result<Vec<u64>> {
    let (mut steps, mut slips, mut clocks, mut before) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let pages = store::measure::clocks(times, PAGE);
    for (page, clock) in times.chunks(PAGE).zip(pages) {
        let (told, slipped) = store::measure::steps(before, page, clock);
        steps.extend(told);
        slips.extend(slipped);
        varint(&mut clocks, clock);
        before = page.last().copied().unwrap_or(before);
    }
    out.bytes("times-slips", "store", &slips)?;
    out.bytes("times-clocks", "varint", &clocks)?;
    Ok(steps)
}
