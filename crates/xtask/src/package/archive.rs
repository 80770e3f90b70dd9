//! Packs and parses archives. Their bytes depend only on their content: sorted names, one modification time for all
//! files, no owner, no links.

use std::io::{Cursor, Read, Write};

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use gcr_test_support::{Error, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Archive format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A ustar archive compressed with gzip.
    TarGz,
    /// A zip archive compressed with deflate.
    Zip,
}

/// One file for an archive.
#[derive(Clone)]
pub(crate) struct Packed {
    /// Path in the archive, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) executable: bool,
}

/// One entry of a parsed archive.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) kind: Kind,
    /// Permissions; 0 if the archive has none.
    pub(crate) mode: u32,
}

/// Kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// For example a link or a device, which krew does not unpack.
    Other,
}

impl Format {
    /// Returns the file name extension, without the dot.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// Returns an archive's name without its extension; `None` if it has neither extension.
    pub(crate) fn stem(name: &str) -> Option<&str> {
        [Self::TarGz, Self::Zip].into_iter().find_map(|format| {
            let rest = name.strip_suffix(format.extension())?;
            rest.strip_suffix('.')
        })
    }

    /// Packs the files. `time` is their modification time, in seconds since 1970.
    pub(crate) fn pack(self, files: &[Packed], time: u64) -> Result<Vec<u8>> {
        let mut files: Vec<&Packed> = files.iter().collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let packed = match self {
            Self::TarGz => tar_gz(&files, time),
            Self::Zip => zipped(&files, time),
        };
        packed.map_err(|error| Error::during("pack an archive", error))
    }
}

type AnyResult<T> = std::result::Result<T, Box<dyn std::error::Error>>;

impl Packed {
    fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

fn tar_gz(files: &[&Packed], time: u64) -> AnyResult<Vec<u8>> {
    // By default the header has no file name, no time and operating system "unknown".
    let gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for file in files {
        let mut header = tar::Header::new_ustar();
        header.set_mode(file.mode());
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(file.bytes.len() as u64);
        tar.append_data(&mut header, &file.path, file.bytes.as_slice())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn zipped(files: &[&Packed], time: u64) -> AnyResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            .last_modified_time(dos_time(time)?)
            .unix_permissions(file.mode());
        zip.start_file(&file.path, options)?;
        zip.write_all(&file.bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Returns the time in zip's format, which has no time zone. It is always UTC.
fn dos_time(time: u64) -> AnyResult<DateTime> {
    let at = Timestamp::from_second(i64::try_from(time)?)?.to_zoned(TimeZone::UTC);
    Ok(DateTime::from_date_and_time(
        u16::try_from(at.year())?,
        u8::try_from(at.month())?,
        u8::try_from(at.day())?,
        u8::try_from(at.hour())?,
        u8::try_from(at.minute())?,
        u8::try_from(at.second())?,
    )?)
}

/// Parses an archive and returns its entries, in its own order. The first bytes select the format, as krew does.
pub(crate) fn entries(archive: &[u8]) -> Result<Vec<Entry>> {
    let read = if archive.starts_with(&[0x1f, 0x8b, 0x08]) {
        tar_gz_entries(archive)
    } else if archive.starts_with(b"PK\x03\x04") {
        zip_entries(archive)
    } else {
        return Err(Error::new("neither a .tar.gz nor a .zip archive"));
    };
    read.map_err(|error| Error::during("parse the archive", error))
}

fn tar_gz_entries(archive: &[u8]) -> AnyResult<Vec<Entry>> {
    let mut tar = Vec::new();
    GzDecoder::new(archive).read_to_end(&mut tar)?;
    let mut found = Vec::new();
    for entry in tar::Archive::new(tar.as_slice()).entries()? {
        let entry = entry?;
        let header = entry.header();
        let kind = match header.entry_type() {
            tar::EntryType::Regular => Kind::File,
            tar::EntryType::Directory => Kind::Directory,
            _ => Kind::Other,
        };
        found.push(Entry {
            path: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            kind,
            mode: header.mode()?,
        });
    }
    Ok(found)
}

fn zip_entries(archive: &[u8]) -> AnyResult<Vec<Entry>> {
    let mut zip = ZipArchive::new(Cursor::new(archive))?;
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index)?;
        let kind = match (entry.is_dir(), entry.is_symlink()) {
            (true, _) => Kind::Directory,
            (_, true) => Kind::Other,
            _ => Kind::File,
        };
        found.push(Entry {
            path: entry.name()?.into_owned(),
            kind,
            mode: entry.unix_mode().unwrap_or(0) & 0o7777,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: &[u8], executable: bool) -> Packed {
        Packed {
            path: path.into(),
            bytes: bytes.into(),
            executable,
        }
    }

    #[test]
    fn pack_with_files_in_any_order_returns_same_bytes_and_keeps_modes() {
        let (one, other) = (
            file("b", b"program", true),
            file("LICENSE", b"words", false),
        );
        for format in [Format::TarGz, Format::Zip] {
            let packed = format.pack(&[one.clone(), other.clone()], 1_700_000_000);
            let packed = packed.unwrap();
            let again = format.pack(&[other.clone(), one.clone()], 1_700_000_000);
            assert_eq!(packed, again.unwrap(), "{format:?}");
            let expected = [("LICENSE", 0o644), ("b", 0o755)].map(|(path, mode)| Entry {
                path: path.into(),
                kind: Kind::File,
                mode,
            });
            assert_eq!(entries(&packed).unwrap(), expected, "{format:?}");
        }
    }

    /// Expected: the header fields that `tar --sort=name --mtime=@1700000000 --owner=0 --group=0 --numeric-owner --format=ustar` writes.
    #[test]
    fn tar_header_contains_no_owner_and_no_packing_time() {
        let packed = Format::TarGz
            .pack(&[file("b", b"x", true)], 1_700_000_000)
            .unwrap();
        // The gzip header: no flags, no time, operating system unknown.
        assert_eq!(packed[3..8], [0; 5]);
        assert_eq!(packed[9], 255);
        let mut tar = Vec::new();
        GzDecoder::new(packed.as_slice())
            .read_to_end(&mut tar)
            .unwrap();
        let text = |from: usize, to: usize| {
            String::from_utf8_lossy(&tar[from..to])
                .trim_matches(['\0', ' '])
                .to_owned()
        };
        assert_eq!(text(100, 108), "0000755");
        assert_eq!(text(108, 116), "0000000");
        assert_eq!(text(116, 124), "0000000");
        // 1700000000 in octal.
        assert_eq!(text(136, 148), "14524770400");
        assert_eq!(text(257, 262), "ustar");
        assert_eq!(text(265, 329), "");
    }

    #[test]
    fn entries_of_other_files_fail() {
        assert!(entries(b"#!/bin/sh\n").is_err());
        assert!(entries(&[0x1f, 0x8b, 0x08, 0]).is_err());
    }
}
