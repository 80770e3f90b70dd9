//! Implements `version`, in the format of kubectl's (kubectl `cmd/version`). Does not contact a server.

use clap::Args;
use serde::Serialize;

use crate::early_exit::EarlyExit;
use crate::object_text::{json_text, yaml_text};
use crate::platform::{go_arch, go_os};
use crate::usage_error::UsageError;

/// The flags of the `version` command. A plugin adds its examples: `#[command(after_help = …)]` at the subcommand.
#[derive(Debug, Args)]
#[command(
    about = "Print the version of this plugin",
    long_about = "Print the version of this plugin. Does not contact a server."
)]
pub struct VersionArgs {
    // Accepted because kubectl has it. This command never contacts a server anyway.
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
    /// Returns the output of the command.
    pub fn output(&self, version: &str) -> EarlyExit {
        version_text(version, self.output.as_deref().unwrap_or_default())
    }
}

/// The format of kubectl's output (apimachinery `version.Info`), without the fields that only Go programs have.
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

/// Returns the version as text, or as JSON or YAML if `format` is `json` or `yaml`.
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
