//! One scenario for each kind of event and variant of syscall: a program makes the calls, looks at what they did by
//! itself, and says what each event must hold. Every event that it left must have been said, and the other way round.

mod harness;

mod attributes;
mod bpf;
mod cgroup;
mod compat;
mod dns;
mod imds;
mod io_uring;
mod limits;
mod memory;
mod module;
mod mount;
mod names;
mod open;
mod overlay;
mod prctl;
mod process;
mod ptrace;
mod selinux;
mod signal;
mod sockets;
mod splice;
mod syscalls;
mod sysctl;
mod times;
mod xattr;
