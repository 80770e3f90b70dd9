//! Adapts the README for archives: a link to another file of the repository would be broken there, so only its text is
//! kept.

use std::path::Path;

use gcr_test_support::Result;

use super::archive::Packed;
use super::source_file::read;

/// Returns the README without links that would be broken outside the repository.
pub(super) fn packed(root: &Path) -> Result<Packed> {
    let text = read(&root.join("README.md"))?;
    Ok(Packed {
        path: "README.md".into(),
        bytes: for_archive(&String::from_utf8_lossy(&text)).into_bytes(),
        executable: false,
    })
}

/// Replaces each link to another file of the repository by its text.
fn for_archive(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, label, target, after)) = next_link(rest) {
        if target.contains("://") || target.starts_with('#') || target == "LICENSE" {
            kept += &format!("{before}[{label}]({target})");
        } else {
            // An image is replaced by its text too.
            kept += before.strip_suffix('!').unwrap_or(before);
            kept += label;
        }
        rest = after;
    }
    kept + rest
}

/// Returns the text before the first link, the link's text, its target, and the text after it. A `](` without a link
/// text before it is not a link.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    text.match_indices("](").find_map(|(at, middle)| {
        let (before, label) = text[..at].rsplit_once('[')?;
        let (target, after) = text[at + middle.len()..].split_once(')')?;
        (!label.contains(']')).then_some((before, label, target, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gcr_test_support::checkout;

    #[test]
    fn for_archive_with_links_to_files_keeps_their_labels() {
        assert_eq!(
            for_archive(
                "See [A.md](A.md#part), [the licence](LICENSE), [below](#below)\nand [x](https://x.example/A.md), [b](docs/b.md)."
            ),
            "See A.md, [the licence](LICENSE), [below](#below)\nand [x](https://x.example/A.md), b."
        );
        assert_eq!(for_archive("![Bars](docs/a.svg)\nand"), "Bars\nand");
        assert_eq!(for_archive("an array[0] (of one)"), "an array[0] (of one)");
        // Text that only looks like a link does not hide a link after it.
        assert_eq!(for_archive("`](`, [A](A.md)"), "`](`, A");
        assert_eq!(for_archive("a[0], `](x)`, [A](A.md)"), "a[0], `](x)`, A");
    }

    #[test]
    fn for_archive_with_own_readme_removes_all_links_to_files() {
        let readme = std::fs::read_to_string(checkout::root().join("README.md")).unwrap();
        assert!(readme.contains("](CONTRIBUTING.md"));
        let packed = for_archive(&readme);
        let targets = packed.split("](").skip(1);
        let targets: Vec<&str> = targets.filter_map(|it| it.split(')').next()).collect();
        let (external, internal): (Vec<&str>, Vec<&str>) =
            targets.iter().partition(|target| target.contains("://"));
        assert!(!external.is_empty());
        for target in internal {
            assert!(target == "LICENSE" || target.starts_with('#'), "{target}");
        }
        // Only the links are removed.
        let (lines, links) = (readme.lines().count(), readme.matches("](").count());
        assert_eq!(packed.lines().count(), lines);
        assert!(packed.matches("](").count() < links);
    }
}
