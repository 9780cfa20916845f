//! What ./x calls.

fn main() {}
