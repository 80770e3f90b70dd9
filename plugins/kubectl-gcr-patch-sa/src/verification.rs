//! Runs the plugin gcr-secret for `--verify`: it alone contains a client of registries and of Google.

use std::ffi::OsString;
use std::process::Stdio;

use clap::{Args, CommandFactory};
use gcr_core::args::TargetArgs;
use gcr_core::domain::names::SecretName;
use gcr_core::engine::{Event, Hint, RunContext};
use kube_clientcmd::escape_control::escape_control;
use kube_clientcmd::{Environment, find_program};
use kubectl_plugin::{ConnectionArgs, shared_flags};
use tokio::process::Command;

/// The file that kubectl runs for `kubectl gcr-secret`.
const PROGRAM: &str = "kubectl-gcr_secret";

/// The flags that `verify` has too.
#[derive(Args)]
struct SharedFlags {
    #[command(flatten)]
    _targets: TargetArgs,
    #[command(flatten)]
    _connection: ConnectionArgs,
}

/// The check of the Secrets in the selected namespaces against their registries.
pub(crate) struct Verification {
    arguments: Vec<OsString>,
}

impl Verification {
    /// Creates the check of these Secrets in the clusters and namespaces that the command line `argv` of `C` selects.
    pub(crate) fn new<C: CommandFactory>(argv: &[OsString], secrets: &[SecretName]) -> Self {
        let names = secrets.iter().map(|name| name.as_str().into());
        let arguments = ["verify".into(), "--quiet".into()].into_iter().chain(names);
        let flags = shared_flags::<C, SharedFlags>(argv);
        Self {
            arguments: arguments.chain(flags).collect(),
        }
    }

    /// Runs the check. Reports each problem as an error. Returns false after a problem or an interruption.
    pub(crate) async fn succeeds(&self, run: &RunContext) -> bool {
        let Some(file) = find_program(PROGRAM, &Environment::of_process()) else {
            let text = format!("--verify runs the plugin gcr-secret, but {PROGRAM} is not in PATH");
            report(run, &text).await;
            let hint = Hint::new("install it with `kubectl krew install gcr-secret`");
            run.events.send(Event::Hint(hint)).await;
            return false;
        };
        // Exec plugins for credentials may ask on the terminal.
        let check = Command::new(file)
            .args(&self.arguments)
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn();
        let finished = async { check?.wait_with_output().await };
        let finished = tokio::select! {
            biased;
            () = run.stop.stopped() => return false,
            finished = finished => finished,
        };
        match finished {
            Ok(output) if output.status.success() => true,
            Ok(output) => {
                let problems = String::from_utf8_lossy(&output.stdout);
                for problem in problems.lines() {
                    report(run, problem).await;
                }
                if problems.is_empty() {
                    report(run, "the Secrets could not be verified").await;
                }
                false
            }
            Err(error) => {
                report(run, &format!("cannot run {PROGRAM}: {error}")).await;
                false
            }
        }
    }
}

async fn report(run: &RunContext, problem: &str) {
    let line = format!("error: {}; nothing was written", escape_control(problem));
    let context = None;
    run.events.send(Event::Error { line, context }).await;
}
