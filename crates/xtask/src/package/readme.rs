//! The README as it lies in an archive: what it links to in the sources is not there, and a link that leads nowhere is
//! worse than its words alone. Changes nothing else.

/// The text with the words of each link in place of it where it leads to another file of the sources.
pub(super) fn for_archive(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, words, place, after)) = next_link(rest) {
        kept += before;
        if place.contains("://") || place.starts_with('#') || place == "LICENSE" {
            kept += &format!("[{words}]({place})");
        } else {
            kept += words;
        }
        rest = after;
    }
    kept + rest
}

/// The first link: what stands before it, its words, its place, what comes after.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (until, behind) = text.split_once("](")?;
    let (before, words) = until.rsplit_once('[')?;
    let (place, after) = behind.split_once(')')?;
    Some((before, words, place, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gcr_test_support::checkout;

    #[test]
    fn links_into_the_sources_become_words() {
        assert_eq!(
            for_archive(
                "See [A.md](A.md#part), [the licence](LICENSE), [below](#below)\nand [x](https://x.example/A.md), [b](docs/b.md)."
            ),
            "See A.md, [the licence](LICENSE), [below](#below)\nand [x](https://x.example/A.md), b."
        );
        assert_eq!(for_archive("an array[0] (of one)"), "an array[0] (of one)");
    }

    #[test]
    fn ours_leads_nowhere_else() {
        let ours = std::fs::read_to_string(checkout::root().join("README.md")).unwrap();
        assert!(ours.contains("](CONTRIBUTING.md"));
        let packed = for_archive(&ours);
        assert!(!packed.contains("](CONTRIBUTING.md") && packed.contains("](https://"));
        // Nothing is lost but the links themselves.
        let (lines, links) = (ours.lines().count(), ours.matches("](").count());
        assert_eq!(packed.lines().count(), lines);
        assert!(packed.matches("](").count() < links);
    }
}
