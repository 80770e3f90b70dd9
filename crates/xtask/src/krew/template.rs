//! Renders the templates in `krew/` as krew-release-bot does: replaces the tag, and adds the URL and checksum of each
//! archive. Supports only these two forms of Go's template language; any other is an error.

use gcr_test_support::{Error, Result};

const TAG: &str = "{{ .TagName }}";
const ARCHIVE: (&str, &str) = ("{{ addURIAndSha \"", "\" .TagName }}");

/// Renders a template. `archive` returns the URL and the checksum of the archive for each URL in the template.
pub(crate) fn render(
    template: &str,
    tag: &str,
    mut archive: impl FnMut(&str) -> Result<(String, String)>,
) -> Result<String> {
    let mut text = String::new();
    for line in template.lines() {
        // krew-release-bot always indents the second line by four columns, so the first must have the same indent.
        let argument = line
            .strip_prefix("    ")
            .and_then(|it| it.strip_prefix(ARCHIVE.0));
        if let Some(uri) = argument.and_then(|it| it.strip_suffix(ARCHIVE.1)) {
            let (uri, sum) = archive(&uri.replace(TAG, tag))?;
            text += &format!("    uri: {uri}\n    sha256: {sum:?}\n");
        } else {
            let line = line.replace(TAG, tag);
            if line.contains("{{") {
                return Err(Error::new(format!(
                    "render a template: unsupported action in {line}"
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

    /// Expected: the output of krew-release-bot 0.0.51 for this template, with quotes around the checksum, which it omits.
    #[test]
    fn render_with_tag_and_archive_replaces_both() {
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
    fn render_with_other_actions_fails() {
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
