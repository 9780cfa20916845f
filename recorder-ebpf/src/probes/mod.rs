//! One file for each program.

mod call;
mod credentials;
mod exec;
mod exit;
pub mod file;
mod fork;
mod mount;
mod socket;
mod sys_exit;
