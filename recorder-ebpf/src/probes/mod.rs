//! One file for each program.

mod bpf;
mod call;
mod cgroup;
mod credentials;
mod exec;
mod exit;
pub mod file;
mod fork;
mod io_uring;
mod memory;
mod module;
mod mount;
mod owner;
mod packet;
mod process;
mod rename;
mod selinux;
mod signal;
mod socket;
mod sys_enter;
mod sys_exit;
mod sysctl;
