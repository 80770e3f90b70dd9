//! `version`, in the shape of kubectl's (kubectl `cmd/version`). Asks no server.

use clap::Args;
use serde::Serialize;

use super::{EarlyExit, UsageError};
use crate::report::{json_text, yaml_text};

const EXAMPLES: &str = "\
# Print the version
kubectl gcr-secret version

# Print it as JSON
kubectl gcr-secret version -o json";

/// The flags of the `version` command.
#[derive(Debug, Args)]
#[command(
    about = "Print the version of this plugin",
    long_about = "Print the version of this plugin. No server is asked.",
    after_help = EXAMPLES
)]
pub struct VersionArgs {
    // What kubectl needs it for, this command does anyway.
    #[arg(
        long,
        hide = true,
        help = "If true, shows client version only (no server required)."
    )]
    client: bool,
    #[arg(
        short,
        long,
        value_name = "json|yaml",
        help = "One of 'yaml' or 'json'."
    )]
    output: Option<String>,
}

impl VersionArgs {
    /// What to print.
    pub fn answer(&self, version: &str) -> EarlyExit {
        version_text(version, self.output.as_deref().unwrap_or_default())
    }
}

/// kubectl's shape (apimachinery `version.Info`), without what only Go has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    client_version: Info<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    major: &'a str,
    minor: &'a str,
    git_version: String,
    compiler: &'a str,
    platform: String,
}

/// The version as text, or in the `format` json or yaml.
pub fn version_text(version: &str, format: &str) -> EarlyExit {
    let mut numbers = version.split('.');
    let mut number = || numbers.next().unwrap_or_default();
    let object = Version {
        client_version: Info {
            major: number(),
            minor: number(),
            git_version: format!("v{version}"),
            compiler: "rustc",
            platform: format!("{}/{}", go_os(), go_arch()),
        },
    };
    match format {
        "" => EarlyExit::Print(format!("Client Version: v{version}")),
        "json" => EarlyExit::Print(json_text(&object, 2)),
        "yaml" => EarlyExit::Print(yaml_text(&serde_json::json!(object))),
        _ => UsageError::new("--output must be 'yaml' or 'json'").into(),
    }
}

/// Go's name of this operating system, which is what Kubernetes uses.
pub(super) fn go_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

/// Go's name of this architecture.
pub(super) fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
