//! Tests that the repository's templates, filled with tiny archives, satisfy every rule, and that a copy with one defect
//! violates exactly the rule for it.

use std::collections::BTreeSet;

use gcr_test_support::checkout;
use gcr_test_support::plugins::PLUGINS;

use super::*;
use crate::krew::template;
use crate::package::archive::{Format, Packed};
use crate::package::contents;
use crate::package::target::Target;

/// Placeholder for the program of each plugin.
const PROGRAM: &[u8] = b"tiny";

struct Sample {
    file_name: String,
    manifest: Manifest,
    files: Vec<Vec<Packed>>,
    formats: Vec<Format>,
}

impl Sample {
    /// Renders a plugin's template with archives as in a release, except for the content of the program.
    fn of(file_name: &str) -> Self {
        let plugin = file_name.replace("kubectl-", "").replace('_', "-");
        let path = checkout::root().join(format!("krew/{plugin}.yaml"));
        let (mut files, mut formats) = (Vec::new(), Vec::new());
        let text = template::render(
            &std::fs::read_to_string(path).unwrap(),
            "v1.2.3-rc.1",
            |uri| {
                let (_, after) = uri.rsplit_once("v1.2.3-rc.1-").unwrap();
                let target = after.trim_end_matches(".tar.gz").trim_end_matches(".zip");
                let target = Target::parse(target).unwrap();
                let content =
                    contents(&checkout::root(), file_name, PROGRAM.into(), &[], &target).unwrap();
                files.push(content);
                formats.push(target.format());
                Ok((uri.into(), String::new()))
            },
        );
        let mut sample = Self {
            file_name: format!("{plugin}.yaml"),
            manifest: Manifest::read(&text.unwrap()).unwrap(),
            files,
            formats,
        };
        sample.update_sums();
        sample
    }

    fn archives(&self) -> Vec<Vec<u8>> {
        let each = self.files.iter().zip(&self.formats);
        each.map(|(files, format)| format.pack(files, 0x2000_0000).unwrap())
            .collect()
    }

    /// Updates the manifest with the checksums of the current archives.
    fn update_sums(&mut self) {
        let archives = self.archives();
        for (platform, archive) in self.manifest.spec.platforms.iter_mut().zip(&archives) {
            platform.sha256 = sha256(archive);
        }
    }

    /// Returns the names of the violated rules.
    fn violated(&self, archives: Vec<Vec<u8>>) -> BTreeSet<&'static str> {
        let subject = Subject {
            file_name: &self.file_name,
            manifest: &self.manifest,
            archives,
        };
        let violated = RULES
            .iter()
            .filter(|rule| !(rule.check)(&subject).is_empty());
        violated.map(|rule| rule.name).collect()
    }
}

#[test]
fn templates_with_complete_archives_satisfy_all_rules() {
    for (_, file_name) in PLUGINS {
        let sample = Sample::of(file_name);
        assert_eq!(sample.violated(sample.archives()), BTreeSet::new());
        assert_eq!(missing_platforms(&sample.manifest), Vec::<String>::new());
        assert_eq!(sample.manifest.spec.platforms.len(), 5);
    }
}

type Defect = fn(&mut Sample);

/// Each rule, with a defect of the manifest that violates it.
const IN_THE_MANIFEST: [(&str, Defect); 26] = [
    ("api version", |it| {
        it.manifest.api_version = "krew.googlecontainertools.github.com/v1".into()
    }),
    ("api version", |it| it.manifest.kind = "Plugins".into()),
    ("name", |it| it.file_name = "other.yaml".into()),
    ("name", |it| it.file_name = "gcr-secret.yml".into()),
    ("name", |it| set_name(it, "gcr/secret")),
    ("name", |it| set_name(it, "Gcr-secret")),
    ("name", |it| set_name(it, "")),
    ("name", |it| set_name(it, "nul")),
    ("name", |it| set_name(it, "com1")),
    ("version", |it| set_version(it, "1.2.3")),
    ("version", |it| set_version(it, "v1.2")),
    ("short description", |it| {
        it.manifest.spec.short_description = String::new()
    }),
    ("short description", |it| {
        it.manifest.spec.short_description = "X".repeat(51)
    }),
    ("short description", |it| {
        it.manifest.spec.short_description = "One\nTwo".into()
    }),
    ("short description", |it| {
        it.manifest.spec.short_description += "."
    }),
    ("description", |it| {
        it.manifest.spec.description = "X".repeat(81)
    }),
    ("description", |it| it.manifest.spec.caveats = "\n".into()),
    ("addresses", |it| {
        let uri = &mut it.manifest.spec.platforms[0].uri;
        *uri = uri.replace("https:", "file:");
    }),
    ("selectors", |it| set_label(it, "os", "macos")),
    ("selectors", |it| set_label(it, "arch", "x86_64")),
    ("selectors", |it| set_label(it, "libc", "musl")),
    ("selectors", |it| {
        drop(
            it.manifest.spec.platforms[0]
                .selector
                .match_labels
                .remove("arch"),
        )
    }),
    ("one platform per machine", |it| {
        let duplicate = it.manifest.spec.platforms[0].clone();
        it.manifest.spec.platforms.push(duplicate);
        it.files.push(it.files[0].clone());
        it.formats.push(it.formats[0]);
    }),
    ("archive of the machine", |it| {
        set_label(it, "arch", "arm64");
        it.manifest.spec.platforms.remove(1);
        it.files.remove(1);
        it.formats.remove(1);
    }),
    ("sum", |it| {
        it.manifest.spec.platforms[4].sha256 = "0".repeat(64)
    }),
    ("sum", |it| {
        it.manifest.spec.platforms[0].sha256.make_ascii_uppercase()
    }),
];

