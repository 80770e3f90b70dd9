//! Checks the rules of krew and krew-index for a manifest and its archives, without krew. The comment above the table
//! names their sources; the tests break each of them.

#[cfg(test)]
mod tests;

use semver::Version;

use super::manifest::{Manifest, Platform};
use crate::package::archive::{self, Entry, Kind};
use crate::package::checksums::sha256;
use crate::package::target::Target;

/// A manifest and its archives, to be checked.
pub(crate) struct Subject<'a> {
    /// Name of the manifest's file.
    pub(crate) file_name: &'a str,
    pub(crate) manifest: &'a Manifest,
    /// Content of each platform's archive, in the manifest's order.
    pub(crate) archives: Vec<Vec<u8>>,
}

/// One rule: its name, and a function that returns its violations.
struct Rule {
    name: &'static str,
    check: fn(&Subject) -> Vec<String>,
}

// Sources: krew 0.5 (internal/index/validation, internal/download, cmd/validate-krew-manifest), and krew-index's naming
// and pull request guides.
const RULES: [Rule; 14] = [
    rule("api version", api_version),
    rule("name", name),
    rule("version", version),
    rule("short description", short_description),
    rule("description", description),
    rule("addresses", addresses),
    rule("selectors", selectors),
    rule("one platform per machine", overlaps),
    rule("archive of the machine", machines),
    rule("sum", sums),
    rule("archive", archives),
    rule("paths in the archive", paths),
    rule("program", programs),
    rule("licence", licences),
];

/// Platforms of a release, with Go's names.
const RELEASED: [(&str, &str); 5] = [
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
    ("windows", "amd64"),
];

const fn rule(name: &'static str, check: fn(&Subject) -> Vec<String>) -> Rule {
    Rule { name, check }
}

/// Returns all violations, one line each.
pub(crate) fn violations(subject: &Subject) -> Vec<String> {
    RULES
        .iter()
        .flat_map(|rule| {
            let violations = (rule.check)(subject).into_iter();
            violations.map(|it| format!("{}: {}: {it}", subject.file_name, rule.name))
        })
        .collect()
}

/// Returns the platforms of a release that the manifest does not have.
pub(crate) fn missing_platforms(manifest: &Manifest) -> Vec<String> {
    let has_platform = |(os, arch): &(&str, &str)| {
        manifest
            .spec
            .platforms
            .iter()
            .any(|it| it.label("os") == *os && it.label("arch") == *arch)
    };
    RELEASED
        .iter()
        .filter(|machine| !has_platform(machine))
        .map(|(os, arch)| format!("{os}/{arch}"))
        .collect()
}

impl Platform {
    fn label(&self, key: &str) -> &str {
        self.selector.match_labels.get(key).map_or("", |it| it)
    }
}

/// Returns one violation if the condition is true.
fn violation_if(condition: bool, message: impl FnOnce() -> String) -> Vec<String> {
    if condition {
        vec![message()]
    } else {
        Vec::new()
    }
}

fn api_version(subject: &Subject) -> Vec<String> {
    let (version, kind) = (&subject.manifest.api_version, &subject.manifest.kind);
    violation_if(
        version != "krew.googlecontainertools.github.com/v1alpha2" || kind != "Plugin",
        || format!("krew does not support {version} {kind}"),
    )
}

/// The name equals the file name and has only lower-case letters, digits and `-`; it is not a device name of Windows.
fn name(subject: &Subject) -> Vec<String> {
    let name = &subject.manifest.metadata.name;
    let is_valid = !name.is_empty()
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    let numbered = |device: &str| {
        name.strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1 && ("1"..="9").contains(&rest))
    };
    let is_device =
        ["con", "prn", "aux", "nul"].contains(&name.as_str()) || numbered("com") || numbered("lpt");
    let mut violations = violation_if(!is_valid || is_device, || {
        format!("{name:?} is not a valid plugin name")
    });
    violations.extend(violation_if(
        subject.file_name != format!("{name}.yaml"),
        || format!("the file name does not match the plugin name {name:?}"),
    ));
    violations
}

