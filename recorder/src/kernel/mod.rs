//! The kernel side: loads the probes, attaches them, reads their rings.

mod btf;
mod filter;
mod io_uring;
mod load;
mod missed;
mod offsets;
mod optional;
mod packets;
mod rings;
mod selinux;

pub use load::{LoadError, ProbeConfig, Probes};
pub use offsets::OffsetError;
pub use optional::Unseen;
pub use rings::Rings;

/// Attached probes and their rings. Dropping it detaches.
pub struct Recording {
    /// The programs and their counters.
    pub probes: Probes,
    /// What they write.
    pub rings: Rings,
}

impl Recording {
    /// Loads and attaches everything.
    ///
    /// # Errors
    /// If the kernel lacks something or refuses a program; the error says which and what to do.
    pub fn begin(config: &ProbeConfig) -> Result<Self, LoadError> {
        let (probes, rings) = Probes::load(config)?;
        Ok(Self { probes, rings })
    }
}
