//! What all the tests reported, added up, and what the failed ones said: told again at the very end, since a run
//! prints more than anybody keeps.

/// Lines that are told again of one program's failures.
const LINES: usize = 200;

/// Counts of tests, and the words of those that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    said: Vec<String>,
}

impl Totals {
    /// One test that failed, and what it said.
    pub(crate) fn fail(&mut self, said: impl Into<String>) {
        self.failed += 1;
        self.say(said);
    }

    /// What tests that are counted already said as they failed.
    fn say(&mut self, said: impl Into<String>) {
        self.said.push(said.into());
    }

    /// What failed, then one line of totals.
    pub(crate) fn tell(&self) {
        for said in &self.said {
            println!("x: failed: {said}");
        }
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped);
    }

    fn count(&mut self, number: u64, what: &str) {
        match what {
            "passed" => self.passed += number,
            "failed" => self.failed += number,
            "ignored" | "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }
}

/// Reads the lines of one test program.
pub(crate) struct Lines<'a> {
    totals: &'a mut Totals,
    /// The line that a report of failures begins with, and the one that ends it.
    report: (&'static str, &'static str),
    /// The report, while inside it.
    kept: Option<Vec<String>>,
}

impl<'a> Lines<'a> {
    /// Of libtest's binaries.
    pub(crate) fn libtest(totals: &'a mut Totals) -> Self {
        Self { totals, report: ("failures:", "test result: "), kept: None }
    }

    /// Of vitest.
    pub(crate) fn vitest(totals: &'a mut Totals) -> Self {
        Self { totals, report: ("FAIL ", "Test Files "), kept: None }
    }

    /// Takes a line, such as
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s` or
    /// `      Tests  1 failed | 29 passed | 2 skipped (32)`.
    pub(crate) fn take(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.starts_with(self.report.1) {
            self.end();
        } else if let Some(kept) = &mut self.kept {
            if kept.len() < LINES {
                kept.push(line.to_owned());
            }
        } else if trimmed.starts_with(self.report.0) {
            self.kept = Some(vec![line.to_owned()]);
        }
        let results = trimmed.strip_prefix("test result: ").or_else(|| trimmed.strip_prefix("Tests  "));
        for part in results.unwrap_or_default().split([';', '.', '|', '(']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what), None) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            if let Ok(number) = number.parse() {
                self.totals.count(number, what);
            }
        }
    }

    fn end(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.totals.say(kept.join("\n"));
        }
    }
}

impl Drop for Lines<'_> {
    /// A program that died inside its report has said something too.
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_add_up() {
        let mut totals = Totals::default();
        let mut lines = Lines::libtest(&mut totals);
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "failures:",
            "---- a stdout ----",
            "test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 7 filtered out; finished in 9s",
        ] {
            lines.take(line);
        }
        drop(lines);
        assert_eq!((totals.passed, totals.failed, totals.skipped), (5, 4, 1));
        assert_eq!(totals.said, ["failures:\n---- a stdout ----"]);
    }

    #[test]
    fn what_vitest_counts_is_added() {
        let mut totals = Totals::default();
        let mut lines = Lines::vitest(&mut totals);
        lines.take(" FAIL  src/scale.test.ts > a scale");
        lines.take("AssertionError: expected 1 to be 2");
        lines.take(" Test Files  1 failed | 5 passed (6)");
        lines.take("      Tests  1 failed | 29 passed | 2 skipped (32)");
        drop(lines);
        assert_eq!((totals.passed, totals.failed, totals.skipped), (29, 1, 2));
        assert_eq!(totals.said, [" FAIL  src/scale.test.ts > a scale\nAssertionError: expected 1 to be 2"]);
    }
}
