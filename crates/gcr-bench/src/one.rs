//! `bench one`: measures how long the tutorial's commands and the plugin take to write Secret and ServiceAccount of one
//! namespace. Each measurement uses a new namespace.

use std::process::Command;

use gcr_test_support::{ControlPlane, Error, Options, Result, Session, keys};

use crate::interleave::{Variant, interleave};
use crate::samples::{print_table, print_threshold, time};

const ROUNDS: usize = 25;
/// Minimum ratio of the tutorial's median to the plugin's, with the plugin called directly and through kubectl.
const THRESHOLD_DIRECT: f64 = 15.0;
const THRESHOLD_KUBECTL: f64 = 3.0;

const TUTORIAL: &str = "kubectl -n \"$NS\" create secret docker-registry gcr-io --docker-server gcr.io \
     --docker-username _json_key --docker-email any@valid.email --docker-password=\"$(cat key.json)\" \
     --dry-run=client -o yaml | kubectl apply -f - && \
     kubectl -n \"$NS\" patch serviceaccount default -p '{\"imagePullSecrets\": [{\"name\": \"gcr-io\"}]}'";
const CREATE: [&str; 5] = ["create", "--key-file", "key.json", "--attach", "-n"];

/// A name, and a function that returns the command for a namespace.
type NamedCommand = (&'static str, fn(&Session, &str) -> Command);

const COMMANDS: [NamedCommand; 3] = [
    ("the tutorial's kubectl commands", |session, namespace| {
        session.shell(TUTORIAL).env("NS", namespace).into_command()
    }),
    (
        "kubectl gcr-secret create --attach",
        |session, namespace| {
            session
                .kubectl(["gcr-secret"])
                .args(CREATE)
                .args([namespace])
                .into_command()
        },
    ),
    (
        "kubectl-gcr_secret create --attach",
        |session, namespace| session.gcr_secret(CREATE).args([namespace]).into_command(),
    ),
];

/// Measures and prints the result.
pub(crate) fn run() -> Result<()> {
    let control_plane = ControlPlane::start(Options::new().throwaway())?;
    let session = &Session::open(Some(control_plane.kubeconfig()))?;
    session.file("key.json", keys::KEY, 0o600);
    // One more per command than rounds, for the discarded round.
    let namespaces = control_plane.create_namespaces("one", (ROUNDS + 1) * COMMANDS.len());
    let variants = COMMANDS
        .into_iter()
        .zip(namespaces.chunks(ROUNDS + 1))
        .map(|((name, command), namespaces)| {
            let mut namespaces = namespaces.iter();
            Variant::new(name, move || {
                let namespace = namespaces
                    .next()
                    .ok_or_else(|| Error::new("no unused namespace is left"))?;
                time(command(session, namespace))
            })
        })
        .collect();
    let samples = interleave(ROUNDS, variants, || Ok(()))?;

    let secrets = control_plane.list("secrets").len();
    let attached = control_plane
        .list("serviceaccounts")
        .iter()
        .filter(|account| account["imagePullSecrets"][0]["name"] == "gcr-io")
        .count();
    if (secrets, attached) != (namespaces.len(), namespaces.len()) {
        return Err(Error::new(format!(
            "of {} namespaces, {secrets} have the Secret and {attached} have a ServiceAccount that references it",
            namespaces.len()
        )));
    }

    println!("one namespace, Secret and ServiceAccount, {ROUNDS} rounds\n");
    print_table(&samples);
    println!();
    let [tutorial, through_kubectl, direct] = samples.as_slice() else {
        return Ok(());
    };
    for (variant, threshold, call) in [
        (direct, THRESHOLD_DIRECT, "called directly"),
        (through_kubectl, THRESHOLD_KUBECTL, "through kubectl"),
    ] {
        print_threshold(
            &format!("{threshold} times faster by median, {call}"),
            tutorial.median() / variant.median() >= threshold,
        );
    }
    Ok(())
}
