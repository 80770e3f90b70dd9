//! The command line whose permissions `rbac` prints.

use clap::{Args, Parser, Subcommand};
use gcr_core::args::{PatchAccountArgs, ReportArgs, TargetArgs};
use gcr_core::commands::rbac::CommandPermissions;
use gcr_core::request::DryRun;
use gcr_core::resources::permissions;
use kubectl_plugin::{ConnectionArgs, OutputArgs, UsageError};

use super::rbac_flags::RbacFlags;
use crate::{create, delete, describe, docker_login, doctor, list, refresh, rotate, setup, verify};

/// The command line after `rbac`.
#[derive(Parser)]
#[command(override_usage = "COMMAND")]
pub(super) struct Line {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

/// The commands whose permissions are known.
#[derive(Subcommand)]
pub(super) enum Command {
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
    ///
    /// # Errors
    /// Fails if a flag is invalid.
    pub(super) fn permissions(
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
pub(super) struct Nested<T: Args> {
    #[command(flatten)]
    command: T,
    #[command(flatten)]
    rbac: RbacFlags,
}

/// The flags of `gcr-patch-sa`.
#[derive(Args)]
#[command(about = "Add image pull Secrets to ServiceAccounts, or remove them")]
pub(super) struct PatchArgs {
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