fn version(subject: &Subject) -> Vec<String> {
    let version = &subject.manifest.spec.version;
    let parsed = version.strip_prefix('v').map(Version::parse);
    violation_if(!matches!(parsed, Some(Ok(_))), || {
        format!("{version:?} is not `v` and a semantic version")
    })
}

/// `kubectl krew search` truncates the short description after 50 characters.
fn short_description(subject: &Subject) -> Vec<String> {
    let short = &subject.manifest.spec.short_description;
    violation_if(
        short.is_empty()
            || short.chars().count() > 50
            || short.contains(['\r', '\n'])
            || !short.starts_with(|first: char| first.is_uppercase())
            || short.ends_with('.'),
        || format!("{short:?} is not one line of at most 50 characters without a final period"),
    )
}

/// krew prints description and caveats unchanged and asks for at most 80 columns. Commands are indented and exempt.
fn description(subject: &Subject) -> Vec<String> {
    let spec = &subject.manifest.spec;
    let lines = spec.description.lines().chain(spec.caveats.lines());
    let wide = lines.filter(|line| !line.starts_with(' ') && line.chars().count() > 80);
    let mut violations: Vec<String> = wide
        .map(|line| format!("longer than 80 columns: {line}"))
        .collect();
    for (what, text) in [
        ("description", &spec.description),
        ("caveats", &spec.caveats),
    ] {
        violations.extend(violation_if(text.trim().is_empty(), || {
            format!("no {what}")
        }));
    }
    violations
}

fn addresses(subject: &Subject) -> Vec<String> {
    let spec = &subject.manifest.spec;
    let all = spec.platforms.iter().map(|it| &it.uri);
    all.chain([&spec.homepage])
        .filter(|it| !it.starts_with("https://") && !it.starts_with("http://"))
        .map(|it| format!("{it:?} is not an HTTP URL"))
        .collect()
}

/// Returns whether krew supports a platform. Names are Go's.
fn is_supported(platform: &Platform) -> bool {
    const SUPPORTED: [(&str, &[&str]); 3] = [
        ("windows", &["386", "amd64", "arm64"]),
        ("linux", &["386", "amd64", "arm", "arm64", "ppc64le"]),
        ("darwin", &["386", "amd64", "arm64"]),
    ];
    SUPPORTED
        .iter()
        .any(|(os, arches)| platform.label("os") == *os && arches.contains(&platform.label("arch")))
}

/// Selectors have the labels `os` and `arch` and no others, and krew supports the platform.
fn selectors(subject: &Subject) -> Vec<String> {
    let platforms = &subject.manifest.spec.platforms;
    let unsupported = platforms
        .iter()
        .filter(|it| !is_supported(it) || it.selector.match_labels.len() != 2);
    let mut violations: Vec<String> = unsupported
        .map(|it| {
            format!(
                "{:?} does not select a platform that krew supports",
                it.selector.match_labels
            )
        })
        .collect();
    violations.extend(violation_if(platforms.is_empty(), || "no platform".into()));
    violations
}

/// An archive's name contains the platform for which it was built.
fn machines(subject: &Subject) -> Vec<String> {
    let spec = &subject.manifest.spec;
    let mismatches = spec.platforms.iter().filter(|platform| {
        let target = platform
            .archive()
            .split_once(&format!("-{}-", spec.version))
            .map(|(_, after)| after.trim_end_matches(".tar.gz").trim_end_matches(".zip"))
            .and_then(|name| Target::parse(name).ok());
        let matches = target.is_some_and(|it| {
            it.os() == platform.label("os") && it.arch() == platform.label("arch")
        });
        is_supported(platform) && !matches
    });
    mismatches
        .map(|it| {
            format!(
                "{} was not built for {:?}",
                it.archive(),
                it.selector.match_labels
            )
        })
        .collect()
}

