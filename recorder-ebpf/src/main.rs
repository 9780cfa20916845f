//! The probes. Everything in here runs in the kernel, under its verifier.
#![no_std]
#![no_main]
// One atomic addition (probes/sysctl.rs). The object is built by a toolchain that has the feature either way.
#![feature(asm_experimental_arch)]

mod calling;
mod compat;
mod counters;
mod ended;
mod filter;
mod kernel;
mod maps;
mod parts;
mod probes;
mod record;
mod sockets;
mod walk;

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // The verifier refuses whatever could get here.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
