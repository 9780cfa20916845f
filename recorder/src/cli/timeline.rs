//! `tacho timeline`: how much happened when, as a small histogram.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use serde_json::Value;

use super::{
    args::TimelineFlags,
    client::Client,
    config::Config,
    gaps,
    span::nanos,
    style::{Style, sgr},
    text::{escape, fit, pad, width},
    zone::Zone,
};

/// Columns of values told apart; the others are summed.
const VALUES: usize = 6;
/// Columns of a value's name at most.
const NAME: usize = 17;
/// Most columns of the bar, and least.
const BAR: (usize, usize) = (60, 8);

/// Prints the histogram.
///
/// # Errors
/// If the API cannot be read, or standard output not written.
pub fn run(flags: &TimelineFlags, file: &Config) -> Result<()> {
    let zone = flags.zone.zone();
    let mut parameters = flags.filters.parameters(zone)?;
    parameters.extend([("buckets", flags.buckets.to_string()), ("by", flags.by.clone())]);
    parameters.extend(flags.top.map(|top| ("top", top.to_string())));
    let document = Client::open(&flags.source, file)?.get("/timeline", &parameters)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    draw(&mut out, Style::of_stdout(), zone, &document)?;
    out.flush()?;
    if let Some(reason) = document["cut"]["reason"].as_str() {
        let _ = writeln!(io::stderr(), "tacho: not all was counted: {}", escape(reason));
    }
    let missing = document["gaps"].as_array().map_or(&[][..], Vec::as_slice);
    gaps::warn(document["complete"] == Value::Bool(false) && !missing.is_empty(), missing, zone);
    Ok(())
}

fn draw(out: &mut impl Write, style: Style, zone: Zone, document: &Value) -> io::Result<()> {
    let buckets = document["buckets"].as_array().map_or(&[][..], Vec::as_slice);
    let names = largest(buckets);
    let (told, others) = names.split_at(names.len().min(VALUES));
    let gaps = spans(document);
    let mut rows = vec![head(zone, told, !others.is_empty())];
    let totals: Vec<u64> = buckets.iter().map(total).collect();
    for (bucket, total) in buckets.iter().zip(&totals) {
        let mut row = vec![zone.moment(bucket["from"].as_str().unwrap_or("?")), total.to_string()];
        row.extend(told.iter().map(|name| count(bucket, name).to_string()));
        if !others.is_empty() {
            row.push(others.iter().map(|name| count(bucket, name)).sum::<u64>().to_string());
        }
        rows.push(row);
    }
    let columns = rows[0].len();
    let rooms: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0)).collect();
    let used: usize = rooms.iter().map(|room| room + 2).sum::<usize>() + 2;
    let bar = style.columns.map_or(BAR.0, |all| all.saturating_sub(used)).min(BAR.0);
    let most = totals.iter().copied().max().unwrap_or(0).max(1);
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<_> = row.iter().zip(&rooms).map(|(cell, room)| pad(cell, *room, true)).collect();
        let mut line = cells.join("  ");
        if number == 0 {
            let line = style.columns.map_or_else(|| line.clone().into(), |all| fit(&line, all));
            writeln!(out, "{}", style.paint(sgr::BOLD, &line))?;
            continue;
        }
        let lossy = gaps.iter().any(|gap| overlaps(*gap, &buckets[number - 1]));
        line.push_str(if lossy { " !" } else { "  " });
        let line = style.columns.map_or_else(|| line.clone().into(), |all| fit(&line, all));
        let bars = if bar >= BAR.1 { length(totals[number - 1], most, bar) } else { 0 };
        let line = format!("{line}{}", style.paint(sgr::GREEN, &"#".repeat(bars)));
        writeln!(out, "{}", if lossy { style.paint(sgr::YELLOW, &line) } else { line.into() })?;
    }
    if !gaps.is_empty() {
        writeln!(out, "! events were or may have been lost then")?;
    }
    Ok(())
}

fn head(zone: Zone, told: &[String], others: bool) -> Vec<String> {
    let mut head = vec![format!("FROM ({})", zone.name()), "EVENTS".to_owned()];
    // "File Activity" is one of four: its first word will do.
    let short = |name: &String| name.strip_suffix(" Activity").unwrap_or(name).to_uppercase();
    head.extend(told.iter().map(|name| fit(&escape(&short(name)), NAME).into_owned()));
    head.extend(others.then(|| "OTHERS".to_owned()));
    head
}

/// Values with the most events first; those without any are left out.
fn largest(buckets: &[Value]) -> Vec<String> {
    let mut sums: Vec<(u64, String)> = Vec::new();
    for (name, count) in buckets.iter().filter_map(|bucket| bucket["counts"].as_object()).flatten() {
        let count = count.as_u64().unwrap_or(0);
        match sums.iter_mut().find(|(_, known)| known == name) {
            Some((sum, _)) => *sum = sum.saturating_add(count),
            None => sums.push((count, name.clone())),
        }
    }
    sums.retain(|(sum, _)| *sum > 0);
    sums.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    sums.into_iter().map(|(_, name)| name).collect()
}

fn count(bucket: &Value, name: &str) -> u64 {
    bucket["counts"][name].as_u64().unwrap_or(0)
}

fn total(bucket: &Value) -> u64 {
    bucket["counts"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum()
}

/// At least one if there is anything at all.
fn length(count: u64, most: u64, room: usize) -> usize {
    let room = u64::try_from(room).unwrap_or(0);
    let length = u128::from(count) * u128::from(room) / u128::from(most.max(1));
    usize::try_from(length).unwrap_or(0).max(usize::from(count > 0))
}

fn spans(document: &Value) -> Vec<(i64, i64)> {
    let gaps = document["gaps"].as_array().into_iter().flatten();
    gaps.filter_map(|gap| Some((nanos(&gap["from"])?, nanos(&gap["to"])?))).collect()
}

fn overlaps(gap: (i64, i64), bucket: &Value) -> bool {
    match (nanos(&bucket["from"]), nanos(&bucket["to"])) {
        (Some(from), Some(to)) => gap.0 < to && gap.1 >= from,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({"buckets": [
            {"from": "2026-01-02T03:00:00Z", "to": "2026-01-02T03:01:00Z", "counts": {"File Activity": 30, "Process Activity": 2, "Kernel Activity": 0}},
            {"from": "2026-01-02T03:01:00Z", "to": "2026-01-02T03:02:00Z", "counts": {"File Activity": 1, "Process Activity": 0, "Kernel Activity": 0}}],
            "gaps": [{"from": "2026-01-02T03:01:10Z", "to": "2026-01-02T03:01:11Z"}]})
    }

    fn drawn(columns: Option<usize>) -> String {
        let mut out = Vec::new();
        draw(&mut out, Style { colour: false, columns }, Zone::Utc, &document()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_per_bucket_has_its_counts_a_bar_and_a_mark_where_something_is_missing() {
        assert_eq!(
            drawn(Some(70)),
            "             FROM (UTC)  EVENTS  FILE  PROCESS\n\
             2026-01-02 03:00:00.000      32    30        2  ####################\n\
             2026-01-02 03:01:00.000       1     1        0 !#\n\
             ! events were or may have been lost then\n"
        );
    }

    #[test]
    fn it_keeps_to_the_terminal() {
        for columns in 40..150 {
            let text = drawn(Some(columns));
            assert!(text.lines().all(|line| width(line) <= columns.max(41)), "{columns}: {text}");
        }
    }
}
