//! Targets of archives: rustc's triple, and the names of the same platform in krew, archives and file names.

use std::process::Command;

use gcr_test_support::{Error, Result};

use super::archive::Format;
use crate::step::capture_success;

/// glibc version of the portable build: that of RHEL 7, older than in any distribution that is still supported.
const PORTABLE: &str = ".2.17";

/// A target triple of rustc. A Linux triple can end in a glibc version as in cargo-zigbuild:
/// `x86_64-unknown-linux-gnu.2.17`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    name: String,
    os: &'static str,
    arch: &'static str,
}

impl Target {
    /// Parses a triple.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let unknown = || Error::new(format!("{name}: unsupported target"));
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

    /// Returns the target of this machine.
    pub(crate) fn host() -> Result<Self> {
        let output = capture_success(Command::new("rustc").arg("-vV"))?;
        let triple = output.lines().find_map(|line| line.strip_prefix("host: "));
        Self::parse(triple.ok_or_else(|| Error::new("rustc -vV: no host in its output"))?)
    }

    /// Returns the same machine with an old glibc; `None` if the target does not use glibc.
    pub(crate) fn portable(&self) -> Option<Self> {
        self.name
            .ends_with("-linux-gnu")
            .then(|| Self::parse(&format!("{}{PORTABLE}", self.name)))?
            .ok()
    }

    /// Returns the triple as parsed, which is part of archive names.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns rustc's triple, without a glibc version.
    pub(crate) fn triple(&self) -> &str {
        self.name.split_once('.').map_or(&self.name, |(it, _)| it)
    }

    /// Returns Go's name of the operating system, which krew uses.
    pub(crate) fn os(&self) -> &'static str {
        self.os
    }

    /// Returns Go's name of the processor architecture, which krew uses.
    pub(crate) fn arch(&self) -> &'static str {
        self.arch
    }

    /// Returns the suffix of program files.
    pub(crate) fn suffix(&self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }

    /// Returns the archive format.
    pub(crate) fn format(&self) -> Format {
        if self.os == "windows" {
            Format::Zip
        } else {
            Format::TarGz
        }
    }

    /// Returns the newest glibc version that a program can require, for example (2, 17).
    pub(crate) fn glibc(&self) -> Option<(u32, u32)> {
        let (major, minor) = self.name.split_once('.')?.1.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_with_supported_triples_returns_go_names() {
        let properties = |name| {
            let target = Target::parse(name).unwrap();
            (
                target.os(),
                target.arch(),
                target.suffix(),
                target.format().extension(),
            )
        };
        assert_eq!(
            properties("x86_64-unknown-linux-musl"),
            ("linux", "amd64", "", "tar.gz")
        );
        assert_eq!(
            properties("aarch64-apple-darwin"),
            ("darwin", "arm64", "", "tar.gz")
        );
        assert_eq!(
            properties("x86_64-pc-windows-gnu"),
            ("windows", "amd64", ".exe", "zip")
        );
        for unsupported in [
            "riscv64gc-unknown-linux-gnu",
            "x86_64-unknown-freebsd",
            "",
            "linux",
        ] {
            assert!(Target::parse(unsupported).is_err(), "{unsupported}");
        }
    }

    #[test]
    fn portable_with_glibc_target_appends_the_glibc_version() {
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
