//! The probes in the running kernel: what they record of small scenarios, looked at as raw records. Needs root.

mod calls;
mod harness;
mod lifecycle;
mod paths;
