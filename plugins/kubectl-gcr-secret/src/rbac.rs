//! Runs `kubectl gcr-secret rbac COMMAND`, whose arguments are the command line of another command.

use std::ffi::OsString;

use clap::{Args, Parser, Subcommand};
use gcr_core::args::{PatchAccountArgs, ReportArgs, TargetArgs};
use gcr_core::commands::rbac::{self, CommandPermissions, RbacRequest, Subject};
use gcr_core::request::DryRun;
use gcr_core::resources::permissions;
use kube_clientcmd::escape_control::escape_control;
use kubectl_plugin::{
    ConnectionArgs, EarlyExit, OutputArgs, UsageError, command_index, parse, parse_one,
};

use crate::plugin_name::PLUGIN;
use crate::{create, delete, describe, docker_login, doctor, list, refresh, rotate, setup, verify};

const LONG: &str = "\
Print the minimal role for a command line of this plugin or of gcr-patch-sa.

The output is a Role and a RoleBinding per namespace; a ClusterRole and a ClusterRoleBinding if the command line selects \
namespaces with -A or --namespace-selector, and for the Secrets that rotate searches in the whole cluster. Nothing is sent \
to a server, except with --check. Comments list the permissions at Google that the command needs, with the smallest \
predefined roles.";

const EXAMPLES: &str = "\
# Print the role for a user who creates the Secret and adds it to the default ServiceAccount
kubectl gcr-secret rbac create --attach -n team-a --for-user jane

# Grant a ServiceAccount what a scheduled list of all namespaces needs
kubectl gcr-secret rbac list -A --for-serviceaccount ops/inventory | kubectl apply -f -

# Ask the server whether you may patch all ServiceAccounts of a namespace
kubectl gcr-secret rbac gcr-patch-sa --all -n team-a --check";

#[derive(Debug, Args)]
#[command(
    about = "Print the minimal role for a command",
    long_about = LONG,
    after_help = EXAMPLES,
    override_usage = "COMMAND [flags of the command] [--for-user=name] [--check]"
)]
pub(crate) struct RbacArgs {
    #[arg(
        value_name = "create|delete|describe|docker-login|doctor|gcr-patch-sa|list|refresh|rotate|setup|verify"
    )]
    command: Option<String>,
    #[command(flatten)]
    flags: RbacFlags,
}

/// The flags of `rbac` itself.
#[derive(Debug, Args)]
struct RbacFlags {
    #[arg(
        long,
        help = "If true, ask the server whether you have each permission, print a table, and fail if one is missing"
    )]
    check: bool,
    #[arg(
        long,
        value_name = "GROUP",
        help = "Group to bind the role to; can be repeated"
    )]
    for_group: Vec<String>,
    #[arg(
        long = "for-serviceaccount",
        value_name = "NAMESPACE/NAME",
        help = "ServiceAccount to bind the role to, as NAMESPACE/NAME; can be repeated"
    )]
    for_service_account: Vec<String>,
    #[arg(
        long,
        value_name = "NAME",
        help = "User to bind the role to; can be repeated"
    )]
    for_user: Vec<String>,
}

/// The command line after `rbac`.
#[derive(Parser)]
#[command(override_usage = "COMMAND")]
struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The commands whose permissions are known.
#[derive(Subcommand)]
enum Command {
    Create(Box<Nested<create::CreateArgs>>),
    Delete(Box<Nested<delete::DeleteArgs>>),
    Describe(Box<Nested<describe::DescribeArgs>>),
    #[command(name = "docker-login")]
    DockerLogin(Box<Nested<docker_login::DockerLoginArgs>>),
    Doctor(Box<Nested<doctor::DoctorArgs>>),
    #[command(name = "gcr-patch-sa")]
    GcrPatchSa(Box<Nested<PatchArgs>>),
    List(Box<Nested<list::ListArgs>>),
    Refresh(Box<Nested<refresh::RefreshArgs>>),
    Setup(Box<Nested<setup::SetupArgs>>),
    Rotate(Box<Nested<rotate::RotateArgs>>),
    Verify(Box<Nested<verify::VerifyArgs>>),
}

