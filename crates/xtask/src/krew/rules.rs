//! What krew asks of a manifest and its archives, and what krew-index asks on top, as checks that need no krew. Their
//! sources stand above the table; `tests` breaks every one of them.

#[cfg(test)]
mod tests;

use semver::Version;

use super::manifest::{Manifest, Platform};
use crate::package::archive::{self, Entry, Kind};
use crate::package::checksums::sha256;
use crate::package::target::Target;

/// A manifest as it is about to be installed.
pub(crate) struct Subject<'a> {
    /// The name of its file.
    pub(crate) file_name: &'a str,
    pub(crate) manifest: &'a Manifest,
    /// The bytes of each platform's archive, in the manifest's order.
    pub(crate) archives: Vec<Vec<u8>>,
}

/// One rule: what it is called here, and what is wrong by it.
struct Rule {
    name: &'static str,
    broken: fn(&Subject) -> Vec<String>,
}

// From krew's internal/index/validation and internal/download, cmd/validate-krew-manifest, and krew-index's naming and
// pull request guides, as of krew 0.5.
const RULES: [Rule; 14] = [
    rule("api version", api_version),
    rule("name", name),
    rule("version", version),
    rule("short description", short_description),
    rule("description", description),
    rule("addresses", addresses),
    rule("selectors", selectors),
    rule("one platform a machine", overlaps),
    rule("archive of the machine", machines),
    rule("sum", sums),
    rule("archive", archives),
    rule("paths in the archive", paths),
    rule("program", programs),
    rule("licence", licences),
];

/// The machines that a release is for, in Go's words.
const RELEASED: [(&str, &str); 5] = [
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
    ("windows", "amd64"),
];

const fn rule(name: &'static str, broken: fn(&Subject) -> Vec<String>) -> Rule {
    Rule { name, broken }
}

/// All that is wrong, a line each.
pub(crate) fn broken(subject: &Subject) -> Vec<String> {
    RULES
        .iter()
        .flat_map(|rule| {
            let wrong = (rule.broken)(subject).into_iter();
            wrong.map(|it| format!("{}: {}: {it}", subject.file_name, rule.name))
        })
        .collect()
}

/// The machines that a release is for and the manifest is not.
pub(crate) fn left_out(manifest: &Manifest) -> Vec<String> {
    let there = |(os, arch): &(&str, &str)| {
        manifest
            .spec
            .platforms
            .iter()
            .any(|it| it.label("os") == *os && it.label("arch") == *arch)
    };
    RELEASED
        .iter()
        .filter(|machine| !there(machine))
        .map(|(os, arch)| format!("{os}/{arch}"))
        .collect()
}

impl Platform {
    fn label(&self, key: &str) -> &str {
        self.selector.match_labels.get(key).map_or("", |it| it)
    }
}

fn when(wrong: bool, words: impl FnOnce() -> String) -> Vec<String> {
    if wrong { vec![words()] } else { Vec::new() }
}

fn api_version(subject: &Subject) -> Vec<String> {
    let (version, kind) = (&subject.manifest.api_version, &subject.manifest.kind);
    when(
        version != "krew.googlecontainertools.github.com/v1alpha2" || kind != "Plugin",
        || format!("krew does not know {version} {kind}"),
    )
}

/// Letters, digits, `_` and `-`, as the file is called, lower case, no device of Windows.
fn name(subject: &Subject) -> Vec<String> {
    let name = &subject.manifest.metadata.name;
    let safe = !name.is_empty()
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    let numbered = |device: &str| {
        name.strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1 && ("1"..="9").contains(&rest))
    };
    let device =
        ["con", "prn", "aux", "nul"].contains(&name.as_str()) || numbered("com") || numbered("lpt");
    let mut wrong = when(!safe || device, || {
        format!("{name:?} is no name of a plugin")
    });
    wrong.extend(when(subject.file_name != format!("{name}.yaml"), || {
        format!("the plugin is called {name:?}")
    }));
    wrong
}

fn version(subject: &Subject) -> Vec<String> {
    let version = &subject.manifest.spec.version;
    let parsed = version.strip_prefix('v').map(Version::parse);
    when(!matches!(parsed, Some(Ok(_))), || {
        format!("{version:?} is not v and a semantic version")
    })
}

/// `kubectl krew search` cuts it at 50 characters.
fn short_description(subject: &Subject) -> Vec<String> {
    let short = &subject.manifest.spec.short_description;
    when(
        short.is_empty()
            || short.chars().count() > 50
            || short.contains(['\r', '\n'])
            || !short.starts_with(|first: char| first.is_uppercase())
            || short.ends_with('.'),
        || format!("{short:?} is no short description: one line of 50 characters, no period"),
    )
}

/// krew prints them as they are, and asks for 80 columns; commands stand indented and are not broken.
fn description(subject: &Subject) -> Vec<String> {
    let spec = &subject.manifest.spec;
    let lines = spec.description.lines().chain(spec.caveats.lines());
    let wide = lines.filter(|line| !line.starts_with(' ') && line.chars().count() > 80);
    let mut wrong: Vec<String> = wide.map(|line| format!("too wide: {line}")).collect();
    for (what, text) in [
        ("description", &spec.description),
        ("caveats", &spec.caveats),
    ] {
        wrong.extend(when(text.trim().is_empty(), || format!("no {what}")));
    }
    wrong
}

