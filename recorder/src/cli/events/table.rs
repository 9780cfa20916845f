//! Events as a table that fits the terminal.

use std::io::{self, Write};

use super::row::Row;
use crate::cli::{
    gaps,
    style::{Style, sgr},
    text::{fit, pad, width},
    zone::Zone,
};
use serde_json::Value;

/// What an event was about gets at least so many columns; others give way.
const WHAT: usize = 28;
/// Terminals of so many columns or more have the date in every line, and the file that runs.
const WIDE: usize = 120;
/// Of fewer rows nothing is known of those to come.
const SAMPLE: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Time,
    Pid,
    User,
    Comm,
    Name,
    Outcome,
}

impl Column {
    const ALL: [Self; 6] = [Self::Time, Self::Pid, Self::User, Self::Comm, Self::Name, Self::Outcome];
    /// Who gives way first on a narrow terminal.
    const GIVING_WAY: [Self; 3] = [Self::User, Self::Outcome, Self::Comm];

    fn head(self, zone: Zone) -> String {
        match self {
            Self::Time => format!("TIME ({})", zone.name()),
            Self::Pid => "PID".to_owned(),
            Self::User => "USER".to_owned(),
            Self::Comm => "COMM".to_owned(),
            Self::Name => "NAME".to_owned(),
            Self::Outcome => "OUTCOME".to_owned(),
        }
    }

    /// What is usual.
    const fn typical(self) -> usize {
        match self {
            Self::Time => 0,
            Self::Pid | Self::Outcome => 7,
            Self::User => 4,
            Self::Comm => 12,
            Self::Name => 6,
        }
    }

    /// Least and most columns.
    const fn bounds(self, wide: bool) -> (usize, usize) {
        match self {
            Self::Time => (12, 29),
            Self::Pid => (5, 10),
            Self::User => (4, if wide { 16 } else { 10 }),
            Self::Comm => (4, if wide { 24 } else { 15 }),
            Self::Name => (6, 13),
            Self::Outcome => (7, 13),
        }
    }
}

/// Prints events, and remembers what the lines before had.
pub(super) struct Table {
    style: Style,
    zone: Zone,
    wide: bool,
    /// Laid out by the first rows, and widened by later ones.
    columns: Vec<(Column, usize)>,
    /// The day that was last told, on narrow terminals.
    day: String,
}

impl Table {
    pub(super) fn new(style: Style, zone: Zone) -> Self {
        let wide = style.columns.is_none_or(|columns| columns >= WIDE);
        Self { style, zone, wide, columns: Vec::new(), day: String::new() }
    }

    /// Writes lines; before the first ones the head.
    pub(super) fn rows(&mut self, out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
        if self.columns.is_empty() {
            self.lay_out(rows);
            let head: Vec<_> = self
                .columns
                .iter()
                .map(|(column, room)| pad(&column.head(self.zone), *room, *column == Column::Pid))
                .collect();
            writeln!(out, "{}", self.style.paint(sgr::BOLD, &format!("{} WHAT", head.join(" "))))?;
        }
        rows.iter().try_for_each(|row| self.row(out, row))
    }

    /// Writes a gap where it was told.
    pub(super) fn gap(&self, out: &mut impl Write, gap: &Value) -> io::Result<()> {
        writeln!(out, "{}", self.style.paint(sgr::YELLOW, &format!("-- gap: {}", gaps::line(gap, self.zone))))
    }

    fn lay_out(&mut self, rows: &[Row]) {
        let mut columns: Vec<_> = Column::ALL
            .into_iter()
            .map(|column| {
                let (least, most) = column.bounds(self.wide);
                let largest = Row::largest(rows, |row| self.width_of(column, row));
                let head =
                    if column == Column::Time && !self.wide { 0 } else { width(&column.head(self.zone)) };
                let typical = if rows.len() < SAMPLE { column.typical() } else { 0 };
                (column, largest.max(head).max(typical).clamp(least, most))
            })
            .collect();
        if let Some(all) = self.style.columns {
            for column in Column::GIVING_WAY {
                let used: usize = columns.iter().map(|(_, room)| room + 1).sum();
                if used + WHAT > all {
                    columns.retain(|(other, _)| *other != column);
                }
            }
        }
        self.columns = columns;
    }

    /// Columns only grow, so that most lines stay below each other.
    fn widen(&mut self, row: &Row) {
        let mut columns = std::mem::take(&mut self.columns);
        for (column, room) in &mut columns {
            *room = (*room).max(self.width_of(*column, row).min(column.bounds(self.wide).1));
        }
        self.columns = columns;
    }

    fn width_of(&self, column: Column, row: &Row) -> usize {
        match column {
            Column::Time if self.wide => width(&self.zone.moment(&row.date)),
            Column::Time => 0,
            Column::Pid => row.pid.len(),
            Column::User => width(&row.user),
            Column::Comm => width(&row.who(self.wide)),
            Column::Name => width(&row.name),
            Column::Outcome => row.outcome_width(),
        }
    }