impl Command {
    /// Returns the permissions of the command line, the flags of `rbac`, and the name of the command.
    fn permissions(
        &self,
        connection: &ConnectionArgs,
    ) -> Result<(CommandPermissions, &RbacFlags, &'static str), UsageError> {
        Ok(match self {
            Self::Create(it) => (it.command.permissions(connection)?, &it.rbac, "create"),
            Self::Delete(it) => (it.command.permissions(connection)?, &it.rbac, "delete"),
            Self::Describe(it) => (it.command.permissions(connection)?, &it.rbac, "describe"),
            Self::DockerLogin(it) => {
                let permissions = it.command.permissions(connection)?;
                (permissions, &it.rbac, "docker-login")
            }
            Self::Doctor(it) => (it.command.permissions(connection)?, &it.rbac, "doctor"),
            Self::GcrPatchSa(it) => (it.command.permissions(connection)?, &it.rbac, "patch-sa"),
            Self::List(it) => (it.command.permissions(connection)?, &it.rbac, "list"),
            Self::Refresh(it) => (it.command.permissions(connection)?, &it.rbac, "refresh"),
            Self::Setup(it) => (it.command.permissions(connection)?, &it.rbac, "setup"),
            Self::Rotate(it) => (it.command.permissions(connection)?, &it.rbac, "rotate"),
            Self::Verify(it) => (it.command.permissions(connection)?, &it.rbac, "verify"),
        })
    }
}

/// The flags of a command and those of `rbac`.
#[derive(Args)]
struct Nested<T: Args> {
    #[command(flatten)]
    command: T,
    #[command(flatten)]
    rbac: RbacFlags,
}

