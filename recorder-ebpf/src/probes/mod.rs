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
mod module;
mod mount;
mod owner;
mod packet;
mod selinux;
mod socket;
mod sys_exit;
mod sysctl;
