//! `cargo xtask test google`: holds the fake Google of the tests against clients that Google wrote (gcloud and the Go
//! clients), and the requests of the tests against Google's discovery documents.

mod clients;
mod dry_run;
mod gcloud;
mod requests;

use gcr_test_support::{Result, checkout, google_clients};

use crate::checks::vet;
use crate::required_tool::require_tool;
use crate::step::step;

/// Runs the suite.
pub(crate) fn run() -> Result<()> {
    require_tool(
        "gcloud",
        "--version",
        "https://cloud.google.com/sdk/docs/install, or a distribution's package `google-cloud-cli`",
    )?;
    step("Google's Go clients", google_clients::program)?;
    step("lints of Go", || vet(&checkout::google_clients_module()))?;
    let replies = step("replies, decoded by the Go clients", clients::run)?;
    let commands = step("gcloud under Google's host names", || {
        gcloud::run(gcloud::Address::HostNames)
    })?;
    step("gcloud at the fake's own address", || {
        gcloud::run(gcloud::Address::Overrides)
    })?;
    let pasted = step("commands of a dry run, pasted into a shell", dry_run::run)?;
    let requests = step(
        "requests, compared with the discovery documents",
        requests::run,
    )?;
    println!(
        "{replies}; {pasted} pasted commands; {commands} gcloud commands; {requests} requests as documented"
    );
    Ok(())
}
