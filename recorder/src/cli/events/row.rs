//! The cells of an event.

use serde_json::Value;

use crate::cli::{
    style::sgr,
    text::{escape, width},
    what::what,
};

/// Bytes of a task's name (`TASK_COMM_LEN` less its end).
const COMM: usize = 15;

/// What the table and the CSV say of an event. All escaped.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// As the API wrote it, not escaped.
    pub(super) date: String,
    pub(super) pid: String,
    pub(super) user: String,
    pub(super) comm: String,
    /// The file that runs, if its name is not that of the task.
    pub(super) program: Option<String>,
    pub(super) name: String,
    /// The errno if there is one.
    pub(super) outcome: String,
    pub(super) what: String,
    pub(super) name_colour: &'static str,
    pub(super) outcome_colour: &'static str,
    pub(super) succeeded: bool,
}

impl Row {
    /// Of an event of `v5` or `full`; what it lacks is a question mark or empty.
    pub(super) fn of(event: &Value) -> Self {
        let process = &event["process"];
        let outcome = event["evt"]["outcome"].as_str();
        Self {
            date: event["date"].as_str().unwrap_or("?").to_owned(),
            pid: process["pid"].as_u64().map_or_else(|| "?".to_owned(), |pid| pid.to_string()),
            user: user(process),
            comm: escape(process["comm"].as_str().unwrap_or("?")).into_owned(),
            program: program(process),
            name: escape(event["evt"]["name"].as_str().unwrap_or("?")).into_owned(),
            outcome: escape(event["tacho"]["errno"].as_str().or(outcome).unwrap_or("")).into_owned(),
            what: what(event),
            name_colour: match event["evt"]["category"].as_str() {
                Some("Process Activity") => sgr::GREEN,
                Some("Network Activity") => sgr::MAGENTA,
                Some("Kernel Activity") => sgr::BLUE,
                _ => sgr::PLAIN,
            },
            outcome_colour: match outcome {
                Some("Refused") => sgr::RED,
                Some("Error") => sgr::YELLOW,
                _ => sgr::DIM,
            },
            succeeded: outcome == Some("Success"),
        }
    }

    /// Task and, where there is room, the program that it really is.
    pub(super) fn who(&self, wide: bool) -> String {
        match &self.program {
            Some(program) if wide => format!("{} ({program})", self.comm),
            _ => self.comm.clone(),
        }
    }

    /// Columns of the largest of the cells that `of` picks.
    pub(super) fn largest(rows: &[Self], of: impl Fn(&Self) -> usize) -> usize {
        rows.iter().map(of).max().unwrap_or(0)
    }

    pub(super) fn outcome_width(&self) -> usize {
        width(&self.outcome)
    }
}

/// `alice`, or `alice>root` where what she may do is somebody else's.
fn user(process: &Value) -> String {
    let credentials = &process["credentials"];
    let name = |name: &str, id: &str| -> Option<String> {
        let of = |from: &Value| match from[name].as_str() {
            Some(text) if !text.is_empty() => Some(escape(text).into_owned()),
            _ => from[id].as_u64().map(|id| id.to_string()),
        };
        of(credentials)
    };
    let real = name("user", "uid").unwrap_or_default();
    match name("euser", "euid") {
        Some(effective) if credentials["euid"] != credentials["uid"] => format!("{real}>{effective}"),
        _ => real,
    }
}

/// Anybody may call a task what they like.
fn program(process: &Value) -> Option<String> {
    let comm = process["comm"].as_str()?;
    let base = |file: &Value| -> Option<String> {
        let path = file["path"].as_str()?;
        path.rsplit('/').next().filter(|base| !base.is_empty()).map(str::to_owned)
    };
    let own = base(&process["executable"])?;
    let same = |name: &str| name.bytes().take(COMM).eq(comm.bytes());
    // python3 is a link to python3.11: what goes on as it began hides nothing.
    let fits =
        own.starts_with(comm) || same(&own) || base(&process["interpreter"]).is_some_and(|name| same(&name));
    (!fits).then(|| escape(&own).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn effective_users_show() {
        let process = |euid: u32, euser: &str| json!({"credentials": {"uid": 7, "user": "alice", "euid": euid, "euser": euser}});
        assert_eq!(user(&process(7, "alice")), "alice");
        assert_eq!(user(&process(0, "root")), "alice>root");
        assert_eq!(user(&process(9, "")), "alice>9");
        assert_eq!(user(&json!({})), "");
    }

    #[test]
    fn a_task_that_calls_itself_otherwise_than_its_program_is_told() {
        let process = |comm: &str, path: &str| json!({"comm": comm, "executable": {"path": path}});
        assert_eq!(program(&process("kworker/0:1", "/tmp/x\u{1b}")), Some("x\\x1b".into()));
        assert_eq!(program(&process("systemd-journal", "/lib/systemd/systemd-journald")), None);
        assert_eq!(program(&process("python3", "/usr/bin/python3.11")), None);
        assert_eq!(program(&json!({"comm": "kthreadd"})), None);
        let script = json!({"comm": "a.py", "executable": {"path": "/usr/bin/python3.11"}, "interpreter": {"path": "/x/a.py"}});
        assert_eq!(program(&script), None);
    }
}
