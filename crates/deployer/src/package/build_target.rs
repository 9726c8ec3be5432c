//! What a bootstrap is built for: the machine, and the newest glibc that it may need.

use std::fmt;

use crate::config::Architecture;

/// What a bootstrap is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BuildTarget {
    pub architecture: Architecture,
    /// Whether it runs on this machine, in the local cloud.
    pub local: bool,
    /// Whether its model is in the prepared form, so that it needs no tract.
    pub prepared: bool,
}

impl BuildTarget {
    /// The local cloud runs the bootstrap on this machine, so deploy.toml's architecture does not apply there.
    pub(super) fn new(architecture: Architecture, local: bool, prepared: bool) -> Self {
        let host = host().filter(|_| local);
        Self { architecture: host.unwrap_or(architecture), local, prepared }
    }

    /// Rust's target triple, without the glibc version that cargo-zigbuild expects at its end.
    pub(super) fn triple(self) -> &'static str {
        match self.architecture {
            Architecture::X86_64 => "x86_64-unknown-linux-gnu",
            Architecture::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

/// The architecture of this machine, if Lambda offers it too.
pub(super) fn host() -> Option<Architecture> {
    match std::env::consts::ARCH {
        "x86_64" => Some(Architecture::X86_64),
        "aarch64" => Some(Architecture::Arm64),
        _ => None,
    }
}

/// The glibc of provided.al2023.
pub(super) const AL2023_GLIBC: Glibc = Glibc(2, 34);

/// A version of the GNU C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glibc(pub u32, pub u32);

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}
