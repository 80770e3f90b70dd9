//! The README as it lies in an archive: what it links to in the sources is not there, and a link that leads nowhere is
//! worse than its words alone. Changes nothing else.

/// The text with the words of each link in place of it where it leads to another file of the sources.
pub(super) fn for_archive(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, words, place, after)) = next_link(rest) {
        if place.contains("://") || place.starts_with('#') || place == "LICENSE" {
            kept += &format!("{before}[{words}]({place})");
        } else {
            // Of a picture too the words are what is left.
            kept += before.strip_suffix('!').unwrap_or(before);
            kept += words;
        }
        rest = after;
    }
    kept + rest
}

/// The first link: what stands before it, its words, its place, what comes after. A `](` that ends no words is none.
fn next_link(text: &str) -> Option<(&str, &str, &str, &str)> {
    text.match_indices("](").find_map(|(at, middle)| {
        let (before, words) = text[..at].rsplit_once('[')?;
        let (place, after) = text[at + middle.len()..].split_once(')')?;
        (!words.contains(']')).then_some((before, words, place, after))
    })
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
        assert_eq!(for_archive("![Bars](docs/a.svg)\nand"), "Bars\nand");
        assert_eq!(for_archive("an array[0] (of one)"), "an array[0] (of one)");
        // What only looks like a link keeps none behind it.
        assert_eq!(for_archive("`](`, [A](A.md)"), "`](`, A");
        assert_eq!(for_archive("a[0], `](x)`, [A](A.md)"), "a[0], `](x)`, A");
    }

    #[test]
    fn ours_leads_nowhere_else() {
        let ours = std::fs::read_to_string(checkout::root().join("README.md")).unwrap();
        assert!(ours.contains("](CONTRIBUTING.md"));
        let packed = for_archive(&ours);
        let places = packed.split("](").skip(1);
        let places: Vec<&str> = places.filter_map(|it| it.split(')').next()).collect();
        let (out, within): (Vec<&str>, Vec<&str>) =
            places.iter().partition(|place| place.contains("://"));
        assert!(!out.is_empty());
        for place in within {
            assert!(place == "LICENSE" || place.starts_with('#'), "{place}");
        }
        // Nothing is lost but the links themselves.
        let (lines, links) = (ours.lines().count(), ours.matches("](").count());
        assert_eq!(packed.lines().count(), lines);
        assert!(packed.matches("](").count() < links);
    }
}
