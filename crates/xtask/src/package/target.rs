//! The machines that archives are made for: rustc's triple, and what krew, archives and file names call the same thing.

use std::process::Command;

use gcr_test_support::{Error, Result};

use super::archive::Format;
use crate::step::succeed;

/// The glibc of the portable build: that of RHEL 7, older than any distribution that is still supported.
const PORTABLE: &str = ".2.17";

/// One machine, by rustc's triple. Behind a Linux triple may stand a version of glibc, as cargo-zigbuild writes it:
/// `x86_64-unknown-linux-gnu.2.17`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    name: String,
    os: &'static str,
    arch: &'static str,
}

impl Target {
    /// The target with this name.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let unknown = || Error::new(format!("{name}: no archive is made for such a target"));
        let arch = match name.split('-').next() {
            Some("x86_64") => "amd64",
            Some("aarch64") => "arm64",
            _ => return Err(unknown()),
        };
        let os = ["linux", "darwin", "windows"]
            .into_iter()
            .find(|os| name.contains(os))
            .ok_or_else(unknown)?;
        Ok(Self {
            name: name.to_owned(),
            os,
            arch,
        })
    }

    /// This machine.
    pub(crate) fn host() -> Result<Self> {
        let said = succeed(Command::new("rustc").arg("-vV"))?;
        let triple = said.lines().find_map(|line| line.strip_prefix("host: "));
        Self::parse(triple.ok_or_else(|| Error::new("rustc -vV names no host"))?)
    }

    /// The same machine with an older glibc; `None` where there is no glibc.
    pub(crate) fn portable(&self) -> Option<Self> {
        self.name
            .ends_with("-linux-gnu")
            .then(|| Self::parse(&format!("{}{PORTABLE}", self.name)))?
            .ok()
    }

    /// As it was written; a part of archives' names.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As rustc has it: without a glibc.
    pub(crate) fn triple(&self) -> &str {
        self.name.split_once('.').map_or(&self.name, |(it, _)| it)
    }

    /// Go's word for the operating system, which krew uses.
    pub(crate) fn os(&self) -> &'static str {
        self.os
    }

    /// Go's word for the processor, which krew uses.
    pub(crate) fn arch(&self) -> &'static str {
        self.arch
    }

    /// What the files of programs end in.
    pub(crate) fn suffix(&self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }

    /// How files are packed for it.
    pub(crate) fn format(&self) -> Format {
        if self.os == "windows" {
            Format::Zip
        } else {
            Format::TarGz
        }
    }

    /// The newest glibc that a program may ask for, as (2, 17).
    pub(crate) fn glibc(&self) -> Option<(u32, u32)> {
        let (major, minor) = self.name.split_once('.')?.1.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_triple_is_known_by_krews_words() {
        let known = |name| {
            let target = Target::parse(name).unwrap();
            (
                target.os(),
                target.arch(),
                target.suffix(),
                target.format().extension(),
            )
        };
        assert_eq!(
            known("x86_64-unknown-linux-musl"),
            ("linux", "amd64", "", "tar.gz")
        );
        assert_eq!(
            known("aarch64-apple-darwin"),
            ("darwin", "arm64", "", "tar.gz")
        );
        assert_eq!(
            known("x86_64-pc-windows-gnu"),
            ("windows", "amd64", ".exe", "zip")
        );
        for unknown in [
            "riscv64gc-unknown-linux-gnu",
            "x86_64-unknown-freebsd",
            "",
            "linux",
        ] {
            assert!(Target::parse(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn the_portable_build_has_its_glibc_in_its_name() {
        let host = Target::parse("x86_64-unknown-linux-gnu").unwrap();
        let portable = host.portable().unwrap();
        assert_eq!(portable.name(), "x86_64-unknown-linux-gnu.2.17");
        assert_eq!(portable.triple(), "x86_64-unknown-linux-gnu");
        assert_eq!(portable.glibc(), Some((2, 17)));
        assert_eq!(host.triple(), host.name());
        assert_eq!(host.glibc(), None);
        assert_eq!(portable.portable(), None);
        assert_eq!(
            Target::parse("x86_64-apple-darwin").unwrap().portable(),
            None
        );
    }
}
