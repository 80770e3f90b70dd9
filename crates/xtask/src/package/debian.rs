//! The same files as a package for Debian and what descends from it: programs in `/usr/bin`, manual pages
//! in `/usr/share/man`, the rest in `/usr/share/doc`. Written here, byte for byte from its content, as archives are. No scripts of maintainers, no
//! repository: one installs the file.

use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use gcr_test_support::{Error, Result};

use super::archive::Packed;
use super::glibc;
use super::manual;
use super::target::Target;

/// What a package says of itself.
pub(crate) struct About<'a> {
    /// `kubectl-gcr-secret`
    pub(crate) package: &'a str,
    /// `v1.2.3`
    pub(crate) tag: &'a str,
    pub(crate) homepage: &'a str,
    /// One line.
    pub(crate) short: &'a str,
    pub(crate) long: &'a str,
}

/// Whom to write to: there is no address yet.
const MAINTAINER: &str = "maintainers <maintainers@gcr-secret.example>";

/// The package of these files of an archive. `time` is theirs, in seconds since 1970.
pub(crate) fn package(
    about: &About,
    files: &[Packed],
    target: &Target,
    time: u64,
) -> Result<Vec<u8>> {
    let files = files.iter().map(|file| placed(about, file));
    let files: Vec<Packed> = files.collect::<Result<_>>()?;
    let control = Packed {
        path: "./control".into(),
        bytes: control(about, &files, target).into_bytes(),
        executable: false,
    };
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", tar_gz(&[control], time)?),
        ("data.tar.gz", tar_gz(&files, time)?),
    ];
    let mut package = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        let size = bytes.len();
        package.extend(format!("{name:16}{time:<12}0     0     100644  {size:<10}`\n").bytes());
        package.extend(&bytes);
        if size % 2 == 1 {
            package.push(b'\n');
        }
    }
    Ok(package)
}

/// A file of an archive where it belongs on a system.
fn placed(about: &About, file: &Packed) -> Result<Packed> {
    if file.path.ends_with(manual::SECTION) {
        // Debian's policy, 12.1: in this place, and compressed.
        return Ok(Packed {
            path: format!("./usr/share/man/man1/{}.gz", file.path),
            bytes: gzip(&file.bytes)?,
            executable: false,
        });
    }
    let directory = match file.executable {
        true => "usr/bin".to_owned(),
        false => format!("usr/share/doc/{}", about.package),
    };
    // Debian's policy, 12.5: a package's licence is called that.
    let name = match file.path.as_str() {
        "LICENSE" => "copyright",
        other => other,
    };
    Ok(Packed {
        path: format!("./{directory}/{name}"),
        ..file.clone()
    })
}

/// Without a name or a time of its own.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    let packed = gzip.write_all(bytes).and_then(|()| gzip.finish());
    packed.map_err(|error| Error::during("a manual page", error))
}

/// Debian's policy, 5.3.
fn control(about: &About, files: &[Packed], target: &Target) -> String {
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    let programs = files.iter().filter(|file| file.executable);
    let glibc = programs
        .filter_map(|program| glibc::newest(&program.bytes))
        .max();
    // A program that asks for no glibc is static.
    let depends = glibc.map_or(String::new(), |(major, minor)| {
        format!("Depends: libc6 (>= {major}.{minor}), libgcc-s1\n")
    });
    let long: String = about
        .long
        .trim()
        .lines()
        .map(|line| match line.trim_end() {
            "" => " .\n".to_owned(),
            line => format!(" {line}\n"),
        })
        .collect();
    format!(
        "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: {MAINTAINER}\nInstalled-Size: {}\n{depends}\
         Section: admin\nPriority: optional\nHomepage: {}\nDescription: {}\n{long}",
        about.package,
        version(about.tag),
        target.arch(),
        bytes.div_ceil(1024),
        about.homepage,
        about.short,
    )
}

/// The version in Debian's order, where what stands behind a `~` comes before what it stands behind.
fn version(tag: &str) -> String {
    tag.trim_start_matches('v').replacen('-', "~", 1)
}

/// The files with the directories above them: dpkg makes none that the package does not name.
fn tar_gz(files: &[Packed], time: u64) -> Result<Vec<u8>> {
    let mut directories = BTreeSet::new();
    for file in files {
        for (at, _) in file.path.match_indices('/') {
            directories.insert(&file.path[..=at]);
        }
    }
    let mut files: Vec<&Packed> = files.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    let packed = || -> std::io::Result<Vec<u8>> {
        for path in directories {
            append(&mut tar, path, tar::EntryType::Directory, 0o755, &[], time)?;
        }
        for file in files {
            let mode = if file.executable { 0o755 } else { 0o644 };
            append(
                &mut tar,
                &file.path,
                tar::EntryType::Regular,
                mode,
                &file.bytes,
                time,
            )?;
        }
        tar.into_inner()?.finish()
    };
    packed().map_err(|error| Error::during("a Debian package", error))
}