/// Each rule, with a defect of an archive that violates it. The checksum stays correct.
const IN_THE_ARCHIVE: [(&str, Defect); 7] = [
    ("paths in the archive", |it| {
        it.files[0][3].path = "docs..md".into()
    }),
    ("program", |it| {
        it.files[0][0].path = "kubectl-gcr-secret".into()
    }),
    ("program", |it| it.files[0][0].executable = false),
    ("program", |it| {
        it.files[4][0].path = "kubectl-gcr_secret".into();
        it.manifest.spec.platforms[4].bin = "kubectl-gcr_secret".into();
    }),
    ("program", |it| {
        it.files[0][0].path += ".exe";
        it.manifest.spec.platforms[0].bin += ".exe";
    }),
    ("program", |it| {
        it.manifest.spec.platforms[0].bin = String::new()
    }),
    ("licence", |it| {
        it.files[2][2].path = "LICENSE-APACHE".into()
    }),
];

fn set_name(sample: &mut Sample, name: &str) {
    sample.manifest.metadata.name = name.into();
    sample.file_name = format!("{name}.yaml");
}

fn set_version(sample: &mut Sample, version: &str) {
    let spec = &mut sample.manifest.spec;
    for platform in &mut spec.platforms {
        platform.uri = platform.uri.replace(&spec.version, version);
    }
    spec.version = version.into();
}

fn set_label(sample: &mut Sample, key: &str, value: &str) {
    let labels = &mut sample.manifest.spec.platforms[0].selector.match_labels;
    labels.insert(key.into(), value.into());
}

#[test]
fn manifest_with_one_defect_violates_only_its_rule() {
    let mut covered = BTreeSet::new();
    for (rule, add_defect) in IN_THE_MANIFEST {
        let mut sample = Sample::of("kubectl-gcr_secret");
        add_defect(&mut sample);
        assert_eq!(sample.violated(sample.archives()), BTreeSet::from([rule]));
        covered.insert(rule);
    }
    for (rule, add_defect) in IN_THE_ARCHIVE {
        let mut sample = Sample::of("kubectl-gcr_secret");
        add_defect(&mut sample);
        sample.update_sums();
        assert_eq!(sample.violated(sample.archives()), BTreeSet::from([rule]));
        covered.insert(rule);
    }
    for (rule, bytes) in invalid_archives() {
        let mut sample = Sample::of("kubectl-gcr_secret");
        sample.manifest.spec.platforms[1].sha256 = sha256(&bytes);
        let mut archives = sample.archives();
        archives[1] = bytes;
        assert_eq!(sample.violated(archives), BTreeSet::from([rule]));
        covered.insert(rule);
    }
    let missing = Sample::of("kubectl-gcr_secret");
    let four = missing.archives()[..4].to_vec();
    assert_eq!(missing.violated(four), BTreeSet::from(["archive"]));
    assert_eq!(covered, RULES.iter().map(|rule| rule.name).collect());
}

/// Returns archives that `Format::pack` cannot create, with the rule that they violate.
fn invalid_archives() -> Vec<(&'static str, Vec<u8>)> {
    let files = || {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, mode) in [("kubectl-gcr_secret", 0o755), ("LICENSE", 0o644)] {
            let mut header = tar::Header::new_ustar();
            header.set_mode(mode);
            header.set_size(0);
            tar.append_data(&mut header, path, std::io::empty())
                .unwrap();
        }
        tar
    };
    let gzipped = |tar: tar::Builder<Vec<u8>>| {
        let tar = tar.into_inner().unwrap();
        let mut gzip = flate2::read::GzEncoder::new(tar.as_slice(), flate2::Compression::fast());
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut gzip, &mut bytes).unwrap();
        bytes
    };
    let mut link = files();
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_mode(0o777);
    header.set_size(0);
    link.append_link(
        &mut header,
        "kubectl_complete-gcr_secret",
        "kubectl-gcr_secret",
    )
    .unwrap();
    let mut absolute = files();
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..11].copy_from_slice(b"/etc/passwd");
    header.set_mode(0o644);
    header.set_size(0);
    header.set_cksum();
    absolute.append(&header, std::io::empty()).unwrap();
    vec![
        ("paths in the archive", gzipped(link)),
        ("paths in the archive", gzipped(absolute)),
        ("archive", b"#!/bin/sh\n".to_vec()),
    ]
}

#[test]
fn manifest_with_unknown_field_fails() {
    let sample = Sample::of("kubectl-gcr_patch_sa");
    let text = sample.manifest.write().unwrap();
    assert!(Manifest::read(&text).is_ok());
    assert!(Manifest::read(&text.replace("homepage:", "homePage:")).is_err());
    assert!(Manifest::read(&text.replace("bin:", "binary:")).is_err());
}

#[test]
fn missing_platforms_without_windows_archive_names_windows() {
    let mut sample = Sample::of("kubectl-gcr_patch_sa");
    sample.manifest.spec.platforms.truncate(4);
    assert_eq!(missing_platforms(&sample.manifest), ["windows/amd64"]);
}
