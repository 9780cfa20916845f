//! What is asked: pids, paths and directories that occur in the stream, spread over all of it.

use store::Batch;

/// Questions of each sort.
const COUNT: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Pid,
    Path,
    Prefix,
}

#[derive(Clone, Debug)]
pub enum Question {
    /// Events of processes with this id.
    Pid(u32),
    /// Events whose file has this path.
    Path(String),
    /// Events whose file is below this directory (with the slash).
    Prefix(String),
}

impl Question {
    pub const fn sort(&self) -> Sort {
        match self {
            Self::Pid(_) => Sort::Pid,
            Self::Path(_) => Sort::Path,
            Self::Prefix(_) => Sort::Prefix,
        }
    }
}

#[derive(Debug)]
pub struct Questions(Vec<Question>);

impl Questions {
    pub fn of(batches: &[Batch]) -> Self {
        let pids: Vec<u32> =
            batches.iter().flat_map(|batch| &batch.contexts).map(|context| context.process.pid).collect();
        let paths: Vec<&str> = batches
            .iter()
            .flat_map(|batch| &batch.events)
            .filter_map(|event| Some(event.file.as_ref()?.path.as_str()))
            .filter(|path| path.starts_with('/') && path.len() > 1 && !path.contains(['*', '"', '\\']))
            .collect();
        let mut all: Vec<Question> = spread(&pids).map(|pid| Question::Pid(*pid)).collect();
        all.extend(spread(&paths).map(|path| Question::Path((*path).to_owned())));
        let directory = |path: &&str| Some(format!("{}/", path.rsplit_once('/')?.0));
        let prefixes = spread(&paths).filter_map(directory).filter(|prefix| prefix.len() > 1);
        all.extend(prefixes.map(Question::Prefix));
        Self(all)
    }

    pub fn all(&self) -> &[Question] {
        &self.0
    }

    /// A few of each sort, for what is slow.
    pub fn few(&self, of_each: usize) -> Vec<&Question> {
        let of = |sort| self.0.iter().filter(move |question| question.sort() == sort).take(of_each);
        [Sort::Pid, Sort::Path, Sort::Prefix].into_iter().flat_map(of).collect()
    }
}

/// Some of a list, evenly.
fn spread<T>(list: &[T]) -> impl Iterator<Item = &T> {
    list.iter().step_by((list.len() / COUNT).max(1)).take(COUNT)
}
