//! The part of krew's plugin manifest, `krew.googlecontainertools.github.com/v1alpha2`, that the plugins use: platforms
//! are selected by labels, and whole archives are installed. Other fields are errors, so that a misspelt field is
//! found.

use std::collections::BTreeMap;

use gcr_test_support::{Error, Result};
use serde::{Deserialize, Serialize};

/// Manifest of one plugin.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
}

/// Metadata of a plugin.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    pub(crate) name: String,
}

/// Description of a plugin, and its archives.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) version: String,
    pub(crate) homepage: String,
    pub(crate) short_description: String,
    pub(crate) description: String,
    pub(crate) caveats: String,
    pub(crate) platforms: Vec<Platform>,
}

/// One archive, and the machines that it is for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Platform {
    pub(crate) selector: Selector,
    pub(crate) uri: String,
    pub(crate) sha256: String,
    pub(crate) bin: String,
}

/// Selects machines by the labels `os` and `arch`, with Go's names.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Selector {
    pub(crate) match_labels: BTreeMap<String, String>,
}

impl Manifest {
    /// Parses a manifest.
    pub(crate) fn read(text: &str) -> Result<Self> {
        serde_saphyr::from_str(text).map_err(|error| Error::during("parse a krew manifest", error))
    }

    /// Returns the manifest as YAML.
    pub(crate) fn write(&self) -> Result<String> {
        // Keep each URL on one line, so that users can copy it.
        let options = serde_saphyr::ser_options! { folded_wrap_chars: 1000 };
        serde_saphyr::to_string_with_options(self, options)
            .map_err(|error| Error::during("write a krew manifest", error))
    }
}

impl Platform {
    /// Returns the archive's file name: the last segment of its URL.
    pub(crate) fn archive(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }
}
