//! Telling events apart by a value of theirs, as numbers from 0.

use std::cmp::Reverse;
use std::collections::HashMap;

use event::{Category, Kind, Outcome};

use super::contexts::Contexts;
use crate::By;
use crate::limits::MAX_VALUES;

/// Steps from a context to the one that holds its image.
const IMAGE_STEPS: usize = 64;

/// The values of a list, each with its number. All that is not in it has the number behind the last.
#[derive(Debug)]
pub struct Grouping {
    by: By,
    values: Vec<String>,
    numbers: HashMap<String, usize>,
    /// Whether new values are taken in.
    open: bool,
    /// Events or contexts had values that found no place.
    full: bool,
}

impl Grouping {
    /// All values of a closed list; an open one that takes in what it meets, up to [`MAX_VALUES`].
    pub fn all(by: By) -> Self {
        let values = match by {
            By::Category => Category::ALL.map(|one| one.name().to_owned()).to_vec(),
            By::Name => Kind::ALL.map(|one| one.name().to_owned()).to_vec(),
            By::Outcome => Outcome::ALL.map(|one| one.name().to_owned()).to_vec(),
            _ => Vec::new(),
        };
        let numbers = numbered(&values);
        Self { by, values, numbers, open: !by.is_closed(), full: false }
    }

    /// Those with the largest sums, and how many there are besides.
    pub fn best(mut self, sums: &[u64], top: usize) -> (Self, usize) {
        let sum = |number: usize| sums.get(number).copied().unwrap_or(0);
        let mut order: Vec<usize> = (0..self.values.len()).filter(|number| sum(*number) > 0).collect();
        order.sort_by(|a, b| (Reverse(sum(*a)), &self.values[*a]).cmp(&(Reverse(sum(*b)), &self.values[*b])));
        let others = order.len().saturating_sub(top) + usize::from(self.full);
        order.truncate(top);
        let values: Vec<String> =
            order.into_iter().map(|number| std::mem::take(&mut self.values[number])).collect();
        let numbers = numbered(&values);
        (Self { by: self.by, values, numbers, open: false, full: false }, others)
    }

    /// By what.
    pub const fn by(&self) -> By {
        self.by
    }

    /// The values, by number.
    pub fn into_values(self) -> Vec<String> {
        self.values
    }

    /// Number of a kind's value.
    pub fn of_kind(&self, kind: Kind) -> usize {
        let word = if self.by == By::Category { kind.category().name() } else { kind.name() };
        self.numbers.get(word).copied().unwrap_or(self.values.len())
    }

    /// Number of the value of a closed list.
    pub fn of_shape(&self, kind: Kind, outcome: Outcome) -> usize {
        match self.by {
            By::Outcome => self.numbers.get(outcome.name()).copied().unwrap_or(self.values.len()),
            _ => self.of_kind(kind),
        }
    }

    /// Number of the value of a context's events.
    pub fn of_context(&mut self, contexts: &Contexts<'_>, id: u64) -> usize {
        let value = match contexts.row(id) {
            None => String::new(),
            Some((summary, row)) => match self.by {
                By::User => summary.texts[summary.users[row] as usize].clone(),
                By::Comm => summary.texts[summary.comms[row] as usize].clone(),
                By::Container => summary.container(row).unwrap_or_default().to_owned(),
                By::Process => summary.process(row).to_string(),
                By::Exe => exe(contexts, id),
                By::Category | By::Name | By::Outcome => String::new(),
            },
        };
        self.number(value)
    }

    fn number(&mut self, value: String) -> usize {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        // What finds no place is counted with nobody: the list's end is where the rest is, once it is fixed.
        if !self.open || self.values.len() >= MAX_VALUES {
            self.full |= self.open;
            return if self.open { MAX_VALUES } else { self.values.len() };
        }
        self.values.push(value.clone());
        self.numbers.insert(value, self.values.len() - 1);
        self.values.len() - 1
    }
}

fn numbered(values: &[String]) -> HashMap<String, usize> {
    values.iter().enumerate().map(|(number, value)| (value.clone(), number)).collect()
}

/// Path of a context's image, empty if unknown.
fn exe(contexts: &Contexts<'_>, mut id: u64) -> String {
    for _ in 0..IMAGE_STEPS {
        let Some((summary, row)) = contexts.row(id) else { break };
        if let Some(exe) = summary.exe(row) {
            return exe.to_owned();
        }
        id = summary.shared[row];
    }
    String::new()
}
