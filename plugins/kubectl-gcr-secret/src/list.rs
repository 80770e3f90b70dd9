//! Runs `kubectl gcr-secret list`.

use clap::Args;
use gcr_core::args::TargetArgs;
use gcr_core::commands::list::{self, ListFilter, ListRequest};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::request::{Format, OutputOptions};
use gcr_core::resources::permissions;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::{ConnectionArgs, EarlyExit, GetOutputArgs, UsageError};

use crate::plugin_name::PLUGIN;

const LONG: &str = "\
List the pull Secrets of this plugin, and the ServiceAccounts that use them.

The plugin reads only the metadata of these Secrets. USED-BY lists the ServiceAccounts whose imagePullSecrets contain the \
Secret; -o wide adds the number of pods that reference it.";

const EXAMPLES: &str = "\
# List the pull Secrets in the current namespace
kubectl gcr-secret list

# List those of all namespaces and two clusters, the oldest last
kubectl gcr-secret list -A --contexts eu,us --sort-by age

# Also list pull Secrets that this plugin did not create
kubectl gcr-secret list -A --unmanaged";

const USAGE: &str = "[--all-namespaces] [--selector=label] [--unmanaged] [-o json|yaml|name|wide]";

const COLUMNS: &str = "namespace|name|registries|account|key-id|type|expires|used-by|pods|age";

#[derive(Debug, Args)]
#[command(
    about = "List the pull Secrets and the ServiceAccounts that use them",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = USAGE
)]
pub(crate) struct ListArgs {
    #[arg(
        short = 'l',
        long,
        value_name = "SELECTOR",
        help = "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l \
                key1=value1,key2=value2,key3 in (value3)). Matching objects must satisfy all of the specified label \
                constraints."
    )]
    selector: Option<String>,
    #[arg(
        long,
        value_name = COLUMNS,
        help = "Column to sort by, in lower case. One of: (namespace, name, registries, account, key-id, type, expires, \
                used-by, pods, age). Sorted rows are printed when all are known."
    )]
    sort_by: Option<String>,
    #[arg(
        long,
        help = "If true, also list Secrets of the type kubernetes.io/dockerconfigjson that this plugin did not create. Their \
                data is read to find the registry hosts of Google"
    )]
    unmanaged: bool,
    #[arg(
        short,
        long,
        help = "If true, print only errors, warnings and the rows, without notes"
    )]
    quiet: bool,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: GetOutputArgs,
}

impl ListArgs {
    /// Returns the permissions that this command line needs.
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(crate) fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<CommandPermissions, UsageError> {
        let output = self.output(connection)?;
        let with_pods = output.format == Format::Wide || self.sort_by.as_deref() == Some("pods");
        Ok(CommandPermissions {
            rules: permissions::list(with_pods),
            scope: self.targets.scope(connection)?,
            lists_namespaces: false,
            output,
            comments: Vec::new(),
        })
    }

    fn output(&self, connection: &ConnectionArgs) -> Result<OutputOptions, UsageError> {
        Ok(OutputOptions {
            format: self.output.format()?,
            quiet: self.quiet,
            verbosity: connection.verbosity(),
            ..OutputOptions::default()
        })
    }
}

/// Validates the flags, runs the request and returns the exit code.
///
/// # Errors
/// Returns the text to print if a flag is invalid.
pub(crate) fn run(args: ListArgs, connection: ConnectionArgs) -> Result<u8, EarlyExit> {
    let sort_by = args.sort_by.as_deref().filter(|name| !name.is_empty());
    let sort_by = sort_by.map(|name| {
        list::column_by_name(name).ok_or_else(|| {
            UsageError::new(format!(
                "Invalid sort-by value ({}). Must be one of: {}.",
                escape_control(name),
                COLUMNS.replace('|', ", ")
            ))
        })
    });
    let sort_by = sort_by.transpose()?;
    let output = args.output(&connection)?;
    let scope = args.targets.scope(&connection)?;
    let connection = connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?;
    Ok(list::run(ListRequest {
        connection,
        scope,
        output,
        headers: args.output.headers(),
        sort_by,
        filter: ListFilter {
            labels: args.selector.unwrap_or_default(),
            unmanaged: args.unmanaged,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_names_are_those_of_the_table() {
        let headers = list::COLUMNS.map(|column| column.header.to_ascii_lowercase());
        assert_eq!(headers.join("|"), COLUMNS);
    }
}
