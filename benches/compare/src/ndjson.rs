//! Plain NDJSON of schema v5, an event a line, as one zstd file; searched by ripgrep, or by grep if there is none.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use event::render::write_json;
use event::schema::{Rendering, Version};
use store::{Found, Order, Query, Store};

use crate::engine::{Figures, SCANNED, cpu};
use crate::questions::{Question, Questions};

/// As `zstd -19 --long=27`.
const LEVEL: i32 = 19;
const WINDOW: u32 = 27;
/// Questions of each sort: each reads everything.
const FEW: usize = 3;

fn line(out: &mut Vec<u8>, found: &Found) -> Result<()> {
    found.with_subject(|subject| write_json(out, subject, Rendering::Schema(Version::V5)))?;
    out.push(b'\n');
    Ok(())
}

/// Packs all events of a store, a page at a time; bytes of text, events, and where the packed bytes went. At each of some
/// numbers of events, ascending, all that was packed is written, and `at` is told the bytes of text and where the rest went.
pub fn write<W: Write>(
    store: &Store,
    packed: W,
    mut marks: &[u64],
    mut at: impl FnMut(u64, &W),
) -> Result<(u64, usize, W)> {
    let mut encoder = zstd::Encoder::new(packed, LEVEL)?;
    encoder.long_distance_matching(true)?;
    encoder.window_log(WINDOW)?;
    let mut query = Query { order: Order::Asc, limit: 1_000, ..Query::default() };
    let (mut bytes, mut events) = (0, 0);
    loop {
        let page = store.events(&query)?;
        let mut lines = Vec::new();
        for found in &page.events {
            lines.clear();
            line(&mut lines, found)?;
            encoder.write_all(&lines)?;
            bytes += lines.len() as u64;
            events += 1;
            if let Some(later) = marks.strip_prefix(&[events as u64]) {
                marks = later;
                encoder.flush()?;
                at(bytes, encoder.get_ref());
            }
        }
        query.after = page.next;
        if page.next.is_none() {
            return Ok((bytes, events, encoder.finish()?));
        }
    }
}

fn search(file: &Path, text: &str) -> Result<usize> {
    let mut unpack = Command::new("zstd")
        .args(["-dcq", "--long=27"])
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .context("zstd is needed")?;
    let stdout = unpack.stdout.take().context("no pipe")?;
    let grep = if Command::new("rg").arg("--version").output().is_ok() { "rg" } else { "grep" };
    let found = Command::new(grep).args(["-c", "-F", text]).stdin(stdout).output()?;
    unpack.wait()?;
    Ok(String::from_utf8_lossy(&found.stdout).trim().parse().unwrap_or(0))
}

/// Everything about it.
pub fn measure(dir: &Path, store: &Store, questions: &Questions) -> Result<Figures> {
    let file = dir.join("events.ndjson.zst");
    let (begun, used) = (Instant::now(), cpu());
    let (text, events, written) = write(store, File::create(&file)?, &[], |_, _| ())?;
    written.sync_all()?;
    let (wall, used) = (begun.elapsed(), cpu() - used);
    let packed = std::fs::metadata(&file)?.len();
    let mut figures = Figures::new("NDJSON.zst + rg", events, wall, used, Duration::ZERO, text, packed);
    for question in questions.few(FEW) {
        let wanted = match question {
            Question::Pid(pid) => format!("\"pid\":{pid},"),
            Question::Path(path) => format!("\"path\":\"{path}\""),
            Question::Prefix(prefix) => format!("\"path\":\"{prefix}"),
        };
        let begun = Instant::now();
        search(&file, &wanted)?;
        figures.answered(question, begun.elapsed(), 0);
    }
    let begun = Instant::now();
    search(&file, &format!("\"tid\":{SCANNED}"))?;
    figures.scanned(begun.elapsed(), 0);
    Ok(figures)
}