fn overlaps(subject: &Subject) -> Vec<String> {
    let platforms = &subject.manifest.spec.platforms;
    let duplicates = platforms.iter().enumerate().filter(|(at, platform)| {
        platforms[..*at]
            .iter()
            .any(|other| other.selector.match_labels == platform.selector.match_labels)
    });
    duplicates
        .map(|(_, it)| format!("{:?} occurs twice", it.selector.match_labels))
        .collect()
}

/// Returns each platform with its archive.
fn pairs<'a>(subject: &'a Subject) -> impl Iterator<Item = (&'a Platform, &'a Vec<u8>)> {
    subject
        .manifest
        .spec
        .platforms
        .iter()
        .zip(&subject.archives)
}

/// Returns the entries of each readable archive.
fn contents<'a>(subject: &'a Subject) -> impl Iterator<Item = (&'a Platform, Vec<Entry>)> {
    pairs(subject).filter_map(|(platform, bytes)| Some((platform, archive::entries(bytes).ok()?)))
}

/// Checksums are 64 lower-case hexadecimal digits and match the archive.
fn sums(subject: &Subject) -> Vec<String> {
    pairs(subject)
        .filter(|(platform, bytes)| platform.sha256 != sha256(bytes))
        .map(|(platform, _)| {
            format!(
                "{}: its checksum is not {:?}",
                platform.archive(),
                platform.sha256
            )
        })
        .collect()
}

fn archives(subject: &Subject) -> Vec<String> {
    let unreadable = pairs(subject).filter_map(|(platform, bytes)| {
        let error = archive::entries(bytes).err()?;
        Some(format!("{}: {error}", platform.archive()))
    });
    let mut violations: Vec<String> = unreadable.collect();
    let platforms = subject.manifest.spec.platforms.len();
    violations.extend(violation_if(platforms != subject.archives.len(), || {
        "a platform has no archive".into()
    }));
    violations
}

/// krew rejects `..` anywhere in a path, a leading `/` or `\`, and entries that are neither files nor directories.
fn paths(subject: &Subject) -> Vec<String> {
    let mut violations = Vec::new();
    for (platform, entries) in contents(subject) {
        let rejected = entries.iter().filter(|entry| {
            entry.kind == Kind::Other
                || entry.path.contains("..")
                || entry.path.starts_with(['/', '\\'])
        });
        violations.extend(
            rejected.map(|entry| format!("{}: krew rejects {:?}", platform.archive(), entry.path)),
        );
    }
    violations
}

/// The program is in the archive, is executable, and its name ends in `.exe` only for Windows.
fn programs(subject: &Subject) -> Vec<String> {
    let incomplete = contents(subject).filter(|(platform, entries)| {
        let has_program = entries.iter().any(|entry| {
            entry.path == platform.bin && entry.kind == Kind::File && entry.mode == 0o755
        });
        !has_program || (platform.label("os") == "windows") != platform.bin.ends_with(".exe")
    });
    incomplete
        .map(|(platform, _)| {
            format!(
                "{}: no executable file {:?}",
                platform.archive(),
                platform.bin
            )
        })
        .collect()
}

/// validate-krew-manifest accepts these names of licence files, but for example not `LICENSE-APACHE`.
fn licences(subject: &Subject) -> Vec<String> {
    const NAMES: [&str; 8] = [
        "license",
        "license.txt",
        "license.md",
        "licenses",
        "licenses.txt",
        "licenses.md",
        "copying",
        "copying.txt",
    ];
    let without = contents(subject).filter(|(_, entries)| {
        !entries.iter().any(|entry| {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            entry.kind == Kind::File && NAMES.contains(&name.to_lowercase().as_str())
        })
    });
    without
        .map(|(platform, _)| format!("{}: no licence file", platform.archive()))
        .collect()
}
