//! Long work shows how far it is, and ends at Ctrl-C.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::size::Size;

/// Between two pictures of a bar.
const FRAME: Duration = Duration::from_millis(100);
/// Between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(5);
/// Characters of the bar.
const WIDTH: usize = 30;

/// Shows progress on standard error: a bar on a terminal, a line every few seconds elsewhere.
pub struct Shown {
    terminal: bool,
    begun: Instant,
    last: Option<Instant>,
    drawn: bool,
}

impl Default for Shown {
    /// Nothing yet.
    fn default() -> Self {
        Self { terminal: io::stderr().is_terminal(), begun: Instant::now(), last: None, drawn: false }
    }
}

impl Shown {
    /// So many bytes of so many are done. `what` says what is being done just now.
    pub fn at(&mut self, done: u64, total: u64, what: &str) {
        let pause = if self.terminal { FRAME } else { LINE };
        let due =
            self.last.map_or(self.terminal || self.begun.elapsed() >= pause, |last| last.elapsed() >= pause);
        if !due {
            return;
        }
        self.last = Some(Instant::now());
        let line = line(done, total, self.begun.elapsed(), what);
        let _ = if self.terminal {
            self.drawn = true;
            write!(io::stderr(), "\r{}{line}\x1b[K", bar(done, total))
        } else {
            writeln!(io::stderr(), "{line}")
        };
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar(done: u64, total: u64) -> String {
    let full =
        u64::try_from(WIDTH).unwrap_or(0).saturating_mul(done.min(total)).checked_div(total).unwrap_or(0);
    let full = usize::try_from(full).unwrap_or(WIDTH);
    format!("[{}{}] ", "#".repeat(full), " ".repeat(WIDTH.saturating_sub(full)))
}

fn line(done: u64, total: u64, passed: Duration, what: &str) -> String {
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
    let rate =
        u64::try_from(u128::from(done).saturating_mul(1000) / passed.as_millis().max(1)).unwrap_or(u64::MAX);
    let left =
        total.saturating_sub(done).checked_div(rate).map_or(String::new(), |left| format!(", {left} s left"));
    format!("{percent} % of {}, {}/s{left}: {what}", Size(total), Size(rate))
}

/// Becomes true at SIGINT or SIGTERM, which from then on end nothing by themselves; a second one ends the process.
pub fn interruption() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    let wait = move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            loop {
                tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                if raised.swap(true, Ordering::Relaxed) {
                    std::process::exit(130);
                }
            }
        })
    };
    let started = thread::Builder::new().name("tacho-signals".to_owned()).spawn(wait);
    if let Err(error) = started {
        tracing::debug!(%error, "no thread for signals: they end the work at once");
    }
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_at_the_end_and_empty_at_the_beginning() {
        assert_eq!(bar(0, 100).matches('#').count(), 0);
        assert_eq!(bar(50, 100).matches('#').count(), WIDTH / 2);
        assert_eq!(bar(u64::MAX, 100).matches('#').count(), WIDTH);
        assert_eq!(bar(100, 100).matches('#').count(), WIDTH);
        assert_eq!(bar(0, 0).matches('#').count(), 0);
    }

    #[test]
    fn a_line_tells_the_rate_and_what_is_left() {
        let line = line(50 << 20, 100 << 20, Duration::from_secs(10), "segment 3");
        assert_eq!(line, "50 % of 100.0 MiB, 5.0 MiB/s, 10 s left: segment 3");
    }
}
