//! The instruction sets that kernels are compiled for, and the choice between them at run time.

use pulp::{Simd, WithSimd};

/// Environment variable that selects an instruction set by its [name](Isa::name).
const VARIABLE: &str = "CHANNELS_LAST_ISA";

/// A vector instruction set that this processor supports.
#[derive(Debug, Clone, Copy)]
pub struct Isa(Kind);

#[derive(Debug, Clone, Copy)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
    /// Four lanes in plain Rust, which the compiler maps to the target's baseline vectors.
    Portable(pulp::Scalar128b),
    /// Sixteen lanes in plain Rust: tests the AVX-512 code paths on processors without AVX-512.
    #[cfg(test)]
    PortableSixteen(pulp::Scalar512b),
}

impl Isa {
    /// The instruction sets that this processor supports, fastest first.
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(pulp::x86::V4::try_new().map(Kind::Avx512));
            all.extend(pulp::x86::V3::try_new().map(Kind::Avx2));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(pulp::aarch64::Neon::try_new().map(Kind::Neon));
        all.push(Kind::Portable(pulp::Scalar128b));
        #[cfg(test)]
        all.push(Kind::PortableSixteen(pulp::Scalar512b));
        all.into_iter().map(Self).collect()
    }

    /// The fastest one, or the one that the environment variable `CHANNELS_LAST_ISA` names, if this processor supports it.
    pub fn detect() -> Self {
        let available = Self::available();
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        available.iter().find(|isa| isa.name() == wanted).copied().unwrap_or(available[0])
    }

    /// `avx512`, `avx2`, `neon` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
            Kind::Portable(_) => "portable",
            #[cfg(test)]
            Kind::PortableSixteen(_) => "sixteen lanes",
        }
    }

    /// Runs a kernel compiled for this instruction set.
    pub(crate) fn run<K: WithSimd>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(simd) => Simd::vectorize(simd, kernel),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(simd) => Simd::vectorize(simd, kernel),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(simd) => Simd::vectorize(simd, kernel),
            Kind::Portable(simd) => Simd::vectorize(simd, kernel),
            #[cfg(test)]
            Kind::PortableSixteen(simd) => Simd::vectorize(simd, kernel),
        }
    }
}
