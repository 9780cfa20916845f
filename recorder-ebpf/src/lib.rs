//! The probes.
#![no_std]
