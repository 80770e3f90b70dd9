//! krew's plugin manifest, `krew.googlecontainertools.github.com/v1alpha2`, as far as ours go: platforms are selected by
//! labels and whole archives are installed. What krew knows beyond that is refused, so that a misspelt field is seen.

use std::collections::BTreeMap;

use gcr_test_support::{Error, Result};
use serde::{Deserialize, Serialize};

/// One plugin.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: Metadata,
    pub(crate) spec: Spec,
}

/// What it is called.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    pub(crate) name: String,
}

/// What it is.
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

/// One archive, and the machines it is for.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Platform {
    pub(crate) selector: Selector,
    pub(crate) uri: String,
    pub(crate) sha256: String,
    pub(crate) bin: String,
}

/// Labels `os` and `arch`, in Go's words.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Selector {
    pub(crate) match_labels: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifest in this text.
    pub(crate) fn read(text: &str) -> Result<Self> {
        serde_saphyr::from_str(text).map_err(|error| Error::during("a krew manifest", error))
    }

    /// Its text, for the machine that installs it.
    pub(crate) fn write(&self) -> Result<String> {
        // An address stays on its line: people copy it.
        let options = serde_saphyr::ser_options! { folded_wrap_chars: 1000 };
        serde_saphyr::to_string_with_options(self, options)
            .map_err(|error| Error::during("a krew manifest", error))
    }
}

impl Platform {
    /// The archive's file name: the last part of its address.
    pub(crate) fn archive(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }
}