/// The flags of `gcr-patch-sa`.
#[derive(Args)]
#[command(about = "Add image pull Secrets to ServiceAccounts, or remove them")]
struct PatchArgs {
    #[command(flatten)]
    accounts: PatchAccountArgs,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl PatchArgs {
    fn permissions(&self, connection: &ConnectionArgs) -> Result<CommandPermissions, UsageError> {
        let accounts = self.accounts.accounts()?;
        let mut rules = vec![permissions::change_accounts(&accounts.selection)];
        if self.accounts.restart_stuck {
            rules.extend(permissions::restart_stuck());
        }
        if self.accounts.verify {
            rules.extend(permissions::verify(accounts.secrets(), false));
        }
        if self.output.dry_run(&mut Vec::new())? == DryRun::Client {
            rules = permissions::read_only(rules);
        }
        Ok(CommandPermissions {
            rules,
            scope: self.targets.scope(connection)?,
            lists_namespaces: true,
            output: self.report.options(&self.output, connection.verbosity())?,
            comments: Vec::new(),
        })
    }
}

impl RbacArgs {
    /// Returns the error for a line without a known command. `typed` is the command as the user typed it.
    pub(crate) fn error(&self, typed: &str) -> EarlyExit {
        let error = match &self.command {
            None => UsageError::new("exactly one COMMAND is required, got 0"),
            Some(command) => {
                UsageError::new(format!("unknown command \"{}\"", escape_control(command)))
            }
        };
        error.with_help_of(typed).into()
    }
}

impl RbacFlags {
    fn subjects(&self) -> Result<Vec<Subject>, UsageError> {
        let required = |flag: &str, name: &String| match name.is_empty() {
            true => Err(UsageError::new(format!("{flag} requires a name"))),
            false => Ok(name.clone()),
        };
        let mut subjects = Vec::new();
        for name in &self.for_user {
            subjects.push(Subject::User(required("--for-user", name)?));
        }
        for name in &self.for_group {
            subjects.push(Subject::Group(required("--for-group", name)?));
        }
        for name in &self.for_service_account {
            let Some((namespace, account)) = name.split_once('/') else {
                return Err(UsageError::new(format!(
                    "Invalid for-serviceaccount value ({}). Must be NAMESPACE/NAME.",
                    escape_control(name)
                )));
            };
            let (namespace, account) = (parse_one(namespace)?, parse_one(account)?);
            subjects.push(Subject::ServiceAccount(namespace, account));
        }
        Ok(subjects)
    }
}

/// Returns the command line without the word `rbac` at `index`, if it names a command.
pub(crate) fn nested_line(argv: &[OsString], index: usize) -> Option<Vec<OsString>> {
    let mut line = argv.to_vec();
    if line.remove(index) != "rbac" {
        return None;
    }
    command_index::<Line>(&line).map(|_| line)
}

/// Runs a line of [`nested_line`] and returns the exit code.
///
/// # Errors
/// Returns the text to print: the roles, or an error of the line.
pub(crate) fn run(line: Vec<OsString>) -> Result<u8, EarlyExit> {
    let (line, _): (Line, _) = parse(&format!("{PLUGIN} rbac"), line)?;
    let Line {
        command,
        connection,
    } = line;
    let (permissions, flags, name) = command.permissions(&connection)?;
    let subjects = flags.subjects()?;
    let check = flags.check;
    let request = RbacRequest {
        permissions,
        role: format!("gcr-secret-{name}"),
        subjects,
        connection: connection.options(PLUGIN, env!("CARGO_PKG_VERSION"))?,
    };
    if check {
        return Ok(rbac::check(request));
    }
    match rbac::manifests(&request) {
        Ok(text) => Err(EarlyExit::Print(text)),
        Err(line) => Err(EarlyExit::Error(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::google_permissions::{self, GooglePermission};

    /// The command lines in the table of `docs/rbac.md`.
    const LINES: [&str; 32] = [
        "create",
        "create --merge",
        "create --recreate",
        "create --attach",
        "create --attach --restart-stuck",
        "create --serviceaccount=a,b",
        "create -A",
        "setup",
        "setup -A",
        "setup --attach=false --recreate",
        "gcr-patch-sa",
        "gcr-patch-sa --all",
        "gcr-patch-sa -l=team=a",
        "gcr-patch-sa --restart-stuck",
        "list",
        "list -o=wide",
        "list -A",
        "describe gcr-io",
        "describe gcr-io -A",
        "delete gcr-io",
        "delete gcr-io --keep-references",
        "refresh",
        "refresh gcr-io",
        "refresh -A",
        "rotate gcr-io",
        "rotate gcr-io -A",
        "rotate gcr-io --scope-check=false",
        "verify",
        "verify a b --from-pods",
        "doctor",
        "doctor --restart",
        "docker-login --from-secret=gcr-io",
    ];

    /// Returns the command lines of the table of permissions at Google.
    fn google_lines() -> Vec<(&'static str, Vec<GooglePermission>)> {
        vec![
            (
                "setup --create-repository",
                google_permissions::setup(true, true),
            ),
            (
                "setup --credential=token",
                google_permissions::setup(false, false),
            ),
            ("refresh", google_permissions::refresh()),
            ("rotate", google_permissions::rotate(false)),
            (
                "delete gcr-io --delete-key",
                google_permissions::delete_key(),
            ),
        ]
    }

    fn permissions(line: &str) -> CommandPermissions {
        let words = std::iter::once("kubectl-gcr_secret").chain(line.split(' '));
        let argv = words.map(OsString::from).collect();
        let (line, _): (Line, _) = parse(PLUGIN, argv).unwrap();
        line.command.permissions(&line.connection).unwrap().0
    }

    /// Returns the row of the table for each rule of a command line.
    fn rows(line: &str) -> Vec<String> {
        let quoted = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        };
        let rules = permissions(line).all_rules();
        let rows = rules.iter().enumerate().map(|(index, rule)| {
            let command = if index == 0 {
                quoted(&[line]) + " "
            } else {
                String::new()
            };
            let names: Vec<&str> = rule.names.iter().map(String::as_str).collect();
            let names = match names.as_slice() {
                [] => String::new(),
                names => quoted(names) + " ",
            };
            let (resource, verbs) = (rule.resource, quoted(&rule.verbs));
            format!("| {command}| `{resource}` | {verbs} | {names}|")
        });
        rows.collect()
    }

    /// Returns the rows of a table of `docs/rbac.md`.
    fn documented(header: &str) -> String {
        let page = include_str!("../../../docs/rbac.md");
        let (_, table) = page.split_once(header).expect("the header of a table");
        let rows = table.trim_start().lines().skip(1);
        let rows: Vec<&str> = rows.take_while(|line| line.starts_with("| ")).collect();
        rows.join("\n")
    }

    #[test]
    fn documented_table_contains_exactly_the_rules() {
        let documented = documented("| command line | resource | verbs | names |");
        let rules: Vec<String> = LINES.iter().flat_map(|line| rows(line)).collect();
        let rules = rules.join("\n");
        assert_eq!(documented, rules, "docs/rbac.md should contain\n{rules}");
    }

    #[test]
    fn documented_table_contains_exactly_the_permissions_at_google() {
        let documented =
            documented("| command line | permission | on the | smallest predefined role |");
        let lines = google_lines().into_iter().flat_map(|(line, permissions)| {
            let rows = permissions.into_iter().enumerate();
            rows.map(move |(index, permission)| {
                let line = if index == 0 {
                    format!("`{line}` ")
                } else {
                    String::new()
                };
                let (name, on, role) = (permission.name, permission.on, permission.role());
                format!("| {line}| `{name}` | {on} | `{role}` |")
            })
        });
        let rules = lines.collect::<Vec<_>>().join("\n");
        assert_eq!(documented, rules, "docs/rbac.md should contain\n{rules}");
        assert!(!rules.contains("no predefined role"));
    }

    #[test]
    fn client_dry_runs_need_no_write() {
        let verbs = |line: &str| -> Vec<&str> {
            let rules = permissions(line).all_rules();
            rules.into_iter().flat_map(|rule| rule.verbs).collect()
        };
        assert_eq!(verbs("create --attach --dry-run=client"), ["get"]);
        assert_eq!(
            verbs("gcr-patch-sa --all --dry-run=client"),
            ["list", "get"]
        );
        assert_eq!(verbs("refresh --dry-run=client"), ["list", "get"]);
        assert_eq!(
            verbs("delete gcr-io --dry-run=client"),
            ["get", "list", "get", "list"]
        );
    }
}