fn append(
    tar: &mut tar::Builder<impl std::io::Write>,
    path: &str,
    kind: tar::EntryType,
    mode: u32,
    bytes: &[u8],
    time: u64,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    // The crate would take the `./` away, and dpkg lists names with it.
    let name = header.as_mut_bytes();
    let Some(place) = name.get_mut(..path.len()).filter(|place| place.len() < 100) else {
        return Err(std::io::Error::other(format!("{path} is too long")));
    };
    place.copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    tar.append(&header, bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    const ABOUT: About = About {
        package: "kubectl-gcr-secret",
        tag: "v1.2.3-rc.1",
        homepage: "https://h.example/",
        short: "Make it",
        long: "Makes it\nat once.\n\nAnd again.\n",
    };

    fn files(program: &[u8]) -> Vec<Packed> {
        [
            ("kubectl-gcr_secret", program, true),
            ("LICENSE", b"words".as_slice(), false),
            ("README.md", b"more words", false),
            ("kubectl-gcr-secret.1", b"a page", false),
        ]
        .map(|(path, bytes, executable)| Packed {
            path: path.into(),
            bytes: bytes.into(),
            executable,
        })
        .into()
    }

    fn packed(program: &[u8]) -> Vec<u8> {
        let target = Target::parse("aarch64-unknown-linux-musl").unwrap();
        package(&ABOUT, &files(program), &target, 1_700_000_000).unwrap()
    }

    /// The members of an archive of `ar`, by the sizes in their headers: ar(5).
    fn members(mut bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
        bytes = bytes.strip_prefix(b"!<arch>\n").unwrap();
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let (header, rest) = bytes.split_at(60);
            let header = std::str::from_utf8(header).unwrap();
            assert!(header.ends_with("`\n"), "{header:?}");
            assert_eq!(&header[16..48], "1700000000  0     0     100644  ");
            let size: usize = header[48..58].trim().parse().unwrap();
            found.push((header[..16].trim().into(), rest[..size].into()));
            bytes = &rest[size + size % 2..];
        }
        found
    }

    fn entries(gzip: &[u8]) -> Vec<(String, u32, String)> {
        let mut tar = Vec::new();
        GzDecoder::new(gzip).read_to_end(&mut tar).unwrap();
        let mut tar = tar::Archive::new(tar.as_slice());
        let entries = tar.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut text = String::new();
            match path.ends_with(".gz") {
                true => GzDecoder::new(&mut entry).read_to_string(&mut text),
                false => entry.read_to_string(&mut text),
            }
            .unwrap();
            (path, entry.header().mode().unwrap(), text)
        });
        entries.collect()
    }

    #[test]
    fn a_package_holds_the_files_where_they_belong() {
        let members = members(&packed(b"static"));
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["debian-binary", "control.tar.gz", "data.tar.gz"]);
        assert_eq!(members[0].1, b"2.0\n");
        let expected = [
            ("./", 0o755, ""),
            ("./usr/", 0o755, ""),
            ("./usr/bin/", 0o755, ""),
            ("./usr/share/", 0o755, ""),
            ("./usr/share/doc/", 0o755, ""),
            ("./usr/share/doc/kubectl-gcr-secret/", 0o755, ""),
            ("./usr/share/man/", 0o755, ""),
            ("./usr/share/man/man1/", 0o755, ""),
            ("./usr/bin/kubectl-gcr_secret", 0o755, "static"),
            (
                "./usr/share/doc/kubectl-gcr-secret/README.md",
                0o644,
                "more words",
            ),
            (
                "./usr/share/doc/kubectl-gcr-secret/copyright",
                0o644,
                "words",
            ),
            (
                "./usr/share/man/man1/kubectl-gcr-secret.1.gz",
                0o644,
                "a page",
            ),
        ]
        .map(|(path, mode, text)| (path.to_owned(), mode, text.to_owned()));
        assert_eq!(entries(&members[2].1), expected);
    }

    #[test]
    fn a_package_says_what_it_is_and_what_it_needs() {
        let said = |program| entries(&members(&packed(program))[1].1)[1].2.clone();
        assert_eq!(
            said(b"static"),
            "Package: kubectl-gcr-secret\nVersion: 1.2.3~rc.1\nArchitecture: arm64\n\
             Maintainer: maintainers <maintainers@gcr-secret.example>\nInstalled-Size: 1\n\
             Section: admin\nPriority: optional\nHomepage: https://h.example/\n\
             Description: Make it\n Makes it\n at once.\n .\n And again.\n"
        );
        let dynamic = said(b"\0GLIBC_2.17\0GLIBC_2.34\0");
        assert!(
            dynamic.contains("\nDepends: libc6 (>= 2.34), libgcc-s1\nSection: "),
            "{dynamic}"
        );
    }

    #[test]
    fn a_release_comes_behind_its_candidates() {
        assert_eq!(version("v1.2.3"), "1.2.3");
        assert_eq!(version("v1.2.3-rc.1-x"), "1.2.3~rc.1-x");
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        let target = Target::parse("x86_64-unknown-linux-musl").unwrap();
        let mut files = files(b"program");
        let one = package(&ABOUT, &files, &target, 0x2000_0000).unwrap();
        files.reverse();
        assert_eq!(one, package(&ABOUT, &files, &target, 0x2000_0000).unwrap());
    }
}
