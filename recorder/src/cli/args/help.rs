//! Help texts that are more than a line.

use super::words::list_of_names;

/// What `tacho help` shows: what one comes for, in the order in which one does.
pub(super) const CONTENTS: &str = "\
{about-with-newline}
{usage-heading} {usage}

Record:
  record       load the probes and record this host; with `-- CMD` while CMD runs
  serve        serve a store that nobody writes: no root, no eBPF
  doctor       what this kernel allows, and what will not be seen

Ask what happened:
  events       what was done: a table, JSON or CSV; -f follows, --all takes everything out
  tree         who started whom, exited processes included
  process      the life of one process: programs, users, end, children
  trace        what led to a file, a process or a connection, or what came of it
  timeline     how much happened when
  paths        recorded paths, with counts

Look after the store:
  stats        what is in it, what it costs, what was lost, how long it will hold
  audit        who asked what of the evidence
  pin, unpin   keep a span of time (an incident) from removal
  verify       check every segment and the chain between them
  migrate      bring a store of an older format up to date
  key          make a key that signs segments
  token        print the API's token, or make a new one

Tools:
  schema       print an event schema
  completions  for bash, zsh, fish
  man          manual pages
  replay       write a saved stream into a store

Everywhere: --color auto|always|never, --config FILE, -h, --help; --version
{after-help}
";

pub(super) const CLI: &str =
    "`tacho help VERB` tells the rest, with examples. Exit status: 0 done, 1 failed, 2 wrong usage.";

/// Of the times that verbs take.
const TIMES: &str = "\
Times: 2h, 1h30m, '2h ago' or -2h (so long ago; ms s m h d w), HH:MM[:SS] of today, now, or RFC 3339
(2026-01-02T03:04:05Z). Today and clock times are in UTC, or with --local in the local zone.";

/// Of `events`.
pub(super) fn events() -> String {
    format!(
        "\
Examples:
  tacho events --since 2h --name exec                programs that were run
  tacho events -f --outcome Refused                  what is refused, as it happens
  tacho events --path '/etc/**' --name open,unlink   who touched /etc
  tacho events --pid 812 --descendants               what a process and all below it did
  tacho events --ip 192.0.2.7 --port 443             who talked to that address
  tacho events --since 09:00 --until 09:30 --all -o ndjson > incident.ndjson

The table shows the real user, and after `>` the effective one where it is another; the program after the name of a task
that calls itself otherwise. What is too long loses its middle; what could steer the terminal is escaped. Into a pipe
nothing is cut. JSON is exactly what was recorded.

--all takes everything of a question out, oldest first, and ends with a line on standard error that says whether that is
complete. Broken off, it names a --cursor: the same command with it goes on there.

{TIMES}

{}",
        list_of_names()
    )
}

/// Of `tree`.
pub(super) fn tree() -> String {
    format!(
        "\
Examples:
  tacho tree --since 1h                  who came and went in the last hour
  tacho tree --at 03:12                  who was alive then
  tacho tree --pid 812                   a process and all below it
  tacho tree --user alice --local        with local times

A line has: pid, program, [setuid] if its file is, the user where it is another than the parent's, the container, the
start, and the end or `alive`. `was ...` lines are the programs that the same process was before (exec). A program in
brackets is that of the parent: the process never executed one.

{TIMES}"
    )
}

/// Of `process`.
pub(super) const PROCESS: &str = "\
Examples:
  tacho process 812                      the last process that had this pid
  tacho process 812 --at 03:12           the one that had it then";

/// Of `timeline`.
pub(super) fn timeline() -> String {
    format!(
        "\
Examples:
  tacho timeline --since 1d              the last day, an hour a line
  tacho timeline --since 2h --by user    who did how much
  tacho timeline --path '/srv/**' --outcome Refused --by comm

{TIMES}"
    )
}

/// Of `trace`.
pub(super) fn trace() -> String {
    format!(
        "\
Examples:
  tacho trace --path /etc/cron.d/x       who wrote it, who started the writer, where its program came from
  tacho trace --ip 192.0.2.7 --port 443  who talked to that address, and why
  tacho trace --pid 812 --at 03:12 --direction forward    what that process and all below it changed

A line has: when, what, with whom, and the numbers of the events that show it (tacho events --id N). What was left out is
named where it was.

{TIMES}"
    )
}

/// Of `paths`.
pub(super) const PATHS: &str = "\
Examples:
  tacho paths /etc/                      all recorded paths below /etc
  tacho paths /tmp/ --all | sort -nr     the most used first";

/// Of `record`.
pub(super) const RECORD: &str = "\
Examples:
  tacho record                           this host, until Ctrl-C
  tacho record --store DIR --socket DIR/socket --listen 127.0.0.1:0 -- make test";

/// Of `completions`.
pub(super) const COMPLETIONS: &str = "\
Examples:
  tacho completions bash > /usr/share/bash-completion/completions/tacho
  tacho completions zsh  > /usr/share/zsh/vendor-completions/_tacho
  tacho completions fish > /usr/share/fish/vendor_completions.d/tacho.fish";

/// Of `man`.
pub(super) const MAN: &str = "\
Examples:
  tacho man | man -l -                   read
  tacho man /usr/local/share/man/man1    install: tacho(1), tacho-events(1), ...";

/// Of `pin`.
pub(super) const PIN: &str = "\
Examples:
  tacho pin --since 2h --name incident-7     keep the last two hours
  tacho pin --list";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn the_contents_have_every_verb_and_no_other() {
        let listed = CONTENTS.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let mut listed: Vec<String> = listed
            .flat_map(|line| line.get(2..14).unwrap_or("").split([',', ' ']))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let mut verbs: Vec<String> =
            Cli::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        listed.sort();
        verbs.sort();
        assert_eq!(listed, verbs);
    }
}
