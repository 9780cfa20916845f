//! The binary `tacho`.

use std::process::ExitCode;

fn main() -> ExitCode {
    recorder::cli::main()
}