fn addresses(subject: &Subject) -> Vec<String> {
    let spec = &subject.manifest.spec;
    let all = spec.platforms.iter().map(|it| &it.uri);
    all.chain([&spec.homepage])
        .filter(|it| !it.starts_with("https://") && !it.starts_with("http://"))
        .map(|it| format!("{it:?} is no address that krew can fetch"))
        .collect()
}

/// The machines that krew knows, in Go's words.
fn is_known(platform: &Platform) -> bool {
    const KNOWN: [(&str, &[&str]); 3] = [
        ("windows", &["386", "amd64", "arm64"]),
        ("linux", &["386", "amd64", "arm", "arm64", "ppc64le"]),
        ("darwin", &["386", "amd64", "arm64"]),
    ];
    KNOWN
        .iter()
        .any(|(os, arches)| platform.label("os") == *os && arches.contains(&platform.label("arch")))
}

/// Labels `os` and `arch` and no others, of a machine that krew knows.
fn selectors(subject: &Subject) -> Vec<String> {
    let platforms = &subject.manifest.spec.platforms;
    let unknown = platforms
        .iter()
        .filter(|it| !is_known(it) || it.selector.match_labels.len() != 2);
    let mut wrong: Vec<String> = unknown
        .map(|it| format!("{:?} is no machine krew knows", it.selector.match_labels))
        .collect();
    wrong.extend(when(platforms.is_empty(), || "no platform".into()));
    wrong
}

/// An archive's name says what it was built for.
fn machines(subject: &Subject) -> Vec<String> {
    let spec = &subject.manifest.spec;
    let others = spec.platforms.iter().filter(|platform| {
        let target = platform
            .archive()
            .split_once(&format!("-{}-", spec.version))
            .map(|(_, after)| after.trim_end_matches(".tar.gz").trim_end_matches(".zip"))
            .and_then(|name| Target::parse(name).ok());
        let theirs = target.is_some_and(|it| {
            it.os() == platform.label("os") && it.arch() == platform.label("arch")
        });
        is_known(platform) && !theirs
    });
    others
        .map(|it| format!("{} is not for {:?}", it.archive(), it.selector.match_labels))
        .collect()
}

fn overlaps(subject: &Subject) -> Vec<String> {
    let platforms = &subject.manifest.spec.platforms;
    let doubled = platforms.iter().enumerate().filter(|(at, platform)| {
        platforms[..*at]
            .iter()
            .any(|other| other.selector.match_labels == platform.selector.match_labels)
    });
    doubled
        .map(|(_, it)| format!("{:?} is there twice", it.selector.match_labels))
        .collect()
}

/// Each platform with its archive.
fn pairs<'a>(subject: &'a Subject) -> impl Iterator<Item = (&'a Platform, &'a Vec<u8>)> {
    subject
        .manifest
        .spec
        .platforms
        .iter()
        .zip(&subject.archives)
}

/// The entries of each archive that can be read.
fn contents<'a>(subject: &'a Subject) -> impl Iterator<Item = (&'a Platform, Vec<Entry>)> {
    pairs(subject).filter_map(|(platform, bytes)| Some((platform, archive::entries(bytes).ok()?)))
}

/// 64 hexadecimal digits in lower case, and true.
fn sums(subject: &Subject) -> Vec<String> {
    pairs(subject)
        .filter(|(platform, bytes)| platform.sha256 != sha256(bytes))
        .map(|(platform, _)| {
            format!(
                "{}: its sum is not {:?}",
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
    let mut wrong: Vec<String> = unreadable.collect();
    let platforms = subject.manifest.spec.platforms.len();
    wrong.extend(when(platforms != subject.archives.len(), || {
        "a platform has no archive".into()
    }));
    wrong
}

/// krew refuses `..` anywhere in a name, a leading `/` or `\`, and whatever is neither file nor directory.
fn paths(subject: &Subject) -> Vec<String> {
    let mut wrong = Vec::new();
    for (platform, entries) in contents(subject) {
        let refused = entries.iter().filter(|entry| {
            entry.kind == Kind::Other
                || entry.path.contains("..")
                || entry.path.starts_with(['/', '\\'])
        });
        wrong.extend(
            refused.map(|entry| format!("{}: krew refuses {:?}", platform.archive(), entry.path)),
        );
    }
    wrong
}

/// The program is in the archive, may be run, and is an `.exe` on Windows and there alone.
fn programs(subject: &Subject) -> Vec<String> {
    let broken = contents(subject).filter(|(platform, entries)| {
        let runs = entries.iter().any(|entry| {
            entry.path == platform.bin && entry.kind == Kind::File && entry.mode == 0o755
        });
        !runs || (platform.label("os") == "windows") != platform.bin.ends_with(".exe")
    });
    broken
        .map(|(platform, _)| {
            format!(
                "{}: there is no program {:?}",
                platform.archive(),
                platform.bin
            )
        })
        .collect()
}

/// validate-krew-manifest takes these names, and no `LICENSE-APACHE`.
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
        .map(|(platform, _)| format!("{}: there is no licence in it", platform.archive()))
        .collect()
}
