//! `cargo xtask homebrew [--complete] [--base-url URL]`: renders a Homebrew formula per plugin from its krew manifest, with
//! the same archives, URLs and checksums. For macOS and Linux, because Homebrew does not support Windows. Publishes
//! nothing.

use std::fs;

use gcr_test_support::plugins::completion_file;
use gcr_test_support::{Error, Result};

use crate::krew::manifest::Platform;
use crate::krew::{RenderOptions, Rendered};
use crate::package::dist;

/// Homebrew's name of each operating system that it supports, and krew's name.
const SYSTEMS: [(&str, &str); 2] = [("on_macos", "darwin"), ("on_linux", "linux")];
/// Homebrew's name of each processor architecture that it supports, and krew's name.
const PROCESSORS: [(&str, &str); 2] = [("on_arm", "arm64"), ("on_intel", "amd64")];

/// Writes the formulas into `target/dist/homebrew`.
pub(crate) fn run(options: &RenderOptions) -> Result<()> {
    let into = dist().join("homebrew");
    fs::create_dir_all(&into).map_err(|error| Error::during(into.display(), error))?;
    for rendered in options.render()? {
        let path = into.join(format!("{}.rb", rendered.binary));
        fs::write(&path, formula(&rendered)?)
            .map_err(|error| Error::during(path.display(), error))?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Returns the text of a formula.
///
/// # Errors
/// No archive is for a platform that Homebrew supports, or a text contains characters that Ruby interprets in a string.
fn formula(rendered: &Rendered) -> Result<String> {
    let spec = &rendered.manifest.spec;
    let (plugin, program) = (rendered.binary, rendered.file_name);
    let mut blocks = String::new();
    for (system, os) in SYSTEMS {
        let processors: String = PROCESSORS
            .iter()
            .filter_map(|(processor, arch)| {
                let platform = spec.platforms.iter().find(|it| is_for(it, os, arch))?;
                Some(format!(
                    "    {processor} do\n      url \"{}\"\n      sha256 \"{}\"\n    end\n",
                    platform.uri, platform.sha256
                ))
            })
            .collect();
        if !processors.is_empty() {
            blocks += &format!("\n  {system} do\n{processors}  end\n");
        }
    }
    if blocks.is_empty() {
        return Err(Error::new(format!(
            "{plugin}: no archive for a platform that Homebrew supports"
        )));
    }
    let version = spec.version.trim_start_matches('v');
    let urls = spec.platforms.iter().map(|it| it.uri.as_str());
    let texts = [version, &spec.short_description, &spec.homepage];
    // Inside double quotes, Ruby interprets `#{…}`, escapes and quotes.
    if let Some(text) = urls.chain(texts).find(|it| it.contains(['"', '#', '\\'])) {
        return Err(Error::new(format!(
            "{plugin}: {text}: Ruby would interpret a character of this text"
        )));
    }
    Ok(format!(
        "class {class} < Formula\n\
         \x20 desc \"{desc}\"\n\
         \x20 homepage \"{homepage}\"\n\
         \x20 version \"{version}\"\n\
         \x20 license \"Apache-2.0\"\n\
         {blocks}\n\
         \x20 def install\n\
         \x20   bin.install \"{program}\", \"{completion}\"\n\
         \x20   man1.install Dir[\"*.1\"]\n\
         \x20   doc.install Dir[\"THIRD-PARTY.*\"]\n\
         \x20 end\n\
         \n\
         \x20 test do\n\
         \x20   assert_match \"Usage:\", shell_output(\"#{{bin}}/{program} --help\")\n\
         \x20 end\n\
         end\n",
        class = class_name(plugin),
        desc = spec.short_description,
        homepage = spec.homepage,
        completion = completion_file(program),
    ))
}

fn is_for(platform: &Platform, os: &str, arch: &str) -> bool {
    let labels = &platform.selector.match_labels;
    labels.get("os").is_some_and(|it| it == os) && labels.get("arch").is_some_and(|it| it == arch)
}

/// Returns the class name that Homebrew derives from the file name: `KubectlGcrSecret` for `kubectl-gcr-secret`.
fn class_name(plugin: &str) -> String {
    plugin
        .split('-')
        .map(|part| {
            let (first, rest) = part.split_at(part.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::krew::manifest::{Manifest, Metadata, Selector, Spec};

    fn platform(os: &str, arch: &str) -> Platform {
        let labels = [("os", os), ("arch", arch)].map(|(key, it)| (key.into(), it.into()));
        Platform {
            selector: Selector {
                match_labels: BTreeMap::from(labels),
            },
            uri: format!("https://h.example/x-{os}-{arch}.tar.gz"),
            sha256: format!("{os}{arch}").repeat(2),
            bin: "x".into(),
        }
    }

    fn rendered(platforms: Vec<Platform>) -> Rendered {
        let manifest = Manifest {
            api_version: String::new(),
            kind: String::new(),
            metadata: Metadata {
                name: "gcr-patch-sa".into(),
            },
            spec: Spec {
                version: "v1.2.3".into(),
                homepage: "https://h.example/".into(),
                short_description: "Do it".into(),
                description: String::new(),
                caveats: String::new(),
                platforms,
            },
        };
        Rendered {
            yaml: String::new(),
            binary: "kubectl-gcr-patch-sa",
            file_name: "kubectl-gcr_patch_sa",
            manifest,
        }
    }

    #[test]
    fn formula_contains_urls_and_sums_of_the_manifest() {
        let platforms = vec![
            platform("linux", "amd64"),
            platform("darwin", "arm64"),
            platform("darwin", "amd64"),
            platform("windows", "amd64"),
        ];
        assert_eq!(
            formula(&rendered(platforms)).unwrap(),
            r##"class KubectlGcrPatchSa < Formula
  desc "Do it"
  homepage "https://h.example/"
  version "1.2.3"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "https://h.example/x-darwin-arm64.tar.gz"
      sha256 "darwinarm64darwinarm64"
    end
    on_intel do
      url "https://h.example/x-darwin-amd64.tar.gz"
      sha256 "darwinamd64darwinamd64"
    end
  end

  on_linux do
    on_intel do
      url "https://h.example/x-linux-amd64.tar.gz"
      sha256 "linuxamd64linuxamd64"
    end
  end

  def install
    bin.install "kubectl-gcr_patch_sa", "kubectl_complete-gcr_patch_sa"
    man1.install Dir["*.1"]
    doc.install Dir["THIRD-PARTY.*"]
  end

  test do
    assert_match "Usage:", shell_output("#{bin}/kubectl-gcr_patch_sa --help")
  end
end
"##
        );
    }

    #[test]
    fn formula_with_unsupported_platform_or_ruby_syntax_fails() {
        assert!(formula(&rendered(vec![platform("windows", "amd64")])).is_err());
        assert!(formula(&rendered(vec![platform("linux", "amd64")])).is_ok());
        for text in ["#{`id`}", "a\" + `id` + \"", "a\\"] {
            let mut manipulated = rendered(vec![platform("linux", "amd64")]);
            manipulated.manifest.spec.homepage = text.into();
            assert!(formula(&manipulated).is_err(), "{text}");
            let mut manipulated = rendered(vec![platform("linux", "amd64")]);
            manipulated.manifest.spec.platforms[0].uri = text.into();
            assert!(formula(&manipulated).is_err(), "{text}");
        }
    }
}
