//! Where a bootstrap can run, according to its ELF file: the machine, and the newest GLIBC symbols that it needs.

use anyhow::{Context as _, bail};
use object::{
    Endianness,
    elf::{EM_AARCH64, EM_X86_64, FileHeader64},
    read::elf::FileHeader as _,
};

use super::build_target::{AL2023_GLIBC, BuildTarget, Glibc};
use crate::config::Architecture;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elf {
    pub architecture: Architecture,
    /// The newest GLIBC version that it needs; `None` if it is linked statically.
    pub glibc: Option<Glibc>,
}

/// Checks that a bootstrap can run on the target.
pub(super) fn check(bytes: &[u8], target: &BuildTarget) -> anyhow::Result<Elf> {
    let elf = read(bytes)?;
    if elf.architecture != target.architecture {
        bail!("it is built for {}, but {} is needed", elf.architecture.as_str(), target.architecture.as_str());
    }
    if let Some(needs) = elf.glibc.filter(|needs| !target.local && *needs > AL2023_GLIBC) {
        bail!("it needs GLIBC_{needs}, but provided.al2023 has {AL2023_GLIBC}");
    }
    Ok(elf)
}

fn read(bytes: &[u8]) -> anyhow::Result<Elf> {
    let header = FileHeader64::<Endianness>::parse(bytes).context("it is not a 64-bit ELF file")?;
    let endian = header.endian().context("its ELF header is damaged")?;
    if endian != Endianness::Little {
        bail!("it is built for a big-endian machine");
    }
    let architecture = match header.e_machine(endian) {
        EM_X86_64 => Architecture::X86_64,
        EM_AARCH64 => Architecture::Arm64,
        other => bail!("it is built for machine {}, which Lambda does not offer", other.0),
    };
    let damaged = "its section tables are damaged";
    let sections = header.sections(endian, bytes).context(damaged)?;
    let mut glibc = None;
    if let Some((mut needs, strings)) = sections.gnu_verneed(endian, bytes).context(damaged)? {
        let strings = sections.strings(endian, bytes, strings).context(damaged)?;
        while let Some((_, mut versions)) = needs.next().context(damaged)? {
            while let Some(version) = versions.next().context(damaged)? {
                glibc = glibc.max(parse(version.name(endian, strings).context(damaged)?));
            }
        }
    }
    Ok(Elf { architecture, glibc })
}

/// Parses `GLIBC_2.34`. Old versions have a third number, which no comparison needs.
fn parse(name: &[u8]) -> Option<Glibc> {
    let version = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some(Glibc(parts.next()??, parts.next()??))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn this_program() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    fn target(architecture: Architecture, local: bool) -> BuildTarget {
        BuildTarget { architecture, local, prepared: true }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse(b"GLIBC_2.2.5"), Some(Glibc(2, 2)));
        assert!(parse(b"GLIBC_2.9") < parse(b"GLIBC_2.34"));
        assert_eq!((parse(b"GLIBC_PRIVATE"), parse(b"GCC_3.0")), (None, None));
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    fn a_real_program_is_read() {
        let elf = read(&this_program()).unwrap();
        assert_eq!(elf.architecture, Architecture::X86_64);
        let glibc = elf.glibc.unwrap();
        assert!(glibc >= Glibc(2, 2) && glibc < Glibc(3, 0), "{glibc}");
        check(&this_program(), &target(Architecture::X86_64, true)).unwrap();
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn another_machine_is_refused() {
        let error = check(&this_program(), &target(Architecture::Arm64, true)).unwrap_err();
        assert_eq!(error.to_string(), "it is built for x86_64, but arm64 is needed");
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
    fn a_newer_glibc_is_refused_for_lambda_only() {
        // Changes the version's name in the file to a newer one, as a newer linker would write it.
        let mut program = this_program();
        let newest = read(&program).unwrap().glibc.unwrap();
        let name = format!("GLIBC_{newest}\0");
        let newer = format!("GLIBC_{}\0", Glibc(2, 99));
        assert_eq!(name.len(), newer.len());
        let offsets: Vec<usize> =
            (0..program.len() - name.len()).filter(|at| program[*at..].starts_with(name.as_bytes())).collect();
        for offset in offsets {
            program[offset..offset + newer.len()].copy_from_slice(newer.as_bytes());
        }
        let error = check(&program, &target(Architecture::X86_64, false)).unwrap_err();
        assert_eq!(error.to_string(), "it needs GLIBC_2.99, but provided.al2023 has 2.34");
        check(&program, &target(Architecture::X86_64, true)).unwrap();
    }

    #[test]
    fn what_is_no_program_is_refused() {
        for bytes in [&b""[..], b"#!/bin/sh\n", &[0x7f, b'E', b'L', b'F', 1, 1, 1, 0]] {
            assert!(read(bytes).is_err());
        }
        let truncated = &this_program()[..4096];
        assert!(read(truncated).is_err());
    }
}
