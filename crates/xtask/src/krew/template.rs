//! The templates in `krew/`, filled in as krew-release-bot fills them in: the tag, and for each archive its address and
//! sum. Knows those two forms of Go's template language and refuses any other.

use gcr_test_support::{Error, Result};

const TAG: &str = "{{ .TagName }}";
const ARCHIVE: (&str, &str) = ("{{ addURIAndSha \"", "\" .TagName }}");

/// Fills in. `archive` is asked for the address and the sum of each archive by the address that the template has.
pub(crate) fn render(
    template: &str,
    tag: &str,
    mut archive: impl FnMut(&str) -> Result<(String, String)>,
) -> Result<String> {
    let mut text = String::new();
    for line in template.lines() {
        // krew-release-bot sets the second line four columns in, whatever the first has.
        let asked = line
            .strip_prefix("    ")
            .and_then(|it| it.strip_prefix(ARCHIVE.0));
        if let Some(asked) = asked.and_then(|it| it.strip_suffix(ARCHIVE.1)) {
            let (uri, sum) = archive(&asked.replace(TAG, tag))?;
            text += &format!("    uri: {uri}\n    sha256: {sum:?}\n");
        } else {
            let line = line.replace(TAG, tag);
            if line.contains("{{") {
                return Err(Error::new(format!(
                    "{line}: this form of a template is not known here"
                )));
            }
            text += &line;
            text.push('\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What krew-release-bot 0.0.51 makes of the same template, but for its missing quotes around the sum.
    #[test]
    fn tag_and_archive_are_filled_in() {
        let template = "  version: \"{{ .TagName }}\"\n  platforms:\n  - bin: x\n    \
                        {{ addURIAndSha \"https://h.example/{{ .TagName }}/x-{{ .TagName }}.zip\" .TagName }}\n";
        let rendered = render(template, "v1.2.3", |uri| Ok((uri.into(), "ab12".into())));
        assert_eq!(
            rendered.unwrap(),
            "  version: \"v1.2.3\"\n  platforms:\n  - bin: x\n    \
             uri: https://h.example/v1.2.3/x-v1.2.3.zip\n    sha256: \"ab12\"\n"
        );
    }

    #[test]
    fn another_form_is_refused() {
        for template in [
            "{{ .Other }}\n",
            "      {{ addURIAndSha \"https://h.example/x\" .TagName }}\n",
            "    {{ addURIAndSha \"https://h.example/x\" .TagName | indent 6 }}\n",
        ] {
            let rendered = render(template, "v1.2.3", |uri| Ok((uri.into(), String::new())));
            assert!(rendered.is_err(), "{template}");
        }
    }
}
