//! On a terminal.

use std::{fs::File, io::Read, process::Command, thread};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::world::World;

/// A terminal of so many columns: the end that shows, and that of programs.
pub(crate) fn terminal(columns: u16) -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(name).unwrap();
    tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (File::from(master), slave)
}

/// What a terminal shows until nobody has it any more.
pub(crate) fn shown(mut master: File) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut shown, mut buffer) = (Vec::new(), [0; 4096]);
        // At the end, reading fails.
        while let Ok(count @ 1..) = master.read(&mut buffer) {
            shown.extend(&buffer[..count]);
        }
        shown
    })
}

/// Runs a command on a terminal of so many columns; what that shows.
fn on_terminal(mut command: Command, columns: u16) -> String {
    let (master, slave) = terminal(columns);
    command.env("TERM", "xterm").stdout(slave);
    let mut child = command.spawn().unwrap();
    // Holds the other end of the terminal: it must be gone for the end to be seen.
    drop(command);
    let reader = shown(master);
    assert!(child.wait().unwrap().success());
    String::from_utf8(reader.join().unwrap()).unwrap().replace("\r\n", "\n")
}

fn without_colours(text: &str) -> String {
    let mut out = String::new();
    for (place, part) in text.split("\u{1b}[").enumerate() {
        out.push_str(if place == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    out
}

#[test]
fn tables_and_trees_fit_the_terminal_and_are_coloured() {
    let world = World::new();
    for columns in [60, 80, 100, 132, 250] {
        for verb in ["events", "tree"] {
            let mut command = world.verb(verb);
            command.args(["--pid", "50,60,70,71"]);
            let shown = on_terminal(command, columns);
            assert!(shown.contains("\u{1b}[3"), "colours: {shown}");
            let plain = without_colours(&shown);
            for line in plain.lines() {
                assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
            }
            assert!(plain.contains("sudo"), "{plain}");
        }
    }
}

#[test]
fn colours_can_be_turned_off_and_on() {
    let world = World::new();
    let shown = |setting: &dyn Fn(&mut Command)| {
        let mut command = world.verb("events");
        command.args(["-n", "3"]);
        setting(&mut command);
        on_terminal(command, 100).contains('\u{1b}')
    };
    assert!(shown(&|_| {}));
    assert!(!shown(&|command| {
        command.env("NO_COLOR", "1");
    }));
    assert!(!shown(&|command| {
        command.args(["--color", "never"]);
    }));
    assert!(shown(&|command| {
        command.env("NO_COLOR", "1").arg("--color=always");
    }));
    assert!(!world.said("events", ["-n", "3"]).contains('\u{1b}'));
    assert!(world.said("events", ["-n", "3", "--color=always"]).contains('\u{1b}'));
}
