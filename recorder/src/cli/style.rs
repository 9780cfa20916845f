//! How to write to standard output: colours and columns.

use std::{borrow::Cow, env, io::IsTerminal as _, sync::OnceLock};

use clap::ValueEnum;

/// Columns when the terminal does not tell.
const COLUMNS: usize = 100;
/// Narrower terminals are treated as this wide.
const MIN_COLUMNS: usize = 40;

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Also into a file or a pager.
    Always,
    /// Never.
    Never,
}

/// What `--color` says. There is one standard output in a process, and one choice for it.
static COLOR: OnceLock<Color> = OnceLock::new();

/// Sets what `--color` says, once, before anything is written.
pub fn choose(color: Color) {
    let _ = COLOR.set(color);
}

/// How to write to standard output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Colours are wanted.
    pub colour: bool,
    /// Columns to fit into; `None` for no cutting (not a terminal).
    pub columns: Option<usize>,
}

impl Style {
    /// Of this process's standard output. Unless chosen, colours need a terminal that is not "dumb", and `NO_COLOR` unset.
    #[must_use]
    pub fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        let color = COLOR.get().copied().unwrap_or_default();
        if !stdout.is_terminal() {
            return Self { colour: color == Color::Always, columns: None };
        }
        let columns = rustix::termios::tcgetwinsize(&stdout)
            .ok()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns > 0)
            .unwrap_or(COLUMNS)
            .max(MIN_COLUMNS);
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let colour = match color {
            Color::Auto => !set("NO_COLOR") && !dumb,
            Color::Always => true,
            Color::Never => false,
        };
        Self { colour, columns: Some(columns) }
    }

    /// Text in a colour (an SGR code such as "31"), if colours are wanted.
    #[must_use]
    pub fn paint<'a>(self, code: &str, text: &'a str) -> Cow<'a, str> {
        if self.colour && !text.is_empty() && !code.is_empty() {
            Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// SGR codes.
pub mod sgr {
    /// Said once, or over.
    pub const DIM: &str = "2";
    /// What the eye looks for.
    pub const BOLD: &str = "1";
    /// Refused, killed.
    pub const RED: &str = "31";
    /// Failed, unknown.
    pub const YELLOW: &str = "33";
    /// Alive.
    pub const GREEN: &str = "32";
    /// As the terminal has it.
    pub const PLAIN: &str = "";
    /// Users, containers.
    pub const CYAN: &str = "36";
    /// The network.
    pub const MAGENTA: &str = "35";
    /// The kernel.
    pub const BLUE: &str = "94";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_there_is_no_colour() {
        assert_eq!(Style::default().paint(sgr::RED, "x"), "x");
        assert_eq!(Style { colour: true, columns: None }.paint(sgr::RED, "x"), "\x1b[31mx\x1b[0m");
    }
}