    fn row(&mut self, out: &mut impl Write, row: &Row) -> io::Result<()> {
        let time = if self.wide {
            self.zone.moment(&row.date)
        } else {
            let (day, time) = self.zone.day_and_time(&row.date);
            if day != self.day {
                writeln!(out, "{}", self.style.paint(sgr::BOLD, &day))?;
                self.day = day;
            }
            time
        };
        self.widen(row);
        let mut used = 0;
        let mut line = String::new();
        for (column, room) in &self.columns {
            let (text, colour) = match column {
                Column::Time => (time.clone(), sgr::PLAIN),
                Column::Pid => (row.pid.clone(), sgr::PLAIN),
                Column::User => (row.user.clone(), if row.user.contains('>') { sgr::RED } else { sgr::CYAN }),
                Column::Comm => (row.who(self.wide), sgr::PLAIN),
                Column::Name => (row.name.clone(), row.name_colour),
                Column::Outcome => (row.outcome.clone(), row.outcome_colour),
            };
            let text = if self.style.columns.is_some() { fit(&text, *room) } else { text.into() };
            let cell = pad(&text, *room, *column == Column::Pid);
            used += width(&cell) + 1;
            line.push_str(&self.style.paint(colour, &cell));
            line.push(' ');
        }
        let told = self.columns.iter().any(|(column, _)| *column == Column::Outcome) || row.succeeded;
        if !told && !row.outcome.is_empty() {
            used += row.outcome_width() + 1;
            line.push_str(&self.style.paint(row.outcome_colour, &row.outcome));
            line.push(' ');
        }
        let what = match self.style.columns {
            Some(all) => fit(&row.what, all.saturating_sub(used).max(5)).into_owned(),
            None => row.what.clone(),
        };
        writeln!(out, "{line}{what}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn open() -> Value {
        json!({"date": "2026-01-02T03:04:05.6Z",
            "evt": {"name": "open", "category": "File Activity", "outcome": "Refused"},
            "process": {"pid": 7, "comm": "cat", "credentials": {"uid": 1000, "user": "alice", "euid": 1000}},
            "file": {"path": "/srv/a/very/long/way/down/to/what/is/secret/shadow", "flags": ["O_RDONLY"]},
            "tacho": {"errno": "EACCES"}})
    }

    fn drawn(events: &[Value], columns: Option<usize>) -> String {
        let mut out = Vec::new();
        let rows: Vec<_> = events.iter().map(Row::of).collect();
        Table::new(Style { colour: false, columns }, Zone::Utc).rows(&mut out, &rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn into_a_pipe_a_line_has_everything() {
        assert_eq!(
            drawn(&[open()], None),
            "TIME (UTC)                  PID USER  COMM         NAME   OUTCOME WHAT\n\
             2026-01-02 03:04:05.600       7 alice cat          open   EACCES  /srv/a/very/long/way/down/to/what/is/secret/shadow  O_RDONLY\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_both_ends_of_a_path_stay() {
        for columns in 40..200 {
            let text = drawn(&[open()], Some(columns));
            for line in text.lines().skip(1) {
                assert!(width(line) <= columns, "{columns}: {line}");
            }
            assert!(
                text.contains("/s") && text.contains("EACCES") && text.contains('Y'),
                "{columns}: {text}"
            );
        }
    }

    #[test]
    fn later_rows_widen_the_columns_and_a_pipe_gets_all_of_a_name() {
        let mut named = open();
        named["process"]["comm"] = json!("systemd-journal");
        named["process"]["credentials"]["user"] = json!("systemd-journal-upload");
        let mut out = Vec::new();
        let mut table = Table::new(Style { colour: false, columns: Some(150) }, Zone::Utc);
        table.rows(&mut out, &[]).unwrap();
        table.rows(&mut out, &[Row::of(&open()), Row::of(&named), Row::of(&open())]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].starts_with("2026-01-02 03:04:05.600 "), "{text}");
        assert!(lines[2].contains("systemd-\u{2026}-upload systemd-journal "), "{text}");
        assert_eq!(
            lines[2].find(" open "),
            lines[3].find(" open ").map(|at| at + 2),
            "as many columns: {text}"
        );
        assert!(drawn(&[named], None).contains(" systemd-journal-upload systemd-journal "));
    }

    #[test]
    fn a_narrow_terminal_has_the_day_in_a_line_of_its_own() {
        let mut later = open();
        later["date"] = json!("2026-01-03T00:00:00Z");
        let text = drawn(&[open(), open(), later], Some(80));
        assert_eq!(text.matches("2026-01-02 UTC").count(), 1, "{text}");
        assert_eq!(text.matches("2026-01-03 UTC").count(), 1, "{text}");
    }

    #[test]
    fn what_was_recorded_cannot_steer_the_terminal() {
        let evil = "\u{1b}]0;x\u{7}\n\u{202e}\u{9b}2J";
        let event = json!({"date": evil, "evt": {"name": evil, "outcome": evil}, "tacho": {"errno": evil},
            "process": {"pid": 1, "comm": evil, "executable": {"path": evil}, "credentials": {"user": evil}},
            "file": {"path": evil}});
        for columns in [None, Some(80), Some(300)] {
            let text = drawn(std::slice::from_ref(&event), columns);
            let bad = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
            assert!(!text.chars().any(|c| bad(&c)), "{text:?}");
            assert!(text.lines().count() <= 3, "{text:?}");
        }
    }

    #[test]
    fn an_event_of_an_unexpected_shape_is_still_a_line() {
        for event in [json!({}), json!(null), json!({"evt": {"name": 3}, "process": [], "file": "x"})] {
            assert!(drawn(&[event], Some(80)).ends_with('\n'));
        }
    }
}
